//! Who may import whom: data goes one way, and so do imports.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each part of the crate, and the parts it may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("mask", &[]),
    ("codec", &[]),
    ("reason", &[]),
    ("problem", &[]),
    ("excerpt", &[]),
    ("metrics", &["reason"]),
    ("route", &[]),
    ("tls", &[]),
    ("body", &["codec", "mask", "reason"]),
    ("page", &["body", "codec", "reason"]),
    ("layer", &["body", "codec", "mask", "page", "problem", "reason", "route"]),
    ("proxy", &["body", "excerpt", "layer", "mask", "metrics", "problem", "reason", "tls"]),
    ("demo", &[]),
    ("config", &["layer", "mask", "page", "proxy", "route", "tls"]),
    ("cli", &["config", "demo", "excerpt", "layer", "mask", "metrics", "proxy", "route"]),
];

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

/// The parts that a file names behind `crate::`, in imports and elsewhere, its tests aside.
fn imported(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let uses = lines.flat_map(|line| line.split("crate::").skip(1).map(str::to_owned).collect::<Vec<_>>());
    uses.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()).collect()
}

#[test]
fn imports_follow_the_data() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    files(&root, &mut all);
    for file in all {
        let relative = file.strip_prefix(&root).unwrap();
        let part = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        if ["lib", "main", "manual"].contains(&part) {
            continue;
        }
        let (_, allowed) =
            LAYERS.iter().find(|(name, _)| *name == part).unwrap_or_else(|| panic!("{part} has no layer"));
        for import in imported(&fs::read_to_string(&file).unwrap()) {
            assert!(import == part || allowed.contains(&&*import), "{} may not import {import}", relative.display());
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

/// What a line of the log may say as it is: it comes from the configuration, or is a word of the program's own.
const BOUNDED: &[&str] = &["address", "upstream", "route", "reason", "path", "workers", "method"];

#[test]
fn whatever_a_client_or_an_upstream_chose_is_logged_as_an_excerpt() {
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
