//! Takes values out of tables and collects the findings.

use super::value::{closest, must_be};
use crate::config::finding::{Finding, Location};
use crate::config::key::KeyPath;
use crate::config::source::merged::MergedValues;
use figment::value::{Dict, Value};
use std::cell::RefCell;

/// Reads the merged sources. Reading continues after an error, so that one run reports all errors.
pub(in crate::config) struct ConfigReader {
    values: MergedValues,
    problems: RefCell<Vec<Finding>>,
    warnings: RefCell<Vec<Finding>>,
}

impl ConfigReader {
    pub(in crate::config) fn new(values: MergedValues) -> Self {
        Self { values, problems: RefCell::default(), warnings: RefCell::default() }
    }

    /// Returns the top-level table.
    pub(in crate::config) fn root(&self) -> Table<'_> {
        Table { reader: self, path: KeyPath::default(), entries: self.values.merged(), known: Vec::new() }
    }

    /// Returns the errors and the warnings.
    pub(in crate::config) fn findings(self) -> (Vec<Finding>, Vec<Finding>) {
        (self.problems.into_inner(), self.warnings.into_inner())
    }
}

/// A table of the configuration. Readers take values out of it key by key. The keys that remain at
/// the end are unknown, and reported as errors.
pub(in crate::config) struct Table<'a> {
    reader: &'a ConfigReader,
    path: KeyPath,
    entries: Dict,
    known: Vec<&'static str>,
}

/// A value with its location and key path, so that a later check can still report a finding about
/// it.
pub(in crate::config) struct Located<T> {
    pub(in crate::config) value: T,
    pub(in crate::config) location: Location,
    path: KeyPath,
}

/// Returns the values without their locations.
pub(in crate::config) fn values<T>(list: impl IntoIterator<Item = Located<T>>) -> Vec<T> {
    list.into_iter().map(|located| located.value).collect()
}

/// What a finding is about. It determines the finding's location and key.
#[derive(Clone, Copy)]
pub(in crate::config) enum FindingTarget<'a> {
    /// A value that was read, by its location and path.
    Value(&'a Location, &'a KeyPath),
    /// A key of this table.
    Key(&'a str),
    /// A key of a table inside this table.
    KeyOf { table: &'a str, key: &'a str },
    /// This table itself.
    Table,
    /// A flag of the command line that adds a value to `key`.
    Flag { flag: &'a str, key: &'a str },
}

impl<'a, T> From<&'a Located<T>> for FindingTarget<'a> {
    fn from(located: &'a Located<T>) -> Self {
        Self::Value(&located.location, &located.path)
    }
}

impl<'a> From<&'a str> for FindingTarget<'a> {
    fn from(key: &'a str) -> Self {
        Self::Key(key)
    }
}

impl<'a> Table<'a> {
    /// Reads a value. Returns `None` if the key is absent, or after reporting an invalid value.
    pub(in crate::config) fn read<T>(
        &mut self,
        key: &'static str,
        convert: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<Located<T>> {
        let raw = self.take(key)?;
        self.convert(raw, convert)
    }

    /// Reads a value. Returns `default` if the key is absent, or after reporting an invalid value.
    pub(in crate::config) fn read_or<T>(
        &mut self,
        key: &'static str,
        default: T,
        convert: impl FnOnce(&Value) -> Result<T, String>,
    ) -> T {
        self.read(key, convert).map_or(default, |located| located.value)
    }

    /// Reads a list. Returns `None` if the key is absent, or after reporting invalid elements.
    pub(in crate::config) fn list<T>(
        &mut self,
        key: &'static str,
        mut convert: impl FnMut(&Value) -> Result<T, String>,
    ) -> Option<Vec<Located<T>>> {
        let raw = self.take(key)?;
        let elements = self.elements(raw, "a list in square brackets")?;
        let count = elements.len();
        let read: Vec<_> = elements.into_iter().filter_map(|element| self.convert(element, &mut convert)).collect();
        (read.len() == count).then_some(read)
    }

    /// Reads a list that is empty by default. Returns `None` after reporting invalid elements.
    pub(in crate::config) fn list_or_empty<T>(
        &mut self,
        key: &'static str,
        convert: impl FnMut(&Value) -> Result<T, String>,
    ) -> Option<Vec<Located<T>>> {
        let is_absent = !self.contains(key);
        self.list(key, convert).or_else(|| is_absent.then(Vec::new))
    }

    /// Reads a table inside this table, and reports its unknown keys. An absent table is read as an
    /// empty one.
    pub(in crate::config) fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Table<'_>) -> T) -> T {
        let entries = self
            .read_or(key, Dict::default(), |value| value.as_dict().cloned().ok_or_else(|| must_be("a table", value)));
        self.nested(self.path.key(key), entries, read)
    }

    /// Reads each table of an array of tables (`[[key]]`).
    pub(in crate::config) fn sections<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Table<'_>) -> T,
    ) -> Vec<T> {
        let Some(raw) = self.take(key) else { return Vec::new() };
        let elements = match &raw.value {
            // Refused: an environment variable would silently replace every table of the file.
            _ if !matches!(raw.location, Location::File { .. }) => {
                self.error(&raw, format!("only a file can have a list of tables: write `[[{key}]]` there"));
                return Vec::new();
            }
            Value::Dict(..) => {
                self.error(&raw, format!("there may be several: write `[[{key}]]`, in double brackets"));
                vec![raw]
            }
            _ => self.elements(raw, "a list of tables").unwrap_or_default(),
        };
        let sections = elements.into_iter().filter_map(|element| match element.value {
            Value::Dict(_, entries) => Some(self.nested(element.path, entries, &mut read)),
            ref value => {
                self.error(&element, must_be("a table", value));
                None
            }
        });
        sections.collect()
    }

    /// Returns whether a key is set. This does not count as reading: a key that is never read is
    /// reported as unknown.
    pub(in crate::config) fn contains(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Returns the location of a key. The location is `Anywhere` if no source sets the key.
    pub(in crate::config) fn locate(&self, key: &str) -> Located<()> {
        let path = self.path.key(key);
        Located { value: (), location: self.reader.values.overriding(&path), path }
    }

    /// Returns the strings of a list in the file, even if an environment variable overrides the
    /// list.
    pub(in crate::config) fn list_in_document(&self, key: &str) -> Vec<String> {
        self.reader.values.list_in_document(&self.path.key(key))
    }

    /// Reports an error.
    pub(in crate::config) fn error<'t>(&self, target: impl Into<FindingTarget<'t>>, message: impl Into<String>) {
        let finding = self.finding(target.into(), message);
        self.reader.problems.borrow_mut().push(finding);
    }

    /// Reports errors of a list's elements. Each error has the position of its element.
    pub(in crate::config) fn element_errors<T>(
        &self,
        list: &[Located<T>],
        errors: impl IntoIterator<Item = (usize, String)>,
    ) {
        for (position, message) in errors {
            if let Some(element) = list.get(position) {
                self.error(element, message);
            }
        }
    }

    /// Reports a warning.
    pub(in crate::config) fn warn<'t>(&self, target: impl Into<FindingTarget<'t>>, message: impl Into<String>) {
        let finding = self.finding(target.into(), message);
        self.reader.warnings.borrow_mut().push(finding);
    }

    fn finding(&self, target: FindingTarget<'_>, message: impl Into<String>) -> Finding {
        let in_document = |path: &KeyPath| self.reader.values.in_document(path);
        let (location, path) = match target {
            FindingTarget::Value(location, path) => (location.clone(), path.clone()),
            FindingTarget::Key(key) => (in_document(&self.path.key(key)), self.path.key(key)),
            FindingTarget::Table => (in_document(&self.path), self.path.clone()),
            FindingTarget::Flag { flag, key } => (Location::Flag(flag.to_owned()), self.path.key(key)),
            FindingTarget::KeyOf { table, key } => {
                let table = self.path.key(table);
                let path = table.key(key);
                let location = Some(in_document(&path)).filter(|location| *location != Location::Anywhere);
                (location.unwrap_or_else(|| in_document(&table)), path)
            }
        };
        Finding::new(location, &path, message)
    }

    /// Reports that a key is missing. Does nothing if the table has a key that looks like a
    /// misspelling of it: [`finish`](Self::finish) reports that one as unknown.
    pub(in crate::config) fn missing(&self, key: &str, message: &str) {
        if self.entries.keys().any(|entry| closest(entry, self.known.iter().copied()) == Some(key)) {
            return;
        }
        let path = self.path.key(key);
        let location = self.reader.values.in_document(&self.path);
        self.error(FindingTarget::Value(&location, &path), format!("missing: {message}"));
    }

    /// Adds the errors and warnings of another reader.
    pub(in crate::config) fn extend(
        &self,
        problems: impl IntoIterator<Item = Finding>,
        warnings: impl IntoIterator<Item = Finding>,
    ) {
        self.reader.problems.borrow_mut().extend(problems);
        self.reader.warnings.borrow_mut().extend(warnings);
    }

    /// Reports each key that no reader has taken as unknown.
    pub(in crate::config) fn finish(self) {
        for (key, value) in &self.entries {
            let path = self.path.key(key);
            let location = self.reader.values.location(value, &path);
            let in_table =
                self.known.iter().find_map(|table| Some((table, key.strip_prefix(table)?.strip_prefix('_')?)));
            let message = match (closest(key, self.known.iter().copied()), in_table) {
                (Some(near), _) => format!("unknown key: did you mean `{near}`?"),
                (None, Some((table, key))) if matches!(location, Location::Variable(_)) => {
                    let variable = format!("{table}__{key}").to_ascii_uppercase();
                    format!("unknown key: did you mean LAST4_{variable}, with two underscores?")
                }
                (None, _) => format!("unknown key: known here are {}", self.known.join(", ")),
            };
            self.error(FindingTarget::Value(&location, &path), message);
        }
    }

    fn nested<T>(&self, path: KeyPath, entries: Dict, read: impl FnOnce(&mut Table<'_>) -> T) -> T {
        let mut table = Table { reader: self.reader, path, entries, known: Vec::new() };
        let result = read(&mut table);
        table.finish();
        result
    }

    fn convert<T>(&self, raw: Located<Value>, convert: impl FnOnce(&Value) -> Result<T, String>) -> Option<Located<T>> {
        let converted = convert(&raw.value).map_err(|message| self.error(&raw, message)).ok();
        converted.map(|value| Located { value, location: raw.location, path: raw.path })
    }

    fn elements(&self, raw: Located<Value>, expected: &str) -> Option<Vec<Located<Value>>> {
        let elements = match raw.value {
            Value::Array(_, elements) => elements,
            // `LAST4_PRESETS=dify` is a list with one element. The form `[dify]` would need quotes
            // in a shell.
            Value::String(..) if matches!(raw.location, Location::Variable(_)) => vec![raw.value],
            ref value => {
                self.error(&raw, must_be(expected, value));
                return None;
            }
        };
        let indexed = elements.into_iter().enumerate();
        Some(indexed.map(|(index, value)| self.located(value, raw.path.index(index))).collect())
    }

    fn take(&mut self, key: &'static str) -> Option<Located<Value>> {
        self.known.push(key);
        let value = self.entries.remove(key)?;
        Some(self.located(value, self.path.key(key)))
    }

    fn located(&self, value: Value, path: KeyPath) -> Located<Value> {
        Located { location: self.reader.values.location(&value, &path), value, path }
    }
}
