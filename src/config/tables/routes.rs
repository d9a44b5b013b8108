//! All routes: the routes of the file, then the routes of the presets.

use super::masking::Masking;
use super::overlap;
use super::page::{Pages, pages};
use super::route::{ConfiguredRoute, RouteDefaults, RouteDescription, mode, route, write_back};
use crate::config::read::table::{ConfigReader, FindingTarget, Located, Table, values};
use crate::config::read::value::{closest, text};
use crate::config::source::sources::Sources;
use crate::layer::{MaskLayer, MaskRule, Mode, WriteBack};
use crate::route::RouteSet;

/// The built-in presets: the name of each, and its TOML text, which has only `[[route]]` tables.
const PRESETS: &[(&str, &str)] = &[("dify", include_str!("../../../config/presets/dify.toml"))];

/// The compiled `[[route]]` and `[[page]]` tables. There is at least one route.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Routes {
    /// The compiled routes, for the proxy.
    pub set: RouteSet<MaskRule>,
    /// The same routes in the same order as in `set`, for display.
    pub described: Vec<RouteDescription>,
    /// The HTML pages to rewrite.
    pub pages: Pages,
}

impl Routes {
    /// Builds the layer. If every route is in observe mode, the layer does not rewrite pages
    /// either, because a dry run must change no byte.
    pub fn layer(&self) -> MaskLayer {
        let layer = MaskLayer::new(self.set.clone());
        if layer.enforces() { layer.with_pages(self.pages.set.clone()) } else { layer }
    }
}

/// Returns the names of the built-in presets.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// Reads `mode`, `[masking]`, `[[route]]`, `[[page]]` and `presets`. Adds the presets of the
/// `--preset` flags. Returns `None` after reporting an error.
pub(in crate::config) fn read(root: &mut Table<'_>, flag_presets: &[String]) -> Option<Routes> {
    let masking = root.section("masking", |table| Masking::default().overridden(table));
    let mode = root.read_or("mode", Mode::Enforce, mode);
    let defaults =
        RouteDefaults { masking, mode, write_back: root.read_or("write_back", WriteBack::Refuse, write_back) };
    let mut names = Vec::new();
    let mut entries = root.sections("route", |table| route(table, &defaults, &mut names));
    let pages = pages(root);
    for preset in presets(root, flag_presets)? {
        match preset_routes(root, &preset, &defaults, &mut names) {
            Some(routes) => entries.extend(routes),
            None => entries.push(None),
        }
    }
    if !has_unique_names(root, &names) {
        return None;
    }
    let (entries, pages) = (entries.into_iter().collect::<Option<Vec<_>>>()?, pages?);
    if entries.is_empty() {
        root.missing(
            "route",
            "nothing would be masked: write a `[[route]]`, or take the built-in routes with presets = [\"dify\"] or \
             --preset dify",
        );
        return None;
    }
    let set = RouteSet::compile(entries.iter().map(|entry| entry.route.clone()).collect());
    let set = set.map_err(|error| root.error("route", error.to_string())).ok()?;
    overlap::warn(root, &entries, &set);
    Some(Routes { set, described: entries.into_iter().map(|entry| entry.description).collect(), pages })
}

/// Returns the TOML text of a preset. An unknown name returns a message with the known names.
fn preset(name: &str) -> Result<&'static str, String> {
    if let Some((_, text)) = PRESETS.iter().find(|(known, _)| *known == name) {
        return Ok(text);
    }
    Err(match closest(name, preset_names()) {
        Some(near) => format!("unknown preset: did you mean \"{near}\"?"),
        None => format!("unknown preset: the built-in ones are {}", preset_names().collect::<Vec<_>>().join(", ")),
    })
}

/// Returns the names of the presets, each once. Returns `None` after reporting an error.
///
/// `LAST4_PRESETS` replaces the presets of the file. If a preset of the file is then missing, its
/// secrets are no longer masked, so this warns.
fn presets(root: &mut Table<'_>, flag_presets: &[String]) -> Option<Vec<String>> {
    let known = |value: &_| text(value).and_then(|name| preset(&name).map(|_| name));
    let mut names = Vec::new();
    for name in values(root.list_or_empty("presets", known)?).iter().chain(flag_presets) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let in_file = root.list_in_document("presets");
    let removed: Vec<_> = in_file.iter().filter(|name| !names.contains(name)).map(|name| format!("{name:?}")).collect();
    if !removed.is_empty() {
        let removed = removed.join(", ");
        let message = "from the file's presets, so less is masked: list every preset, or leave the variable out";
        root.warn(&root.locate("presets"), format!("removes {removed} {message}"));
    }
    Some(names)
}

fn preset_routes(
    root: &Table<'_>,
    name: &str,
    defaults: &RouteDefaults,
    names: &mut Vec<Located<String>>,
) -> Option<Vec<Option<ConfiguredRoute>>> {
    let target = FindingTarget::Flag { flag: "--preset", key: "presets" };
    let text = preset(name).map_err(|message| root.error(target, message)).ok()?;
    let sources = Sources::default().with_text(format!("preset {name}"), text);
    let reader = ConfigReader::new(sources.open().map_err(|problem| root.extend([problem], [])).ok()?);
    let mut table = reader.root();
    let mut entries = table.sections("route", |table| route(table, defaults, names));
    table.finish();
    let (problems, warnings) = reader.findings();
    root.extend(problems, warnings);
    for entry in entries.iter_mut().flatten() {
        entry.description.preset = Some(name.to_owned());
    }
    Some(entries)
}

/// Returns whether each route's name is unique, and reports each duplicate.
fn has_unique_names(root: &Table<'_>, names: &[Located<String>]) -> bool {
    let mut unique = true;
    for (position, name) in names.iter().enumerate() {
        if let Some(first) = names.iter().take(position).find(|other| other.value == name.value) {
            unique = false;
            root.error(
                name,
                format!("a route at {} is named \"{}\" too: give each its own name", first.location, name.value),
            );
        }
    }
    unique
}
