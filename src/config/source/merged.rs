//! The values of all sources, merged, and where each was given.

use super::document::Document;
use crate::config::finding::Location;
use crate::config::key::{KeyPath, KeySegment};
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};

/// Merged values that know where they came from.
pub(in crate::config) struct MergedValues {
    pub(super) figment: Figment,
    pub(super) document: Option<Document>,
}

impl MergedValues {
    pub(in crate::config) fn merged(&self) -> Dict {
        // Layers never fail to give their values, so neither does the merge.
        self.figment.data().ok().and_then(|mut profiles| profiles.remove(&Profile::Default)).unwrap_or_default()
    }

    /// Where a value was given.
    pub(in crate::config) fn location(&self, value: &Value, path: &KeyPath) -> Location {
        // A table that several sources fill bears the mark of the last; its first value tells better.
        if let Value::Dict(_, entries) = value {
            if let (Some((key, value)), false) = (entries.iter().next(), self.in_document(path)) {
                return self.location(value, &path.key(key));
            }
            return self.written(path);
        }
        match self.figment.get_metadata(value.tag()).map(MergedValues::layer) {
            Some(Location::File { .. }) | None => self.written(path),
            Some(place) => place,
        }
    }

    /// Where a key is written in the text, if it is.
    pub(in crate::config) fn written(&self, path: &KeyPath) -> Location {
        match &self.document {
            Some(document) if document.contains(path) || path.segments().is_empty() => document.location(path),
            _ => Location::Anywhere,
        }
    }

    /// Where a key is given that may be overridden, which is the place that counts.
    pub(in crate::config) fn overriding(&self, path: &KeyPath) -> Location {
        let keys = path.segments().iter().map(|segment| match segment {
            KeySegment::Key(key) => Some(key.as_str()),
            KeySegment::Index(_) => None,
        });
        let name = keys.collect::<Option<Vec<_>>>().map(|keys| keys.join("."));
        let given = name.and_then(|name| self.figment.find_metadata(&name)).map(Self::layer);
        match given {
            Some(place @ (Location::Variable(_) | Location::Flag(_))) => place,
            _ => self.written(path),
        }
    }

    /// The texts of a list as the document has it.
    pub(in crate::config) fn written_list(&self, path: &KeyPath) -> Vec<String> {
        let values = self.document.as_ref().map(Document::values);
        let [KeySegment::Key(key)] = path.segments() else { return Vec::new() };
        let list = values.and_then(|values| values.get(key)).and_then(Value::as_array).unwrap_or_default();
        list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
    }

    fn in_document(&self, path: &KeyPath) -> bool {
        self.document.as_ref().is_some_and(|document| document.contains(path))
    }

    fn layer(metadata: &Metadata) -> Location {
        let name = metadata.name.clone().into_owned();
        match metadata.source.as_ref().and_then(figment::Source::custom) {
            Some(VARIABLE) => Location::Variable(name),
            Some(FLAG) => Location::Flag(name),
            _ => Location::File { name, line: None, column: None },
        }
    }
}

const FLAG: &str = "flag";
const VARIABLE: &str = "variable";

/// One source for figment to merge.
pub(super) struct Layer {
    location: Location,
    values: Dict,
}

impl Layer {
    pub(super) fn new(location: Location, values: Dict) -> Self {
        Self { location, values }
    }

    pub(super) fn nested(location: Location, key: &str, value: Value) -> Self {
        Self::new(location, figment::util::nest(key, value).into_dict().unwrap_or_default())
    }
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
