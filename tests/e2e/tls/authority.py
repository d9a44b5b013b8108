"""Certificates, by the openssl command."""

import os
import pathlib
import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """One that signs, with its certificate in `NAME-roots.crt`."""

    def __init__(self, folder, name):
        self.folder, self.name, self.serial = pathlib.Path(folder), name, 100
        self.roots, self.key = self.folder / f"{name}-roots.crt", self.folder / f"{name}-roots.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
                "-subj", f"/CN={name} roots", "-keyout", self.key, "-out", self.roots)

    def sign(self, name, subject="localhost", algorithm="ec"):
        """Puts a new certificate for `subject` into NAME.crt and its key into NAME.key, each whole or not at all."""
        self.serial += 1
        certificate, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName=DNS:{subject},IP:127.0.0.1\n")
        kind = ["rsa:2048"] if algorithm == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        openssl("req", "-newkey", *kind, "-nodes", "-subj", f"/CN={subject}", "-keyout", f"{key}.new", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.roots, "-CAkey", self.key, "-days", 1, "-extfile", extensions,
                "-set_serial", self.serial, "-out", f"{certificate}.new")
        os.replace(f"{key}.new", key)
        os.replace(f"{certificate}.new", certificate)
        return certificate, key


def self_signed(folder, name, algorithm="rsa", subject="localhost"):
    """A certificate as `openssl req -x509` makes it, which may sign others, and its key."""
    certificate, key = pathlib.Path(folder) / f"{name}.crt", pathlib.Path(folder) / f"{name}.key"
    kind = ["rsa:2048"] if algorithm == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    openssl("req", "-x509", "-newkey", *kind, "-nodes", "-days", 2, "-subj", f"/CN={subject}",
            "-addext", f"subjectAltName=DNS:{subject}", "-keyout", key, "-out", certificate)
    return certificate, key
