//! The `[tls]` table, and the TLS keys of `[upstream]`.

use crate::config::read::table::{FindingTarget, Table};
use crate::config::read::value::text;
use crate::tls::{ClientTls, Identity, Roots, ServerName, ServerTls, TlsError, certificates, private_key};
use figment::value::Value;
use std::fs;
use std::path::PathBuf;

const CERTIFICATE: &str = "name a file with the certificate and those between it and a root, in PEM form";
const KEY: &str = "name a file with the certificate's private key, in PEM form and without a passphrase";
const ROOTS: &str = "name a file with root certificates, in PEM form";

/// Reads `[tls]`. Returns `None` if it is absent, or after reporting an error.
pub(in crate::config) fn listener(root: &mut Table<'_>) -> Option<ServerTls> {
    root.section("tls", |tls| {
        let has_identity = tls.contains("certificate") || tls.contains("key");
        let identity = identity(tls);
        let has_roots = tls.contains("client_roots");
        let roots = roots(tls, "client_roots");
        if has_roots && !has_identity {
            tls.error("client_roots", "has no effect without `certificate` and `key`: add them, or leave it out");
        }
        ServerTls::new(identity?, roots).map_err(|error| tls.error(FindingTarget::Table, error.to_string())).ok()
    })
}

/// The values of the TLS keys of `[upstream]`. A value is `None` if its key is missing or invalid.
pub(in crate::config) struct UpstreamTls {
    /// The names of the keys that are set, even to an invalid value.
    keys: Vec<&'static str>,
    name: Option<ServerName<'static>>,
    roots: Option<Roots>,
    identity: Option<Identity>,
}

impl UpstreamTls {
    pub(in crate::config) fn read(upstream: &mut Table<'_>) -> Self {
        let keys = ["server_name", "roots", "certificate", "key"].into_iter().filter(|key| upstream.contains(key));
        Self {
            keys: keys.collect(),
            name: upstream.read("server_name", server_name).map(|name| name.value),
            roots: roots(upstream, "roots"),
            identity: identity(upstream),
        }
    }

    /// Reports an error for each key that is set. Called if the upstream's URL is not `https://`.
    pub(in crate::config) fn reject(&self, upstream: &Table<'_>) {
        for key in &self.keys {
            upstream.error(*key, "has no effect without an `https://` URL: change the URL, or leave it out");
        }
    }

    /// Builds the TLS client. Without `server_name`, the upstream's certificate must be for `host`.
    /// Returns `None` after reporting an error.
    pub(in crate::config) fn compile(self, host: &str, upstream: &Table<'_>) -> Option<ClientTls> {
        let error = |key: &str, message: String| upstream.error(key, message);
        let name = match self.name {
            Some(name) => name,
            None => ServerName::try_from(host.to_owned())
                .map_err(|_| error("url", "no certificate can have this host: add `server_name`".to_owned()))
                .ok()?,
        };
        let roots = match self.roots {
            Some(roots) => roots,
            // `roots` is set but invalid, which was reported when it was read.
            None if self.keys.contains(&"roots") => return None,
            None => Roots::of_system()
                .map_err(|fault| error("url", format!("{fault}: name a file of them in `upstream.roots`")))
                .ok()?,
        };
        ClientTls::new(name, roots, self.identity).map_err(|fault| error("certificate", fault.to_string())).ok()
    }
}

/// Returns the paths of all certificate, key and root files that the configuration names. Errors in
/// the files or in other keys are ignored.
pub(in crate::config) fn files(root: &mut Table<'_>) -> Vec<PathBuf> {
    let tables = [("tls", ["certificate", "key", "client_roots"]), ("upstream", ["certificate", "key", "roots"])];
    let files = tables.map(|(table, keys)| root.section(table, |table| keys.map(|key| table.read(key, text))));
    files.into_iter().flatten().flatten().map(|file| PathBuf::from(file.value)).collect()
}

/// Reads `certificate` and `key`. Returns `None` if they are absent, or after reporting an error.
fn identity(table: &mut Table<'_>) -> Option<Identity> {
    let is_set = (table.contains("certificate"), table.contains("key"));
    let chain = table.read("certificate", |value| file(value, certificates, CERTIFICATE));
    let key = table.read("key", |value| file(value, private_key, KEY));
    match is_set {
        (true, false) => table.missing("key", KEY),
        (false, true) => table.missing("certificate", CERTIFICATE),
        _ => {}
    }
    let (chain, key) = (chain?, key?);
    Identity::new(chain.value, key.value).map_err(|error| table.error("key", format!("{error}: {KEY}"))).ok()
}

fn roots(table: &mut Table<'_>, key: &'static str) -> Option<Roots> {
    let read = |pem: &[u8]| certificates(pem).and_then(Roots::new);
    table.read(key, |value| file(value, read, ROOTS)).map(|roots| roots.value)
}

fn server_name(value: &Value) -> Result<ServerName<'static>, String> {
    ServerName::try_from(text(value)?).map_err(|_| "not a host name: write one such as \"api.example\"".to_owned())
}

/// Reads the file that `value` names, and parses it with `read`. The error message never quotes the
/// file's content, which may be a private key.
fn file<T>(value: &Value, read: impl FnOnce(&[u8]) -> Result<T, TlsError>, advice: &str) -> Result<T, String> {
    let path = text(value)?;
    let bytes = fs::read(&path).map_err(|error| format!("{path} cannot be read: {error}: {advice}"))?;
    read(&bytes).map_err(|error| format!("{path} {error}: {advice}"))
}
