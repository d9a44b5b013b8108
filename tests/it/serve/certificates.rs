//! Certificates that change while they are in use.

use super::{KEYS, SECRET, Serving, api, last4, list};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Signs a new certificate for `localhost` into `tls.crt`, its key into `tls.key`, and its authority into `roots.crt`.
fn renew(folder: &Path) -> CertificateDer<'static> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    fs::write(folder.join("tls.crt"), certificate.pem()).unwrap();
    fs::write(folder.join("tls.key"), key.serialize_pem()).unwrap();
    fs::write(folder.join("roots.crt"), issuer.pem()).unwrap();
    issuer.der().clone()
}

fn serving(folder: &Path, upstream: SocketAddr) -> Serving {
    let text = format!(
        "presets = [\"dify\"]\nlisten = \"127.0.0.1:0\"\n[tls]\ncertificate = \"{0}/tls.crt\"\nkey = \"{0}/tls.key\"\n\
         [upstream]\nurl = \"http://{upstream}\"\n",
        folder.display()
    );
    let path = folder.join("last4.toml");
    fs::write(&path, text).unwrap();
    Serving::start(last4(&["serve", "--config", path.to_str().unwrap()]).env("LAST4_LOG__LEVEL", "info"))
}

/// What answers a client that trusts this authority alone.
fn get(address: SocketAddr, root: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut stream = StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream);
    write!(stream, "GET {KEYS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_changed_certificate_is_noticed_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = renew(folder);
    let mut serving = serving(folder, api(list(&format!("[{{\"token\":\"{SECRET}\"}}]")), Duration::ZERO));
    let masked = |answer: std::io::Result<String>| answer.is_ok_and(|answer| answer.ends_with("cY5d\"}]"));
    // Each worker takes the new one up for itself, a moment after the reload is logged.
    let soon = |holds: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < Duration::from_secs(20), "no new certificate");
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let address = serving.address;
    assert!(masked(get(address, &first)));

    let second = renew(folder);
    serving.log_until("configuration reloaded");
    soon(&|| masked(get(address, &second)) && get(address, &first).is_err());

    // A key of another certificate: by a change of the file, and by a signal.
    fs::write(folder.join("tls.key"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let log = serving.log_until("the previous one stays in force");
    assert!(log.contains("tls.key: is not the key of the certificate"), "{log}");
    serving.signal("HUP");
    serving.log_until("the previous one stays in force");
    assert!(masked(get(address, &second)));

    let third = renew(folder);
    serving.signal("HUP");
    serving.log_until("configuration reloaded");
    soon(&|| masked(get(address, &third)) && get(address, &second).is_err());
    serving.signal("TERM");
    let (code, log) = serving.end();
    assert_eq!(code, Some(0));
    assert!(!log.contains("PRIVATE KEY"), "{log}");
}
