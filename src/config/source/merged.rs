//! The values of all sources, merged by figment, and the source of each.

use super::document::Document;
use crate::config::finding::Location;
use crate::config::key::{KeyPath, KeySegment};
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

/// Merged values that know their sources.
pub(in crate::config) struct MergedValues {
    pub(super) figment: Figment,
    pub(super) document: Option<Document>,
}

impl MergedValues {
    pub(in crate::config) fn merged(&self) -> Dict {
        // Layers never fail to provide their values, so the merge cannot fail.
        self.figment.data().ok().and_then(|mut profiles| profiles.remove(&Profile::Default)).unwrap_or_default()
    }

    /// Returns the source of a value.
    pub(in crate::config) fn location(&self, value: &Value, path: &KeyPath) -> Location {
        // A table that several sources fill is tagged with the last; its first value is more exact.
        if let Value::Dict(_, entries) = value
            && let Some((key, value)) = entries.iter().next()
            && !self.document.as_ref().is_some_and(|document| document.contains(path))
        {
            return self.location(value, &path.key(key));
        }
        match self.figment.get_metadata(value.tag()).map(layer) {
            Some(location @ (Location::Variable(_) | Location::Flag(_))) if value.as_dict().is_none() => location,
            _ => self.in_document(path),
        }
    }

    /// Returns the location of a key in the document.
    pub(in crate::config) fn in_document(&self, path: &KeyPath) -> Location {
        match &self.document {
            Some(document) if document.contains(path) || path.segments().is_empty() => document.location(path),
            _ => Location::Anywhere,
        }
    }

    /// Returns the source that sets a key: the variable or flag that overrides the document.
    pub(in crate::config) fn overriding(&self, path: &KeyPath) -> Location {
        // No source but a document has elements, so a path with an index finds no variable.
        match self.figment.find_metadata(&path.to_string()).map(layer) {
            Some(location @ (Location::Variable(_) | Location::Flag(_))) => location,
            _ => self.in_document(path),
        }
    }

    /// Returns the strings of a top-level list as the document has it.
    pub(in crate::config) fn list_in_document(&self, path: &KeyPath) -> Vec<String> {
        let (Some(document), [KeySegment::Key(key)]) = (&self.document, path.segments()) else { return Vec::new() };
        let list = document.values.get(key).and_then(Value::as_array).unwrap_or_default();
        list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }
}

const FLAG: &str = "flag";
const VARIABLE: &str = "variable";

/// Returns the location that a [`Layer`] has written into its metadata.
fn layer(metadata: &Metadata) -> Location {
    let name = metadata.name.clone().into_owned();
    match metadata.source.as_ref().and_then(figment::Source::custom) {
        Some(VARIABLE) => Location::Variable(name),
        Some(FLAG) => Location::Flag(name),
        _ => Location::File { name, line: None, column: None },
    }
}

/// One source for figment to merge.
pub(super) struct Layer {
    pub(super) location: Location,
    pub(super) values: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        match &self.location {
            Location::Variable(name) => Metadata::from(name.clone(), VARIABLE),
            Location::Flag(name) => Metadata::from(name.clone(), FLAG),
            Location::File { name, .. } => Metadata::named(name.clone()),
            Location::Anywhere => Metadata::default(),
        }
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}
