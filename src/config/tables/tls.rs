//! Certificates, keys and roots: the `[tls]` table and those of `[upstream]`.

use crate::config::read::table::{Table, Target};
use crate::config::read::value::text;
use crate::tls::{ClientTls, Identity, Roots, ServerName, ServerTls, TlsError, certificates, private_key};
use figment::value::Value;
use std::fs;
use std::path::PathBuf;

const CERTIFICATE: &str = "name a file with the certificate and those between it and a root, in PEM form";
const KEY: &str = "name a file with the certificate's private key, in PEM form and without a passphrase";
const ROOTS: &str = "name a file with root certificates, in PEM form";

/// The listener's, if there is any.
pub(in crate::config) fn listener(root: &mut Table<'_>) -> Option<ServerTls> {
    root.section("tls", |tls| {
        let (has_identity, identity) = identity(tls);
        let has_roots = tls.contains("client_roots");
        let roots = roots(tls, "client_roots");
        if has_roots && !has_identity {
            tls.error("client_roots", "has no effect without `certificate` and `key`: add them, or leave it out");
        }
        let made = ServerTls::new(identity?, roots);
        made.map_err(|error| tls.error(Target::Table, error.to_string())).ok()
    })
}

/// What `[upstream]` says of TLS.
pub(in crate::config) struct UpstreamTls {
    given: Vec<&'static str>,
    name: Option<ServerName<'static>>,
    roots: Option<Roots>,
    identity: Option<Identity>,
}

impl UpstreamTls {
    pub(in crate::config) fn read(upstream: &mut Table<'_>) -> Self {
        let given = ["server_name", "roots", "certificate", "key"].into_iter().filter(|key| upstream.contains(key));
        Self {
            given: given.collect(),
            name: upstream.read("server_name", server_name).map(|given| given.value),
            roots: roots(upstream, "roots"),
            identity: identity(upstream).1,
        }
    }

    /// For an upstream without TLS: all of it would do nothing.
    pub(in crate::config) fn refuse(&self, upstream: &Table<'_>) {
        for key in &self.given {
            upstream.error(*key, "has no effect without an `https://` URL: change the URL, or leave it out");
        }
    }

    /// For the upstream on this host. `None` where a problem was noted.
    pub(in crate::config) fn compile(self, host: &str, upstream: &Table<'_>) -> Option<ClientTls> {
        let refuse = |key: &str, message: String| upstream.error(key, message);
        let name = match self.name {
            Some(name) => name,
            None => ServerName::try_from(host.to_owned())
                .map_err(|_| refuse("url", "its host can be in no certificate: add `server_name`".to_owned()))
                .ok()?,
        };
        let roots = match self.roots {
            Some(roots) => roots,
            // Noted where it was read.
            None if self.given.contains(&"roots") => return None,
            None => Roots::of_system()
                .map_err(|error| refuse("url", format!("{error}: name a file of them in `upstream.roots`")))
                .ok()?,
        };
        ClientTls::new(name, roots, self.identity).map_err(|error| refuse("certificate", error.to_string())).ok()
    }
}

/// The files that certificates, keys and roots come from, whatever is wrong with them or with anything else.
pub(in crate::config) fn files(root: &mut Table<'_>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for (table, keys) in
        [("tls", ["certificate", "key", "client_roots"]), ("upstream", ["certificate", "key", "roots"])]
    {
        let named = root.section(table, |table| keys.map(|key| table.read(key, text)));
        files.extend(named.into_iter().flatten().map(|given| PathBuf::from(given.value)));
    }
    files
}

/// Whether `certificate` or `key` is given, and what they make together.
fn identity(table: &mut Table<'_>) -> (bool, Option<Identity>) {
    let given = [table.contains("certificate"), table.contains("key")];
    let chain = table.read("certificate", |value| file(value, certificates, CERTIFICATE));
    let key = table.read("key", |value| file(value, private_key, KEY));
    match given {
        [true, false] => table.missing("key", KEY),
        [false, true] => table.missing("certificate", CERTIFICATE),
        _ => {}
    }
    let identity = chain.zip(key).and_then(|(chain, key)| {
        Identity::new(chain.value, key.value).map_err(|error| table.error("key", format!("{error}: {KEY}"))).ok()
    });
    (given.contains(&true), identity)
}

fn roots(table: &mut Table<'_>, key: &'static str) -> Option<Roots> {
    let read = |pem: &[u8]| certificates(pem).and_then(Roots::new);
    table.read(key, |value| file(value, read, ROOTS)).map(|given| given.value)
}

fn server_name(value: &Value) -> Result<ServerName<'static>, String> {
    ServerName::try_from(text(value)?).map_err(|_| "not a host name: write one such as \"api.example\"".to_owned())
}

/// What a file holds. The message never says what it is.
fn file<T>(value: &Value, read: impl FnOnce(&[u8]) -> Result<T, TlsError>, advice: &str) -> Result<T, String> {
    let path = text(value)?;
    let bytes = fs::read(&path).map_err(|error| format!("{path} cannot be read: {error}: {advice}"))?;
    read(&bytes).map_err(|error| format!("{path} {error}: {advice}"))
}
