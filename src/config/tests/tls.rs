//! Certificates and keys.

use super::*;

/// Creates a directory with a certificate (`a.crt`), its key (`a.key`) and another key (`b.key`).
fn certificate_files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["api.example".to_owned()]).unwrap();
    let other = rcgen::KeyPair::generate().unwrap();
    std::fs::write(folder.path().join("a.crt"), made.cert.pem()).unwrap();
    std::fs::write(folder.path().join("a.key"), made.signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.path().join("b.key"), other.serialize_pem()).unwrap();
    folder
}

#[test]
fn every_problem_of_certificates_says_what_to_write_instead() {
    let folder = certificate_files();
    let at = |text: &str| text.replace('@', &format!("{}/", folder.path().display()));
    let found = |text: &str| problems(&at(text)).replace(&*folder.path().to_string_lossy(), "");
    let tail = MINIMAL.replace("[upstream]\nurl = \"http://api:5001\"\n", "");
    let listener = |lines: &str| found(&format!("{lines}\n{MINIMAL}"));
    let upstream = |url: &str, lines: &str| found(&format!("upstream.url = \"{url}\"\n{lines}\n{tail}"));
    let cases = r#"
        - | tls.certificate = "@no.crt" & tls.key = "@a.key" => 1: tls.certificate: /no.crt cannot be read: No such file
        - | tls.certificate = "@a.crt" & tls.key = "@b.key" => 2: tls.key: is not the key of the certificate: name a file with the certificate's private key
        - | tls.certificate = "@a.key" & tls.key = "@a.key" => 1: tls.certificate: /a.key holds no certificate in PEM form: name a file
        - | tls.certificate = "@a.crt" & tls.key = "@a.crt" => 2: tls.key: /a.crt holds no private key in PEM form, or one with a passphrase: name a file
        - | tls.certificate = "@a.crt" => 1: tls.key: missing: name a file with the certificate's private key
        - | tls.key = "@a.key" => 1: tls.certificate: missing: name a file with the certificate
        - | tls.client_roots = "@a.crt" => 1: tls.client_roots: has no effect without `certificate` and `key`: add them, or leave it out
        http://api | upstream.roots = "@a.crt" => 2: upstream.roots: has no effect without an `https://` URL: change the URL, or leave it out
        https://api | upstream.roots = "@a.key" => 2: upstream.roots: /a.key holds no certificate in PEM form: name a file with root certificates
        https://a_b!c | upstream.roots = "@a.crt" => 1: upstream.url: no certificate can have this host: add `server_name`
        https://api | upstream.roots = "@a.crt" & upstream.server_name = "a b" => 3: upstream.server_name: not a host name: write one such as "api.example"
        https://api | upstream.roots = "@a.crt" & upstream.certificate = "@a.crt" & upstream.key = "@b.key" => 4: upstream.key: is not the key of the certificate"#;
    for (input, expected) in table(cases) {
        let found = match input.split_once(" | ").unwrap() {
            ("-", lines) => listener(lines),
            (url, lines) => upstream(url, lines),
        };
        assert!(found.starts_with(&format!("last4.toml:{expected}")), "{found}\n{expected}");
        assert_eq!(found.matches("last4.toml").count(), 1, "{found}");
    }
}

#[test]
fn certificates_are_loaded_and_their_files_are_watched_whatever_is_wrong_with_them() {
    let folder = certificate_files();
    let text = "tls = { certificate = \"@a.crt\", key = \"@a.key\", client_roots = \"@a.crt\" }\n\
                upstream = { url = \"https://127.0.0.1\", roots = \"@a.crt\", http2 = true }\n\
                [[route]]\nname = \"keys\"\npath = \"/keys\"\nfields = [\"token\"]\n"
        .replace('@', &format!("{}/", folder.path().display()));
    let config = load(&file(&text)).unwrap();
    assert!(config.proxy.tls.is_some() && config.proxy.upstream.http2);
    assert_eq!(config.proxy.upstream.to_string(), "https://127.0.0.1");
    // The settings of a second load compare equal, so that a reload keeps the connections.
    assert!(load(&file(&text)).unwrap().proxy.upstream == config.proxy.upstream);
    let names = |text: &str| -> Vec<_> {
        let files = files(&file(text)).into_iter();
        files.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names(&text), ["a.crt", "a.key", "a.crt", "a.crt"]);
    assert_eq!(
        names(&text.replace("a.key", "no.key").replace("https", "nonsense")),
        ["a.crt", "no.key", "a.crt", "a.crt"]
    );
    assert!(names("tls = = 1").is_empty());
}
