//! Takes values out of tables and gathers what is wrong with them.

use super::value::{closest, must_be};
use crate::config::finding::{Finding, Location};
use crate::config::key::KeyPath;
use crate::config::source::merged::MergedValues;
use figment::value::{Dict, Value};
use std::cell::RefCell;

/// Reads merged sources. A problem never stops it, so that one run finds them all.
pub(in crate::config) struct Reader {
    values: MergedValues,
    problems: RefCell<Vec<Finding>>,
    warnings: RefCell<Vec<Finding>>,
}

impl Reader {
    pub(in crate::config) fn new(values: MergedValues) -> Self {
        Self { values, problems: RefCell::default(), warnings: RefCell::default() }
    }

    /// The table that everything is in.
    pub(in crate::config) fn root(&self) -> Table<'_> {
        Table { reader: self, path: KeyPath::default(), entries: self.values.merged(), known: Vec::new() }
    }

    fn report(&self, location: Location, path: &KeyPath, message: impl Into<String>) {
        self.problems.borrow_mut().push(Finding::new(location, path, message));
    }

    /// What was found so far.
    pub(in crate::config) fn found(self) -> (Vec<Finding>, Vec<Finding>) {
        (self.problems.into_inner(), self.warnings.into_inner())
    }
}

/// A table whose values are taken out key by key. What is left at the end is unknown.
pub(in crate::config) struct Table<'a> {
    reader: &'a Reader,
    path: KeyPath,
    entries: Dict,
    known: Vec<&'static str>,
}

/// A value that was read, and where it was given, for findings that only show later.
pub(in crate::config) struct Located<T> {
    pub(in crate::config) value: T,
    pub(in crate::config) location: Location,
    pub(in crate::config) path: KeyPath,
}

/// What a finding is about.
pub(in crate::config) enum Target<'a> {
    /// A value that was read.
    Value(&'a Location, &'a KeyPath),
    /// A key of the table, whatever its value.
    Key(&'a str),
    /// A key of a table inside the table.
    KeyOf { table: &'a str, key: &'a str },
    /// The table as a whole.
    Table,
    /// A flag that adds to the values of a key.
    Flag { flag: &'a str, key: &'a str },
}

impl<'a, T> From<&'a Located<T>> for Target<'a> {
    fn from(located: &'a Located<T>) -> Self {
        Self::Value(&located.location, &located.path)
    }
}

impl<'a> From<&'a str> for Target<'a> {
    fn from(key: &'a str) -> Self {
        Self::Key(key)
    }
}

impl<'a> Table<'a> {
    /// Reads a value. `None` if it is not given or, with a problem noted, if it is not what it must be.
    pub(in crate::config) fn read<T>(
        &mut self,
        key: &'static str,
        convert: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<Located<T>> {
        let (value, location, path) = self.take(key)?;
        match convert(&value) {
            Ok(value) => Some(Located { value, location, path }),
            Err(message) => {
                self.reader.report(location, &path, message);
                None
            }
        }
    }

    /// Reads a value that has a default.
    pub(in crate::config) fn read_or<T>(
        &mut self,
        key: &'static str,
        default: T,
        convert: impl FnOnce(&Value) -> Result<T, String>,
    ) -> T {
        self.read(key, convert).map_or(default, |given| given.value)
    }

    /// Reads a list. `None` as for [`read`](Self::read), where one bad element spoils the list.
    pub(in crate::config) fn list<T>(
        &mut self,
        key: &'static str,
        mut convert: impl FnMut(&Value) -> Result<T, String>,
    ) -> Option<Vec<Located<T>>> {
        let elements = self.elements(key, "a list in square brackets")?;
        let count = elements.len();
        let read = elements.into_iter().filter_map(|(value, location, path)| match convert(&value) {
            Ok(value) => Some(Located { value, location, path }),
            Err(message) => {
                self.reader.report(location, &path, message);
                None
            }
        });
        let read: Vec<_> = read.collect();
        (read.len() == count).then_some(read)
    }

    /// Reads a table, to its last key; an absent one like an empty one.
    pub(in crate::config) fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Table<'_>) -> T) -> T {
        let path = self.path.key(key);
        let entries = match self.take(key) {
            Some((Value::Dict(_, entries), ..)) => entries,
            Some((value, location, path)) => {
                self.reader.report(location, &path, must_be("a table", &value));
                Dict::default()
            }
            None => Dict::default(),
        };
        Table { reader: self.reader, path, entries, known: Vec::new() }.read_all(read)
    }

    /// Reads every table of a list of tables.
    pub(in crate::config) fn sections<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Table<'_>) -> T,
    ) -> Vec<T> {
        if let Some(value) = self.entries.get(key) {
            let path = self.path.key(key);
            let location = self.reader.values.location(value, &path);
            if !matches!(location, Location::File { .. }) {
                // One variable would silently replace every table that a file has.
                self.reader.report(location, &path, format!("write `[[{key}]]` in a file, where a list can be read"));
                self.take(key);
            }
        }
        let mut sections = Vec::new();
        if let Some(Value::Dict(..)) = self.entries.get(key) {
            let Some((value, location, path)) = self.take(key) else { return sections };
            self.reader.report(location, &path, format!("there may be several: write `[[{key}]]`, in double brackets"));
            let entries = value.into_dict().unwrap_or_default();
            let table = Table { reader: self.reader, path, entries, known: Vec::new() };
            sections.push(table.read_all(&mut read));
            return sections;
        }
        for (value, location, path) in self.elements(key, "a list of tables").unwrap_or_default() {
            match value {
                Value::Dict(_, entries) => {
                    let table = Table { reader: self.reader, path, entries, known: Vec::new() };
                    sections.push(table.read_all(&mut read));
                }
                _ => self.reader.report(location, &path, must_be("a table", &value)),
            }
        }
        sections
    }

    /// Whether a key is given. Does not make it a known one.
    pub(in crate::config) fn contains(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Where a key stands, whatever its value.
    pub(in crate::config) fn at(&self, key: &str) -> Located<()> {
        let path = self.path.key(key);
        Located { value: (), location: self.reader.values.overriding(&path), path }
    }

    /// The texts of a list as the file has it, whatever overrides it.
    pub(in crate::config) fn written_list(&self, key: &str) -> Vec<String> {
        self.reader.values.written_list(&self.path.key(key))
    }

    /// Reports an error.
    pub(in crate::config) fn error<'t>(&self, target: impl Into<Target<'t>>, message: impl Into<String>) {
        let finding = self.finding(target.into(), message);
        self.reader.problems.borrow_mut().push(finding);
    }

    /// Reports something suspicious.
    pub(in crate::config) fn warn<'t>(&self, target: impl Into<Target<'t>>, message: impl Into<String>) {
        let finding = self.finding(target.into(), message);
        self.reader.warnings.borrow_mut().push(finding);
    }

    fn finding(&self, target: Target<'_>, message: impl Into<String>) -> Finding {
        let written = |path: &KeyPath| self.reader.values.written(path);
        let (location, path) = match target {
            Target::Value(location, path) => (location.clone(), path.clone()),
            Target::Key(key) => (written(&self.path.key(key)), self.path.key(key)),
            Target::Table => (written(&self.path), self.path.clone()),
            Target::Flag { flag, key } => (Location::Flag(flag.to_owned()), self.path.key(key)),
            Target::KeyOf { table, key } => {
                let table = self.path.key(table);
                let path = table.key(key);
                let location = Some(written(&path)).filter(|location| *location != Location::Anywhere);
                (location.unwrap_or_else(|| written(&table)), path)
            }
        };
        Finding::new(location, &path, message)
    }

    /// Notes that a key is missing; unless another stands there that must be meant, which is noted as unknown.
    pub(in crate::config) fn missing(&self, key: &str, message: &str) {
        let known = || self.known.iter().copied();
        if self.entries.keys().any(|entry| closest(entry, known()) == Some(key)) {
            return;
        }
        let location = self.reader.values.written(&self.path);
        self.reader.report(location, &self.path.key(key), format!("missing: {message}"));
    }

    /// Adds findings of another reader.
    pub(in crate::config) fn extend(
        &self,
        problems: impl IntoIterator<Item = Finding>,
        warnings: impl IntoIterator<Item = Finding>,
    ) {
        self.reader.problems.borrow_mut().extend(problems);
        self.reader.warnings.borrow_mut().extend(warnings);
    }

    fn read_all<T>(mut self, read: impl FnOnce(&mut Table<'_>) -> T) -> T {
        let result = read(&mut self);
        self.finish();
        result
    }

    /// Notes every key that nobody asked for.
    pub(in crate::config) fn finish(self) {
        for (key, value) in &self.entries {
            let path = self.path.key(key);
            let location = self.reader.values.location(value, &path);
            let inner = |known: &str| Some((known.to_owned(), key.strip_prefix(known)?.strip_prefix('_')?));
            let message =
                match (closest(key, self.known.iter().copied()), self.known.iter().find_map(|known| inner(known))) {
                    (Some(near), _) => format!("unknown key: did you mean `{near}`?"),
                    (None, Some((table, inner))) if matches!(location, Location::Variable(_)) => {
                        let variable = format!("{table}__{inner}").to_ascii_uppercase();
                        format!("unknown key: did you mean LAST4_{variable}, with two underscores?")
                    }
                    (None, _) => format!("unknown key: known here are {}", self.known.join(", ")),
                };
            self.reader.report(location, &path, message);
        }
    }

    fn elements(&mut self, key: &'static str, expected: &str) -> Option<Vec<(Value, Location, KeyPath)>> {
        let (value, location, path) = self.take(key)?;
        let elements = match value {
            Value::Array(_, elements) => elements,
            // `LAST4_PRESETS=dify`: a list of one, since a shell needs quotes around brackets.
            Value::String(..) if matches!(location, Location::Variable(_)) => vec![value],
            _ => {
                self.reader.report(location, &path, must_be(expected, &value));
                return None;
            }
        };
        let located = elements.into_iter().enumerate().map(|(index, value)| {
            let path = path.index(index);
            (self.reader.values.location(&value, &path), value, path)
        });
        Some(located.map(|(location, value, path)| (value, location, path)).collect())
    }

    fn take(&mut self, key: &'static str) -> Option<(Value, Location, KeyPath)> {
        self.known.push(key);
        let value = self.entries.remove(key)?;
        let path = self.path.key(key);
        let location = self.reader.values.location(&value, &path);
        Some((value, location, path))
    }
}
