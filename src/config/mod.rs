//! The configuration: what was written, read into what the proxy runs on.
//!
//! A TOML file, environment variables over it (`LAST4_UPSTREAM__URL` is `upstream.url`), flags over those. [`load`] either gives a
//! [`Config`] that cannot be wrong, or *all* that is wrong with the sources, each problem with its place, its key and what to
//! write instead. What surely masks nothing is a problem; what is only suspicious is one of the configuration's [warnings](Config::warnings).
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
//! assert_eq!(problems.to_string(), r#"last4.toml:3: route[0].fields: missing: what to mask, such as fields = ["token"]
//! last4.toml:5: route[0].path: a path begins with `/`: write "/api/keys"
//! last4.toml:6: route[0].feilds: unknown key: did you mean `fields`?"#);
//! ```
//!
//! `config/last4.toml` holds every key with its default and unit.

mod checks;
mod finding;
mod key;
mod read;
mod source;
mod tables;

#[cfg(test)]
mod tests;

pub use finding::{Finding, Location, Problems};
pub use source::sources::Sources;
pub use tables::admin::Admin;
pub(crate) use tables::field::compile_fields;
pub use tables::page::{PageDescription, Pages};
pub use tables::preset::preset_names;
pub use tables::route::RouteDescription;
pub use tables::routes::Routes;
pub use tables::server::{Log, LogFormat};

use crate::proxy::{ListenAddress, Settings};
use crate::tls::ServerTls;
use key::KeyPath;
use read::table::{Reader, Table, Target};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use tables::server::UpstreamTable;
use tables::{admin, routes, server, tls};

/// A configuration that is right: every value is within its bounds, every pattern and selector compiled.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where the proxy listens.
    pub listen: ListenAddress,
    /// Whether the port may be another process's, to take over from it.
    pub take_over: bool,
    /// How many threads serve. `None` for one per core.
    pub workers: Option<NonZeroUsize>,
    /// Where `/livez`, `/readyz` and `/metrics` are. `None` for nowhere.
    pub admin: Option<Admin>,
    /// What goes to the log.
    pub log: Log,
    /// The masked routes.
    pub routes: Routes,
    /// The rest of what the proxy needs to know.
    pub proxy: Settings,
    /// What is suspicious in it, in reading order.
    pub warnings: Vec<Finding>,
}

/// Reads the sources into a configuration.
///
/// # Errors
/// Everything that is wrong with them.
pub fn load(sources: &Sources) -> Result<Config, Problems> {
    let (config, warnings) = read(sources, |root| {
        let draft = Draft::read(root, sources);
        if !draft.upstream.has_url {
            let message = "missing: the API to stand in front of: write url = \"http://host:port\" in `[upstream]`, set \
                           LAST4_UPSTREAM__URL, or give --upstream";
            root.error(Target::KeyOf { table: "upstream", key: "url" }, message);
        }
        draft.finish()
    })?;
    Ok(Config { warnings, ..config })
}

/// Reads the sources for their routes alone: an upstream may be missing, though all that is given must be right.
///
/// # Errors
/// Everything that is wrong with them.
pub fn load_routes(sources: &Sources) -> Result<Routes, Problems> {
    read(sources, |root| Draft::read(root, sources).routes).map(|(routes, _)| routes)
}

/// Reads the sources for the address of the admin listener alone, whatever else is wrong with them. `None` if it is switched off.
///
/// # Errors
/// A file that cannot be read or is not TOML, and what is wrong with the `[admin]` table.
pub fn load_admin(sources: &Sources) -> Result<Option<SocketAddr>, Problems> {
    let reader = Reader::new(sources.open()?);
    let admin = admin::admin(&mut reader.root());
    Problems::gather(reader.found().0).map_or(Ok(admin.map(|admin| admin.listen)), Err)
}

/// The files that a configuration is made of, to be watched for changes: its own, and those of certificates, keys and roots that it
/// names. Whatever is wrong with any of them.
pub fn files(sources: &Sources) -> Vec<PathBuf> {
    let mut files: Vec<_> = sources.file().map(PathBuf::from).into_iter().collect();
    if let Ok(origin) = sources.open() {
        files.extend(tls::files(&mut Reader::new(origin).root()));
    }
    files
}

/// Everything that was read, before it is known to be right.
struct Draft {
    listen: ListenAddress,
    tls: Option<ServerTls>,
    take_over: bool,
    workers: Option<NonZeroUsize>,
    admin: Option<Admin>,
    log: Log,
    upstream: UpstreamTable,
    routes: Option<Routes>,
    forwarded: crate::proxy::Forwarded,
    limits: crate::proxy::Limits,
    allowed_rerouting_headers: Vec<http::HeaderName>,
}

impl Draft {
    fn read(root: &mut Table<'_>, sources: &Sources) -> Self {
        let draft = Self {
            listen: server::listen(root),
            tls: tls::listener(root),
            take_over: server::take_over(root),
            workers: server::workers(root),
            upstream: UpstreamTable::read(root),
            admin: admin::admin(root),
            log: server::log(root),
            forwarded: server::forwarded(root),
            limits: server::limits(root),
            allowed_rerouting_headers: server::allowed_rerouting_headers(root),
            routes: routes::read(root, sources.presets()),
        };
        let admin = draft.admin.as_ref().map(|admin| admin.listen);
        if admin.is_some_and(|admin| admin.port() != 0 && draft.listen == admin.into()) {
            root.error(
                Target::KeyOf { table: "admin", key: "listen" },
                "is the same as `listen`: the two need a port each",
            );
        }
        if draft.upstream.is_at(&draft.listen) {
            root.error(
                Target::KeyOf { table: "upstream", key: "url" },
                "is where last4 itself listens: every request would come back to it",
            );
        }
        draft
    }

    /// `None` where a problem was noted.
    fn finish(self) -> Option<Config> {
        Some(Config {
            listen: self.listen,
            take_over: self.take_over,
            workers: self.workers,
            admin: self.admin,
            log: self.log,
            routes: self.routes?,
            proxy: Settings {
                upstream: self.upstream.into_upstream()?,
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

/// Opens the sources and reads all of them. What `build` gives counts only if no problem was noted; beside it stand the warnings.
fn read<T>(sources: &Sources, build: impl FnOnce(&mut Table<'_>) -> Option<T>) -> Result<(T, Vec<Finding>), Problems> {
    let reader = Reader::new(sources.open()?);
    let mut root = reader.root();
    let built = build(&mut root);
    root.finish();
    let (problems, warnings) = reader.found();
    match (Problems::gather(problems), built) {
        (Some(problems), _) => Err(problems),
        (None, Some(built)) => Ok((built, Finding::sorted(warnings))),
        // Whatever gives `None` has noted why; should that ever be forgotten, nothing must start.
        (None, None) => Err(Finding::new(Location::Anywhere, &KeyPath::default(), "not understood").into()),
    }
}
