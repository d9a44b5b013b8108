//! A parsed TOML text, with the line of each key.

use crate::config::finding::{Finding, Location};
use crate::config::key::{KeyPath, KeySegment};
use figment::value::Dict;
use std::ops::Range;
use toml_edit::{ImDocument, Item, TableLike};

/// A parsed TOML text: its values, and the syntax tree that has the position of each key.
pub(super) struct Document {
    name: String,
    text: ImDocument<String>,
    pub(super) values: Dict,
}

impl Document {
    /// Parses a TOML text. Findings call the text `name`.
    pub(super) fn parse(name: String, text: &str) -> Result<Self, Finding> {
        let parsed = ImDocument::parse(text.to_owned()).map_err(toml_edit::de::Error::from);
        let read = parsed.and_then(|parsed| Ok((toml_edit::de::from_document(parsed.clone())?, parsed)));
        match read {
            Ok((values, parsed)) => Ok(Self { name, text: parsed, values }),
            Err(error) => {
                let (line, column) = error.span().map(|span| position(text, span.start)).unzip();
                let message = format!("not TOML: {}", error.message().trim_end().replace('\n', "; "));
                Err(Finding::new(Location::File { name, line, column }, &KeyPath::default(), message))
            }
        }
    }

    /// Returns the location of a key. The location has no line if the key is not in the text.
    pub(super) fn location(&self, path: &KeyPath) -> Location {
        let line = self.span(path).map(|span| position(self.text.raw(), span.start).0);
        Location::File { name: self.name.clone(), line, column: None }
    }

    pub(super) fn contains(&self, path: &KeyPath) -> bool {
        self.span(path).is_some()
    }

    /// Returns the byte range of a key or of a list's element. The range of a key is that of its
    /// name, because its value may start on a later line.
    fn span(&self, path: &KeyPath) -> Option<Range<usize>> {
        let mut node = TomlNode::Item(self.text.as_item());
        let mut span = None;
        for segment in path.segments() {
            (node, span) = match segment {
                KeySegment::Key(key) => {
                    let (key, item) = node.table()?.get_key_value(key)?;
                    // For a table, the range of its own header: an earlier `[table.inner]` also has
                    // the key.
                    (TomlNode::Item(item), item.as_table().and_then(toml_edit::Table::span).or_else(|| key.span()))
                }
                KeySegment::Index(index) => node.element(*index)?,
            };
        }
        span
    }
}

/// A node of the syntax tree. toml_edit has no common type for these three kinds of nodes.
enum TomlNode<'a> {
    Item(&'a Item),
    Table(&'a toml_edit::Table),
    Value(&'a toml_edit::Value),
}

impl<'a> TomlNode<'a> {
    fn table(&self) -> Option<&'a dyn TableLike> {
        match *self {
            Self::Item(item) => item.as_table_like(),
            Self::Table(table) => Some(table),
            Self::Value(value) => value.as_inline_table().map(|table| table as &dyn TableLike),
        }
    }

    fn element(&self, index: usize) -> Option<(Self, Option<Range<usize>>)> {
        let array = match *self {
            Self::Item(Item::ArrayOfTables(tables)) => {
                let table = tables.get(index)?;
                return Some((Self::Table(table), table.span()));
            }
            Self::Item(item) => item.as_array()?,
            Self::Value(value) => value.as_array()?,
            Self::Table(_) => return None,
        };
        let value = array.get(index)?;
        Some((Self::Value(value), value.span()))
    }
}

/// Returns the line and column of the byte at an offset, both from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
