//! Where a configuration comes from: a file, the environment over it, flags over those.

use super::document::Document;
use super::injected::is_injected;
use super::key::{KeyPath, Segment};
use super::problem::{Place, Problem};
use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

const PREFIX: &str = "LAST4_";

/// Names the file for the command line, and so is no key.
const FILE_VARIABLE: &str = "LAST4_CONFIG";

/// The sources of a configuration. Nothing is read before [`load`](super::load), so the same sources can be loaded again.
///
/// ```
/// use last4::config::{self, Sources};
///
/// let sources = Sources::default().with_flag("--upstream", "upstream.url", "http://api:5001").with_preset("dify");
/// assert_eq!(config::load(&sources)?.routes.set.routes().len(), 3);
/// # Ok::<(), config::Problems>(())
/// ```
#[derive(Clone, Default)]
pub struct Sources {
    file: Option<File>,
    variables: Vec<(String, String)>,
    flags: Vec<Flag>,
    presets: Vec<String>,
}

#[derive(Clone)]
enum File {
    Path(PathBuf),
    Text { name: String, text: String },
}

#[derive(Clone)]
struct Flag {
    flag: &'static str,
    key: &'static str,
    value: Value,
}

impl Sources {
    /// With a TOML file.
    #[must_use]
    pub fn with_file(self, path: impl Into<PathBuf>) -> Self {
        Self { file: Some(File::Path(path.into())), ..self }
    }

    /// With a TOML text in place of a file; `name` is what messages call it.
    #[must_use]
    pub fn with_text(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: Some(File::Text { name: name.into(), text: text.into() }), ..self }
    }

    /// With environment variables, of which those count that begin with `LAST4_`: `LAST4_UPSTREAM__URL` is `upstream.url`.
    #[must_use]
    pub fn with_environment(self, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let ours = variables.into_iter().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let value = value.to_string_lossy();
            is_key(&name, &value).then(|| (name, value.into_owned()))
        });
        let mut variables: Vec<_> = ours.collect();
        // An environment has no order: without one, neither had the problems.
        variables.sort();
        Self { variables, ..self }
    }

    /// With the value of a flag, as text.
    #[must_use]
    pub fn with_flag(mut self, flag: &'static str, key: &'static str, value: impl Into<String>) -> Self {
        self.flags.push(Flag { flag, key, value: Value::from(value.into()) });
        self
    }

    /// With a flag that has no value and says yes.
    #[must_use]
    pub fn with_switch(mut self, flag: &'static str, key: &'static str) -> Self {
        self.flags.push(Flag { flag, key, value: Value::from(true) });
        self
    }

    /// With one more preset, beside those that the file or the environment name: a flag that took their masks away would be a
    /// leak.
    #[must_use]
    pub fn with_preset(mut self, name: impl Into<String>) -> Self {
        self.presets.push(name.into());
        self
    }

    /// The file, if there is one: what to watch for changes.
    pub fn file(&self) -> Option<&Path> {
        match &self.file {
            Some(File::Path(path)) => Some(path),
            _ => None,
        }
    }

    /// Whether anything is given that may name routes: a file, a preset, or the variable for presets.
    pub fn may_name_routes(&self) -> bool {
        self.file.is_some()
            || !self.presets.is_empty()
            || self.variables.iter().any(|(name, _)| name == "LAST4_PRESETS")
    }

    pub(super) fn presets(&self) -> &[String] {
        &self.presets
    }

    /// Reads and merges the sources.
    pub(super) fn open(&self) -> Result<Origin, Problem> {
        let mut figment = Figment::new();
        let document = self.document()?;
        if let Some(document) = &document {
            figment = figment.merge(Layer::new(document.place(&KeyPath::default()), document.values()?));
        }
        for (name, value) in &self.variables {
            let key = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase().replace("__", ".");
            // Never fails: what is no other value is a text.
            let value = value.parse().unwrap_or_else(|_| Value::from(value.clone()));
            figment = figment.merge(Layer::nested(Place::Variable(name.clone()), &key, value));
        }
        for Flag { flag, key, value } in &self.flags {
            figment = figment.merge(Layer::nested(Place::Flag((*flag).to_owned()), key, value.clone()));
        }
        Ok(Origin { figment, document })
    }

    fn document(&self) -> Result<Option<Document>, Problem> {
        let (name, text) = match &self.file {
            None => return Ok(None),
            Some(File::Text { name, text }) => (name.clone(), text.clone()),
            Some(File::Path(path)) => {
                let name = path.display().to_string();
                match std::fs::read_to_string(path) {
                    Ok(text) => (name, text),
                    Err(error) => {
                        let place = Place::File { name, line: None, column: None };
                        return Err(Problem::new(place, &KeyPath::default(), format!("cannot be read: {error}")));
                    }
                }
            }
        };
        Document::parse(name, &text).map(Some)
    }
}

impl fmt::Debug for Sources {
    /// Names alone: a value may hold a password that does not belong there, which only loading finds out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables: Vec<_> = self.variables.iter().map(|(name, _)| name).collect();
        let flags: Vec<_> = self.flags.iter().map(|flag| flag.flag).collect();
        f.debug_struct("Sources")
            .field("file", &self.file())
            .field("variables", &variables)
            .field("flags", &flags)
            .field("presets", &self.presets)
            .finish()
    }
}

/// Whether an environment variable is meant for the configuration.
fn is_key(name: &str, value: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|key| name != FILE_VARIABLE && !is_injected(key, value))
}

/// Merged values that know where they came from.
pub(super) struct Origin {
    figment: Figment,
    document: Option<Document>,
}

impl Origin {
    /// The values of one text alone.
    pub(super) fn of_text(name: &str, text: &str) -> Result<Self, Problem> {
        Sources::default().with_text(name, text).open()
    }

    pub(super) fn values(&self) -> Dict {
        // Layers never fail to give their values, so neither does the merge.
        self.figment.data().ok().and_then(|mut profiles| profiles.remove(&Profile::Default)).unwrap_or_default()
    }

    /// Where a value was given.
    pub(super) fn place(&self, value: &Value, path: &KeyPath) -> Place {
        // A table that several sources fill bears the mark of the last; its first value tells better.
        if let Value::Dict(_, entries) = value {
            if let (Some((key, value)), false) = (entries.iter().next(), self.in_document(path)) {
                return self.place(value, &path.key(key));
            }
            return self.written(path);
        }
        match self.figment.get_metadata(value.tag()).map(Origin::layer) {
            Some(Place::File { .. }) | None => self.written(path),
            Some(place) => place,
        }
    }

    /// Where a key is written in the text, if it is.
    pub(super) fn written(&self, path: &KeyPath) -> Place {
        match &self.document {
            Some(document) if document.holds(path) || path.segments().is_empty() => document.place(path),
            _ => Place::Anywhere,
        }
    }

    /// Where a key is given that may be overridden, which is the place that counts.
    pub(super) fn overriding(&self, path: &KeyPath) -> Place {
        let keys = path.segments().iter().map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_) => None,
        });
        let name = keys.collect::<Option<Vec<_>>>().map(|keys| keys.join("."));
        let given = name.and_then(|name| self.figment.find_metadata(&name)).map(Self::layer);
        match given {
            Some(place @ (Place::Variable(_) | Place::Flag(_))) => place,
            _ => self.written(path),
        }
    }

    /// The texts of a list as the document has it.
    pub(super) fn written_list(&self, path: &KeyPath) -> Vec<String> {
        let values = self.document.as_ref().and_then(|document| document.values().ok());
        let [Segment::Key(key)] = path.segments() else { return Vec::new() };
        let list = values.and_then(|mut values| values.remove(key)).and_then(Value::into_array).unwrap_or_default();
        list.into_iter().filter_map(Value::into_string).collect()
    }

    fn in_document(&self, path: &KeyPath) -> bool {
        self.document.as_ref().is_some_and(|document| document.holds(path))
    }

    fn layer(metadata: &Metadata) -> Place {
        let name = metadata.name.clone().into_owned();
        match metadata.source.as_ref().and_then(figment::Source::custom) {
            Some(VARIABLE) => Place::Variable(name),
            Some(FLAG) => Place::Flag(name),
            _ => Place::File { name, line: None, column: None },
        }
    }
}

const FLAG: &str = "flag";
const VARIABLE: &str = "variable";

/// One source for figment to merge.
struct Layer {
    place: Place,
    values: Dict,
}

impl Layer {
    fn new(place: Place, values: Dict) -> Self {
        Self { place, values }
    }

    fn nested(place: Place, key: &str, value: Value) -> Self {
        Self::new(place, figment::util::nest(key, value).into_dict().unwrap_or_default())
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        match &self.place {
            Place::Variable(name) => Metadata::from(name.clone(), VARIABLE),
            Place::Flag(name) => Metadata::from(name.clone(), FLAG),
            Place::File { name, .. } => Metadata::named(name.clone()),
            Place::Anywhere => Metadata::default(),
        }
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}
