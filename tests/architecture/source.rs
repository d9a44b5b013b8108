//! The crate's source files, and which imports which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, ItemMod, ItemUse, UseTree, Visibility};

/// A module's path in the crate, without `crate`.
pub(super) type Module = Vec<String>;

/// A source file outside tests.
pub(super) struct Source {
    /// Its path under `src`.
    pub(super) path: PathBuf,
    pub(super) module: Module,
    pub(super) text: String,
    syntax: File,
    /// What it exports under another path: the name, and the path as it is written there.
    exports: BTreeMap<String, Vec<String>>,
}

/// All source files outside tests, by their modules.
pub(super) struct Sources(pub(super) BTreeMap<Module, Source>);

impl Sources {
    pub(super) fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut paths = Vec::new();
        files(&root, &mut paths);
        let sources = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
        let read = sources.map(|path| {
            let relative = path.strip_prefix(&root).unwrap().to_owned();
            Source::new(relative, fs::read_to_string(path).unwrap())
        });
        Self(read.filter(|source| !source.is_test()).map(|source| (source.module.clone(), source)).collect())
    }

    /// The files that a file imports from, re-exports followed to where the item is written.
    pub(super) fn imports(&self, source: &Source) -> BTreeSet<&Path> {
        let found = source.paths().into_iter().filter_map(|path| self.resolve(&source.module, &path));
        found.map(|found| &*found.path).filter(|path| *path != source.path).collect()
    }

    /// The file in which a path ends, as seen from a module; `None` for one of another crate.
    fn resolve(&self, from: &Module, path: &[String]) -> Option<&Source> {
        let (first, rest) = path.split_first()?;
        let mut module = from.clone();
        let mut rest = match first.as_str() {
            "crate" => {
                module.clear();
                rest
            }
            "self" => rest,
            "super" => {
                module.pop();
                rest
            }
            _ => {
                let mut child = from.clone();
                child.push(first.clone());
                self.0.get(&child)?;
                path
            }
        };
        while let Some((name, behind)) = rest.split_first() {
            if name == "super" {
                module.pop();
            } else {
                module.push(name.clone());
                if !self.0.contains_key(&module) {
                    module.pop();
                    break;
                }
            }
            rest = behind;
        }
        let source = self.0.get(&module)?;
        match rest.first().and_then(|name| source.exports.get(name)) {
            Some(path) => self.resolve(&source.module, path).or(Some(source)),
            None => Some(source),
        }
    }
}

impl Source {
    fn new(path: PathBuf, text: String) -> Self {
        let syntax = syn::parse_file(&text).unwrap();
        let mut module: Module = path.with_extension("").iter().map(|name| name.to_str().unwrap().to_owned()).collect();
        module.pop_if(|name| matches!(name.as_str(), "mod" | "lib"));
        let mut exports = BTreeMap::new();
        for item in &syntax.items {
            if let Item::Use(item) = item
                && !matches!(item.vis, Visibility::Inherited)
            {
                for (name, path) in leaves(&item.tree) {
                    exports.insert(name, path);
                }
            }
        }
        Self { path, module, text, syntax, exports }
    }

    fn is_test(&self) -> bool {
        self.module.iter().any(|name| name == "tests")
    }

    /// The names of the types that are written here.
    pub(super) fn types(&self) -> Vec<String> {
        let mut names = Names::default();
        names.visit_file(&self.syntax);
        // What a macro defines is not parsed.
        let in_macros = self.text.split("pin_project! {").skip(1).filter_map(|text| {
            let line = text.lines().map(str::trim).find(|line| line.contains("struct ") || line.contains("enum "))?;
            let name = line.split(" struct ").last()?.split("struct ").last()?.split("enum ").last()?;
            Some(name.chars().take_while(|c| c.is_alphanumeric()).collect())
        });
        names.0.extend(in_macros);
        names.0
    }

    /// The paths that are written here, but for what is only exported again.
    fn paths(&self) -> BTreeSet<Vec<String>> {
        let mut paths = Paths::default();
        paths.visit_file(&self.syntax);
        paths.0
    }
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

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

/// The names that a tree of imports brings in, with their paths.
fn leaves(tree: &UseTree) -> Vec<(String, Vec<String>)> {
    match tree {
        UseTree::Name(name) => vec![(name.ident.to_string(), vec![name.ident.to_string()])],
        UseTree::Rename(name) => vec![(name.rename.to_string(), vec![name.ident.to_string()])],
        UseTree::Glob(_) => vec![("*".to_owned(), vec![])],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
        UseTree::Path(path) => {
            let first = path.ident.to_string();
            let below = leaves(&path.tree).into_iter();
            below.map(|(name, rest)| (name, [vec![first.clone()], rest].concat())).collect()
        }
    }
}

#[derive(Default)]
struct Names(Vec<String>);

impl<'a> Visit<'a> for Names {
    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item(&mut self, item: &'a Item) {
        match item {
            Item::Enum(item) => self.0.push(item.ident.to_string()),
            Item::Struct(item) => self.0.push(item.ident.to_string()),
            Item::Trait(item) => self.0.push(item.ident.to_string()),
            Item::Type(item) => self.0.push(item.ident.to_string()),
            _ => {}
        }
        visit::visit_item(self, item);
    }
}

#[derive(Default)]
struct Paths(BTreeSet<Vec<String>>);

impl<'a> Visit<'a> for Paths {
    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        if matches!(item.vis, Visibility::Inherited) && !is_for_tests(&item.attrs) {
            self.0.extend(leaves(&item.tree).into_iter().map(|(_, path)| path));
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.0.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'a Visibility) {}
}
