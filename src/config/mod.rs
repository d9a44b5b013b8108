//! The configuration: TOML, environment variables and flags, read into typed values.
//!
//! [`load`] returns a valid [`Config`], or *all* errors of the sources. Each error has its
//! location, its key, and what to write instead. A route or field that certainly masks nothing is
//! an error. A route or field that is only suspicious causes a [warning](Config::warnings).
//!
//! ```
//! use last4::config::{self, Sources};
//!
//! let text = r#"
//! upstream.url = "http://api:5001"
//! [[route]]
//! name = "keys"
//! path = "api/keys"
//! feilds = ["token"]
//! "#;
//! let problems = config::load(&Sources::default().with_text("last4.toml", text)).unwrap_err();
//! let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
//! assert_eq!(all[1], r#"last4.toml:5: route[0].path: a path begins with `/`: write "/api/keys""#);
//! assert_eq!(all[2], "last4.toml:6: route[0].feilds: unknown key: did you mean `fields`?");
//! ```
//!
//! `config/last4.toml` has every key with its default and unit.
//!
//! # From a source to a typed value
//!
//! ```text
//! last4.toml             LAST4_UPSTREAM__URL          --upstream
//!     │  source/document     │  source/environment          │
//!     ▼                      ▼                              ▼
//! source/merged     later sources override earlier ones; each value keeps its source
//!     │
//! read/table        takes a key out of its table, with its location; keys that remain are unknown
//!     │  read/value     converts: type, range, choice
//!     ▼
//! tables/           one reader per table: keys, defaults, rules between keys
//!     │  checks/        finds paths, expressions, fields and selectors that would not mask
//!     ▼
//! Draft             all tables; a table with an error may be None
//!     │
//!     ▼
//! Config + warnings, or Problems: each a Finding with location, key and message
//! ```

mod checks;
mod finding;
mod key;
mod read;
mod source;
mod tables;

#[cfg(test)]
mod tests;

pub(crate) use checks::field::compile_fields;
pub use finding::{Finding, Location, Problems};
pub use source::sources::Sources;
pub use tables::page::{PageDescription, Pages};
pub use tables::route::RouteDescription;
pub use tables::routes::{Routes, preset_names};
pub use tables::server::{Admin, Log, LogFormat};

use crate::proxy::{Forwarded, Limits, ListenAddress, Settings};
use crate::tls::ServerTls;
use http::HeaderName;
use key::KeyPath;
use read::table::{ConfigReader, FindingTarget, Table};
use read::value::boolean;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use tables::server::UpstreamTable;
use tables::{routes, server, tls};

/// A valid configuration: values are within their bounds, patterns and selectors are compiled.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The address that the proxy listens on.
    pub listen: ListenAddress,
    /// Whether to listen on the port of another last4 process, to take over from that process.
    pub take_over: bool,
    /// The number of worker threads. `None` for one per core.
    pub workers: Option<NonZeroUsize>,
    /// The listener of `/livez`, `/readyz` and `/metrics`. `None` if `admin.listen` is empty.
    pub admin: Option<Admin>,
    /// Which events are logged, and in which form.
    pub log: Log,
    /// The masked routes.
    pub routes: Routes,
    /// All other settings of the proxy.
    pub proxy: Settings,
    /// One finding for each suspicious setting, in reading order.
    pub warnings: Vec<Finding>,
}

/// Loads the whole configuration.
///
/// # Errors
/// All errors of the sources.
pub fn load(sources: &Sources) -> Result<Config, Problems> {
    let (config, warnings) = read(sources, |root| {
        let draft = Draft::read(root, sources);
        if !draft.upstream.has_url {
            let message = "missing: the API behind the proxy: write url = \"http://host:port\" in `[upstream]`, set \
                           LAST4_UPSTREAM__URL, or pass --upstream";
            root.error(FindingTarget::KeyOf { table: "upstream", key: "url" }, message);
        }
        draft.finish()
    })?;
    Ok(Config { warnings, ..config })
}

/// Loads only the routes. The upstream's URL may be missing, but keys that are set must be valid.
///
/// # Errors
/// All errors of the sources.
pub fn load_routes(sources: &Sources) -> Result<Routes, Problems> {
    read(sources, |root| Draft::read(root, sources).routes).map(|(routes, _)| routes)
}

/// Loads only the address of the admin listener. Returns `None` if `admin.listen` is empty.
///
/// # Errors
/// The file cannot be read or is not TOML, or the `[admin]` table has errors. Errors of other
/// tables are ignored.
pub fn load_admin(sources: &Sources) -> Result<Option<SocketAddr>, Problems> {
    let reader = ConfigReader::new(sources.open()?);
    let admin = server::admin(&mut reader.root());
    Problems::gather(reader.findings().0).map_or(Ok(admin.map(|admin| admin.listen)), Err)
}

/// Returns the files to watch for changes: the TOML file, and the certificate, key and root files
/// that it names. These files may be missing or invalid.
pub fn files(sources: &Sources) -> Vec<PathBuf> {
    let mut files: Vec<_> = sources.file().map(PathBuf::from).into_iter().collect();
    if let Ok(values) = sources.open() {
        files.extend(tls::files(&mut ConfigReader::new(values).root()));
    }
    files
}

/// The tables as they were read. If a table had an error, its value here may be a default or
/// `None`.
struct Draft {
    listen: ListenAddress,
    tls: Option<ServerTls>,
    take_over: bool,
    workers: Option<NonZeroUsize>,
    admin: Option<Admin>,
    log: Log,
    upstream: UpstreamTable,
    routes: Option<Routes>,
    forwarded: Forwarded,
    limits: Limits,
    allowed_rerouting_headers: Vec<HeaderName>,
}

impl Draft {
    fn read(root: &mut Table<'_>, sources: &Sources) -> Self {
        let draft = Self {
            listen: server::listen(root),
            tls: tls::listener(root),
            take_over: root.read_or("take_over", false, boolean),
            workers: server::workers(root),
            upstream: UpstreamTable::read(root),
            admin: server::admin(root),
            log: server::log(root),
            forwarded: server::forwarded(root),
            limits: server::limits(root),
            allowed_rerouting_headers: server::allowed_rerouting_headers(root),
            routes: routes::read(root, sources.presets()),
        };
        let admin = draft.admin.as_ref().map(|admin| admin.listen);
        if admin.is_some_and(|admin| admin.port() != 0 && draft.listen == admin.into()) {
            root.error(
                FindingTarget::KeyOf { table: "admin", key: "listen" },
                "is the same as `listen`: each listener needs its own port",
            );
        }
        if draft.upstream.is_at(&draft.listen) {
            root.error(
                FindingTarget::KeyOf { table: "upstream", key: "url" },
                "is where last4 itself listens: every request would come back to it",
            );
        }
        draft
    }

    /// Returns `None` if the routes or the upstream are missing. The error was reported before.
    fn finish(self) -> Option<Config> {
        Some(Config {
            listen: self.listen,
            take_over: self.take_over,
            workers: self.workers,
            admin: self.admin,
            log: self.log,
            routes: self.routes?,
            proxy: Settings {
                upstream: self.upstream.upstream?,
                tls: self.tls,
                forwarded: self.forwarded,
                limits: self.limits,
                allowed_rerouting_headers: self.allowed_rerouting_headers,
                log_paths: self.log.paths,
            },
            warnings: Vec::new(),
        })
    }
}

/// Opens the sources, and passes the top-level table to `build`. Without errors, returns the result
/// of `build` and the warnings.
fn read<T>(sources: &Sources, build: impl FnOnce(&mut Table<'_>) -> Option<T>) -> Result<(T, Vec<Finding>), Problems> {
    let reader = ConfigReader::new(sources.open()?);
    let mut root = reader.root();
    let built = build(&mut root);
    root.finish();
    let (problems, warnings) = reader.findings();
    match (Problems::gather(problems), built) {
        (Some(problems), _) => Err(problems),
        (None, Some(built)) => Ok((built, Finding::sorted(warnings))),
        // `build` reports an error whenever it returns `None`. If it ever does not, refuse to
        // start.
        (None, None) => Err(Finding::new(Location::Anywhere, &KeyPath::default(), "not understood").into()),
    }
}
