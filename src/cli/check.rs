//! `last4 check`: loads a configuration, and shows its problems or its routes.

use super::CliError;
use super::args::{CheckArgs, sources};
use super::output::{aligned, print};
use crate::config::{self, Config, Finding, PageDescription, RouteDescription};
use crate::layer::Mode;
use std::io::{self, Write};

pub(super) fn check(args: CheckArgs) -> Result<(), CliError> {
    let sources = args.presets.apply(args.upstream.apply(sources(args.file.or(args.config))));
    if sources.file().is_none() {
        // A hint, since a `last4.toml` in the working directory is not read unless it is named.
        eprintln!("last4: no file named; checking only the environment variables and flags");
    }
    let config = config::load(&sources)?;
    print(&overview(&config))?;
    warn(&config.warnings);
    Ok(())
}

/// Writes the warnings to standard error, so that standard output has only the tables.
fn warn(warnings: &[Finding]) {
    let mut stderr = io::stderr().lock();
    for warning in warnings {
        let _ = writeln!(stderr, "{warning}");
    }
    if !warnings.is_empty() {
        let (count, plural) = (warnings.len(), if warnings.len() == 1 { "" } else { "s" });
        let _ = writeln!(stderr, "last4: {count} warning{plural}; the configuration can be used");
    }
}

fn overview(config: &Config) -> String {
    let upstream = &config.proxy.upstream;
    let admin = config.admin.as_ref().map_or_else(|| "off".to_owned(), |admin| admin.listen.to_string());
    let lines = [
        ["listen".to_owned(), format!("{}{}", config.listen, if config.proxy.tls.is_some() { " (TLS)" } else { "" })],
        ["upstream".to_owned(), format!("{upstream}{}", if upstream.http2 { " (HTTP/2)" } else { "" })],
        ["admin".to_owned(), admin],
    ];
    let mut rows = vec![["route", "path", "fields", "reveals", "mode", "preset"].map(str::to_owned)];
    rows.extend(config.routes.described.iter().map(row));
    format!("{}\n{}{}", aligned(&lines), aligned(&rows), pages(&config.routes.pages.described))
}

fn row(route: &RouteDescription) -> [String; 6] {
    [
        route.name.clone(),
        route.path.clone(),
        route.fields.join(", "),
        reveals(route),
        mode(route).to_owned(),
        route.preset.clone().unwrap_or_default(),
    ]
}

fn pages(pages: &[PageDescription]) -> String {
    if pages.is_empty() {
        return String::new();
    }
    let mut rows = vec![["page", "hides", "removes"].map(str::to_owned)];
    rows.extend(pages.iter().map(|page| [page.path.clone(), page.hide.join(", "), page.remove.join(", ")]));
    format!("\n{}", aligned(&rows))
}

fn mode(route: &RouteDescription) -> &'static str {
    match route.mode {
        Mode::Enforce => "enforce",
        Mode::Observe => "OBSERVE: nothing is masked",
    }
}

fn reveals(route: &RouteDescription) -> String {
    let methods: Vec<_> = route.reveal.iter().map(ToString::to_string).collect();
    match (&*methods, &*route.reveal_fields) {
        ([], _) => "nothing".to_owned(),
        (_, []) => methods.join(", "),
        (_, fields) => format!("{} ({})", methods.join(", "), fields.join(", ")),
    }
}
