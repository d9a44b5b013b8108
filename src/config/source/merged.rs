//! The values of all sources, merged by figment, and the source of each value.

use super::document::Document;
use crate::config::finding::Location;
use crate::config::key::{KeyPath, KeySegment};
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

/// The merged values of all sources. Can return the source of each value.
pub(in crate::config) struct MergedValues {
    pub(super) figment: Figment,
    pub(super) document: Option<Document>,
}

impl MergedValues {
    pub(in crate::config) fn merged(&self) -> Dict {
        // `Layer::data` always succeeds, so the merge cannot fail.
        self.figment.data().ok().and_then(|mut profiles| profiles.remove(&Profile::Default)).unwrap_or_default()
    }

    /// Returns the source of a value. `path` is the value's key path.
    pub(in crate::config) fn location(&self, value: &Value, path: &KeyPath) -> Location {
        // figment tags a table with only the last of the sources that fill it. So a table that is
        // not in the file gets the location of its first value.
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

    /// Returns the location of a key in the document, or `Anywhere` if the key is not there.
    pub(in crate::config) fn in_document(&self, path: &KeyPath) -> Location {
        match &self.document {
            Some(document) if document.contains(path) || path.segments().is_empty() => document.location(path),
            _ => Location::Anywhere,
        }
    }

    /// Returns the source of a key: the flag or variable that sets it, otherwise the document.
    pub(in crate::config) fn overriding(&self, path: &KeyPath) -> Location {
        // A path with an index finds no variable or flag here, since only a document has lists of
        // tables.
        match self.figment.find_metadata(&path.to_string()).map(layer) {
            Some(location @ (Location::Variable(_) | Location::Flag(_))) => location,
            _ => self.in_document(path),
        }
    }

    /// Returns the strings of a top-level list of the document. Empty if there is no such list.
    pub(in crate::config) fn list_in_document(&self, path: &KeyPath) -> Vec<String> {
        let (Some(document), [KeySegment::Key(key)]) = (&self.document, path.segments()) else { return Vec::new() };
        let list = document.values.get(key).and_then(Value::as_array).unwrap_or_default();
        list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }
}

const FLAG: &str = "flag";
const VARIABLE: &str = "variable";

/// Returns the location that is stored in the metadata of a [`Layer`].
fn layer(metadata: &Metadata) -> Location {
    let name = metadata.name.clone().into_owned();
    match metadata.source.as_ref().and_then(figment::Source::custom) {
        Some(VARIABLE) => Location::Variable(name),
        Some(FLAG) => Location::Flag(name),
        _ => Location::File { name, line: None, column: None },
    }
}

/// The values of one source, for figment to merge.
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
