//! Which module may import which: data goes one way, and so do imports.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod source;

use source::Sources;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The order of the crate's parts, the lowest first: a part imports only parts before it.
const ORDER: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "excerpt", "header", "mask", "codec", "reason", "problem", "metrics", "route", "tls", "body", "page",
            "no_page", "layer", "proxy", "config", "cli", "lib", "main",
        ],
    ),
    (
        "proxy",
        &[
            "settings", "snapshot", "error", "peer", "net", "headers", "upstream", "request", "downstream", "server",
            "admin",
        ],
    ),
];

/// Most files in a folder.
const MOST_FILES: usize = 12;

/// The part of a folder that a file is, or is in.
fn part(folder: &Path, file: &Path) -> Option<String> {
    let first = file.strip_prefix(folder).ok()?.components().next()?;
    Some(first.as_os_str().to_str()?.trim_end_matches(".rs").to_owned())
}

/// All imports, by file.
fn imports(sources: &Sources) -> Vec<(&Path, &Path)> {
    let all = sources.0.values();
    all.flat_map(|source| sources.imports(source).into_iter().map(|import| (&*source.path, import))).collect()
}

/// A circle among these, or none.
fn circle<'a, T: Ord + Clone + 'a>(edges: impl IntoIterator<Item = (T, T)>) -> Option<Vec<T>> {
    let mut graph: BTreeMap<T, BTreeSet<T>> = BTreeMap::new();
    for (from, to) in edges {
        graph.entry(to.clone()).or_default();
        graph.entry(from).or_default().insert(to);
    }
    // A node that imports no other node of the graph is in no circle.
    loop {
        let left: BTreeSet<T> = graph.keys().cloned().collect();
        let before = graph.len();
        graph.retain(|_, imports| imports.iter().any(|import| left.contains(import)));
        let kept: BTreeSet<T> = graph.keys().cloned().collect();
        graph.values_mut().for_each(|imports| imports.retain(|import| kept.contains(import)));
        if graph.len() == before {
            break;
        }
    }
    let mut at = graph.keys().next()?.clone();
    let mut way = Vec::new();
    while !way.contains(&at) {
        way.push(at.clone());
        at = graph.get(&at)?.first()?.clone();
    }
    way.drain(..way.iter().position(|passed| *passed == at)?);
    way.push(at);
    Some(way)
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let sources = Sources::read();
    let found = circle(imports(&sources));
    assert!(found.is_none(), "a circle: {found:#?}");
}

#[test]
fn no_folders_import_each_other_in_a_circle() {
    let sources = Sources::read();
    let imports = imports(&sources);
    let folders: BTreeSet<&Path> = sources.0.values().flat_map(|source| source.path.ancestors().skip(1)).collect();
    for folder in folders {
        let between = imports.iter().filter_map(|(from, to)| Some((part(folder, from)?, part(folder, to)?)));
        let found = circle(between.filter(|(from, to)| from != to));
        assert!(found.is_none(), "a circle in {}: {found:?}", folder.display());
    }
}

#[test]
fn imports_follow_the_data() {
    let sources = Sources::read();
    for (folder, order) in ORDER {
        let place = |name: &str| {
            let place = order.iter().position(|part| *part == name);
            place.unwrap_or_else(|| panic!("{folder}/{name} has no place in the order"))
        };
        for (from, to) in imports(&sources) {
            let parts = (part(Path::new(folder), from), part(Path::new(folder), to));
            let (Some(importer), Some(imported)) = parts else { continue };
            if importer != "mod" && importer != imported {
                assert!(place(&importer) > place(&imported), "{} may not import {}", from.display(), to.display());
            }
        }
    }
}

#[test]
fn a_folder_can_be_seen_at_a_glance() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let mut folders: BTreeMap<&Path, usize> = BTreeMap::new();
    for file in &all {
        *folders.entry(file.parent().unwrap()).or_default() += 1;
    }
    let large: Vec<_> = folders.iter().filter(|(_, count)| **count > MOST_FILES).collect();
    assert!(large.is_empty(), "{large:#?}");
}

/// A second type of the same name says why, beside it: `// Another `Name` than ...`.
#[test]
fn a_type_has_a_name_of_its_own() {
    let sources = Sources::read();
    let mut named: BTreeMap<String, Vec<&Path>> = BTreeMap::new();
    for source in sources.0.values() {
        for name in source.types() {
            if !source.text.contains(&format!("// Another `{name}` than")) {
                named.entry(name).or_default().push(&source.path);
            }
        }
    }
    named.retain(|_, files| files.len() > 1);
    assert!(named.is_empty(), "{named:#?}");
}

/// Most columns of a line that is a comment.
const COMMENT_COLUMNS: usize = 100;

#[test]
fn comments_are_no_wider_than_they_can_be_read() {
    let mut wide = Vec::new();
    for source in Sources::read().0.values() {
        for (number, line) in source.text.lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            if is_comment && line.chars().count() > COMMENT_COLUMNS {
                wide.push(format!("{}:{}", source.path.display(), number + 1));
            }
        }
    }
    assert!(wide.is_empty(), "{wide:#?}");
}

fn files(under: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn the_engine_knows_no_http_and_does_no_io() {
    let mut all = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mask"), &mut all);
    for file in all {
        let source = fs::read_to_string(&file).unwrap();
        for foreign in ["http::", "hyper", "tokio", "tracing", "serde_json", "std::io", "std::net", "std::fs"] {
            let uses = source.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(foreign));
            assert!(!uses, "{} uses {foreign}", file.display());
        }
    }
}

/// Fields of log lines that need no [`Excerpt`]: their values come from the configuration or the program.
const BOUNDED: &[&str] = &["address", "upstream", "route", "reason", "path", "workers", "method"];

#[test]
fn values_that_a_client_or_an_upstream_chose_are_logged_as_excerpts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&root, &mut all);
    let mut calls = 0;
    for file in all {
        let source = fs::read_to_string(&file).unwrap();
        for call in source.split("tracing::").skip(1) {
            let Some((level, rest)) = call.split_once("!(") else { continue };
            if !["error", "warn", "info", "debug", "trace"].contains(&level) {
                continue;
            }
            calls += 1;
            let fields = rest.split(");\n").next().unwrap().split('"').next().unwrap();
            for shown in fields.split(['%', '?']).skip(1) {
                let name: String = shown.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                assert!(name == "Excerpt" || BOUNDED.contains(&&*name), "{}: {level}!({fields}", file.display());
            }
        }
    }
    assert!(calls > 20, "{calls} calls");
}
