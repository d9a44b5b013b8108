//! All routes together: the file's and the presets'.

use super::masking::Masking;
use super::overlap;
use super::page::{Pages, pages};
use super::preset::preset;
use super::route::{Entry, RouteDefaults, RouteDescription, mode, route};
use crate::config::read::table::{Located, Reader, Table, Target};
use crate::config::read::value::text;
use crate::config::source::sources::Sources;
use crate::layer::{MaskLayer, MaskRule, Mode};
use crate::route::RouteSet;

/// The masked routes, at least one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Routes {
    /// For the proxy: what to match requests with.
    pub set: RouteSet<MaskRule>,
    /// For people: the same routes in the same order, as they were written.
    pub described: Vec<RouteDescription>,
    /// The routes of pages.
    pub pages: Pages,
}

impl Routes {
    /// The layer that does what they say. Where every route only observes, pages stay as they are too: a dry run changes no byte.
    pub fn layer(&self) -> MaskLayer {
        let layer = MaskLayer::new(self.set.clone());
        if layer.enforces() { layer.with_pages(self.pages.set.clone()) } else { layer }
    }
}

/// Reads `mode`, `[masking]`, `[[route]]`, `[[page]]` and `presets`, to which those named by flags are added. `None` where a problem was noted.
pub(in crate::config) fn read(root: &mut Table<'_>, flagged: &[String]) -> Option<Routes> {
    let masking = root.section("masking", |table| Masking::default().overridden(table));
    let defaults = RouteDefaults { masking, mode: root.read_or("mode", Mode::Enforce, mode) };
    let mut names = Vec::new();
    let written = root.sections("route", |table| route(table, &defaults, &mut names));
    let pages = pages(root);
    let presets = presets(root, flagged);
    let mut entries = written.into_iter().collect::<Option<Vec<_>>>();
    for name in presets? {
        let added = preset_routes(root, &name, &defaults, &mut names);
        entries = entries.zip(added).map(|(mut entries, added)| {
            entries.extend(added);
            entries
        });
    }
    if !refuse_same_names(root, &names) {
        return None;
    }
    compile(root, entries?, pages?)
}

const NO_ROUTES: &str = "nothing would be masked: write a `[[route]]`, or take the built-in routes with \
                         presets = [\"dify\"] or --preset dify";

/// The names of the presets, each once.
fn presets(root: &mut Table<'_>, flagged: &[String]) -> Option<Vec<String>> {
    let known = |value: &_| text(value).and_then(|name| preset(&name).map(|_| name));
    let given = root.contains("presets");
    let written = root.list("presets", known).or_else(|| (!given).then(Vec::new));
    let written = written?;
    warn_of_taken(root, &written, flagged);
    let mut names: Vec<_> = written.into_iter().map(|given| given.value).collect();
    names.extend(flagged.iter().cloned());
    let mut once = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    Some(once)
}

/// Warns where an environment variable takes away a preset that the file names, and so its masks.
fn warn_of_taken(root: &Table<'_>, written: &[Located<String>], flagged: &[String]) {
    let (now, in_file) = (root.at("presets"), root.written_list("presets"));
    let kept = |name: &String| flagged.contains(name) || written.iter().any(|given| given.value == *name);
    let taken: Vec<_> = in_file.iter().filter(|name| !kept(name)).map(|name| format!("\"{name}\"")).collect();
    if !taken.is_empty() {
        root.warn(
            &now,
            format!(
                "takes away {} of the file, with all it masks: name what is to stay, or leave the variable out",
                taken.join(", ")
            ),
        );
    }
}

fn preset_routes(
    root: &Table<'_>,
    name: &str,
    defaults: &RouteDefaults,
    names: &mut Vec<Located<String>>,
) -> Option<Vec<Entry>> {
    let text =
        preset(name).map_err(|message| root.error(Target::Flag { flag: "--preset", key: "presets" }, message)).ok()?;
    let sources = Sources::default().with_text(format!("preset {name}"), text);
    let reader = Reader::new(sources.open().map_err(|problem| root.extend([problem], [])).ok()?);
    let mut table = reader.root();
    let entries = table.sections("route", |table| route(table, defaults, names));
    table.finish();
    let (problems, warnings) = reader.found();
    root.extend(problems, warnings);
    let from_preset = |mut entry: Entry| {
        entry.description.preset = Some(name.to_owned());
        entry
    };
    entries.into_iter().map(|entry| entry.map(from_preset)).collect()
}

fn compile(root: &Table<'_>, entries: Vec<Entry>, pages: Pages) -> Option<Routes> {
    if entries.is_empty() {
        root.missing("route", NO_ROUTES);
        return None;
    }
    match RouteSet::compile(entries.iter().map(|entry| entry.route.clone()).collect()) {
        Ok(set) => {
            overlap::warn(root, &entries, &set);
            Some(Routes { set, described: entries.into_iter().map(|entry| entry.description).collect(), pages })
        }
        Err(error) => {
            root.error("route", error.to_string());
            None
        }
    }
}

/// Whether all names differ. Checked apart from the rest of the routes, so that a fault elsewhere in one does not hide it.
fn refuse_same_names(root: &Table<'_>, names: &[Located<String>]) -> bool {
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
