//! Takes values out of tables and gathers what is wrong with them.

use super::key::KeyPath;
use super::problem::{Place, Problem};
use super::source::Origin;
use super::suggest::closest;
use super::value::must_be;
use super::warning::Warning;
use figment::value::{Dict, Value};
use std::cell::RefCell;

/// Reads merged sources. A problem never stops it, so that one run finds them all.
pub(super) struct Reader {
    origin: Origin,
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Warning>>,
}

impl Reader {
    pub(super) fn new(origin: Origin) -> Self {
        Self { origin, problems: RefCell::default(), warnings: RefCell::default() }
    }

    /// The table that everything is in.
    pub(super) fn root(&self) -> Table<'_> {
        Table { reader: self, path: KeyPath::default(), entries: self.origin.values(), known: Vec::new() }
    }

    pub(super) fn report(&self, place: Place, path: &KeyPath, message: impl Into<String>) {
        self.problems.borrow_mut().push(Problem::new(place, path, message));
    }

    /// What was found so far.
    pub(super) fn found(self) -> (Vec<Problem>, Vec<Warning>) {
        (self.problems.into_inner(), self.warnings.into_inner())
    }
}

/// A table whose values are taken out key by key. What is left at the end is unknown.
pub(super) struct Table<'a> {
    reader: &'a Reader,
    path: KeyPath,
    entries: Dict,
    known: Vec<&'static str>,
}

/// A value that was read, and where it was given, for problems that show only later.
pub(super) struct Given<T> {
    pub(super) value: T,
    pub(super) place: Place,
    pub(super) path: KeyPath,
}

impl<'a> Table<'a> {
    /// Reads a value. `None` if it is not given or, with a problem noted, if it is not what it must be.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        convert: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<Given<T>> {
        let (value, place, path) = self.take(key)?;
        match convert(&value) {
            Ok(value) => Some(Given { value, place, path }),
            Err(message) => {
                self.reader.report(place, &path, message);
                None
            }
        }
    }

    /// Reads a value that has a default.
    pub(super) fn read_or<T>(
        &mut self,
        key: &'static str,
        default: T,
        convert: impl FnOnce(&Value) -> Result<T, String>,
    ) -> T {
        self.read(key, convert).map_or(default, |given| given.value)
    }

    /// Reads a list. `None` as for [`read`](Self::read), where one bad element spoils the list.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        mut convert: impl FnMut(&Value) -> Result<T, String>,
    ) -> Option<Vec<Given<T>>> {
        let elements = self.elements(key, "a list in square brackets")?;
        let count = elements.len();
        let read = elements.into_iter().filter_map(|(value, place, path)| match convert(&value) {
            Ok(value) => Some(Given { value, place, path }),
            Err(message) => {
                self.reader.report(place, &path, message);
                None
            }
        });
        let read: Vec<_> = read.collect();
        (read.len() == count).then_some(read)
    }

    /// Reads a table, to its last key; an absent one like an empty one.
    pub(super) fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Table<'_>) -> T) -> T {
        let path = self.path.key(key);
        let entries = match self.take(key) {
            Some((Value::Dict(_, entries), ..)) => entries,
            Some((value, place, path)) => {
                self.reader.report(place, &path, must_be("a table", &value));
                Dict::default()
            }
            None => Dict::default(),
        };
        Table { reader: self.reader, path, entries, known: Vec::new() }.read_all(read)
    }

    /// Reads every table of a list of tables.
    pub(super) fn sections<T>(&mut self, key: &'static str, mut read: impl FnMut(&mut Table<'_>) -> T) -> Vec<T> {
        if let Some(value) = self.entries.get(key) {
            let path = self.path.key(key);
            let place = self.reader.origin.place(value, &path);
            if !matches!(place, Place::File { .. }) {
                // One variable would silently replace every table that a file has.
                self.reader.report(place, &path, format!("write `[[{key}]]` in a file, where a list can be read"));
                self.take(key);
            }
        }
        let mut sections = Vec::new();
        if let Some(Value::Dict(..)) = self.entries.get(key) {
            let Some((value, place, path)) = self.take(key) else { return sections };
            self.reader.report(place, &path, format!("there may be several: write `[[{key}]]`, in double brackets"));
            let entries = value.into_dict().unwrap_or_default();
            let table = Table { reader: self.reader, path, entries, known: Vec::new() };
            sections.push(table.read_all(&mut read));
            return sections;
        }
        for (value, place, path) in self.elements(key, "a list of tables").unwrap_or_default() {
            match value {
                Value::Dict(_, entries) => {
                    let table = Table { reader: self.reader, path, entries, known: Vec::new() };
                    sections.push(table.read_all(&mut read));
                }
                _ => self.reader.report(place, &path, must_be("a table", &value)),
            }
        }
        sections
    }

    /// Whether a key is given. Does not make it a known one.
    pub(super) fn holds(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Where a key stands, whatever its value.
    pub(super) fn at(&self, key: &str) -> Given<()> {
        let path = self.path.key(key);
        Given { value: (), place: self.reader.origin.overriding(&path), path }
    }

    /// The texts of a list as the file has it, whatever overrides it.
    pub(super) fn written_list(&self, key: &str) -> Vec<String> {
        self.reader.origin.written_list(&self.path.key(key))
    }

    /// Notes that something is wrong with a value that was read.
    pub(super) fn refuse<T>(&self, given: &Given<T>, message: impl Into<String>) {
        self.reader.report(given.place.clone(), &given.path, message);
    }

    /// Notes that a value that was read is suspicious.
    pub(super) fn warn<T>(&self, given: &Given<T>, message: impl Into<String>) {
        let warning = Warning::new(given.place.clone(), &given.path, message);
        self.reader.warnings.borrow_mut().push(warning);
    }

    /// Notes that something is wrong with a key, whatever its value.
    pub(super) fn refuse_key(&self, key: &str, message: impl Into<String>) {
        let path = self.path.key(key);
        self.reader.report(self.reader.origin.written(&path), &path, message);
    }

    /// Notes that a key is missing; unless another stands there that must be meant, which is noted as unknown.
    pub(super) fn missing(&self, key: &str, message: &str) {
        let known = || self.known.iter().copied();
        if self.entries.keys().any(|entry| closest(entry, known()) == Some(key)) {
            return;
        }
        let place = self.reader.origin.written(&self.path);
        self.reader.report(place, &self.path.key(key), format!("missing: {message}"));
    }

    /// Notes that something is wrong with the table as a whole.
    pub(super) fn refuse_whole(&self, message: impl Into<String>) {
        self.reader.report(self.reader.origin.written(&self.path), &self.path, message);
    }

    /// Notes that something is wrong with a key in a table of this one.
    pub(super) fn refuse_inner(&self, table: &str, key: &str, message: &str) {
        let (table, path) = (self.path.key(table), self.path.key(table).key(key));
        let place = match self.reader.origin.written(&path) {
            Place::Anywhere => self.reader.origin.written(&table),
            place => place,
        };
        self.reader.report(place, &path, message);
    }

    /// Notes that something is wrong with a flag that is merged with a key in no other way than by adding to it.
    pub(super) fn refuse_flag(&self, flag: &str, key: &str, message: impl Into<String>) {
        self.reader.report(Place::Flag(flag.to_owned()), &self.path.key(key), message);
    }

    /// Notes what was found elsewhere.
    pub(super) fn adopt(
        &self,
        problems: impl IntoIterator<Item = Problem>,
        warnings: impl IntoIterator<Item = Warning>,
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
    pub(super) fn finish(self) {
        for (key, value) in &self.entries {
            let path = self.path.key(key);
            let place = self.reader.origin.place(value, &path);
            let inner = |known: &str| Some((known.to_owned(), key.strip_prefix(known)?.strip_prefix('_')?));
            let message =
                match (closest(key, self.known.iter().copied()), self.known.iter().find_map(|known| inner(known))) {
                    (Some(near), _) => format!("unknown key: did you mean `{near}`?"),
                    (None, Some((table, inner))) if matches!(place, Place::Variable(_)) => {
                        let variable = format!("{table}__{inner}").to_ascii_uppercase();
                        format!("unknown key: did you mean LAST4_{variable}, with two underscores?")
                    }
                    (None, _) => format!("unknown key: known here are {}", self.known.join(", ")),
                };
            self.reader.report(place, &path, message);
        }
    }

    fn elements(&mut self, key: &'static str, expected: &str) -> Option<Vec<(Value, Place, KeyPath)>> {
        let (value, place, path) = self.take(key)?;
        let elements = match value {
            Value::Array(_, elements) => elements,
            // `LAST4_PRESETS=dify`: a list of one, since a shell needs quotes around brackets.
            Value::String(..) if matches!(place, Place::Variable(_)) => vec![value],
            _ => {
                self.reader.report(place, &path, must_be(expected, &value));
                return None;
            }
        };
        let located = elements.into_iter().enumerate().map(|(index, value)| {
            let path = path.index(index);
            (self.reader.origin.place(&value, &path), value, path)
        });
        Some(located.map(|(place, value, path)| (value, place, path)).collect())
    }

    fn take(&mut self, key: &'static str) -> Option<(Value, Place, KeyPath)> {
        self.known.push(key);
        let value = self.entries.remove(key)?;
        let path = self.path.key(key);
        let place = self.reader.origin.place(&value, &path);
        Some((value, place, path))
    }
}
