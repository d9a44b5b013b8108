//! Where a configuration comes from: a file, the environment over it, flags over those.

use super::document::Document;
use super::environment::is_injected;
use super::merged::{Layer, MergedValues};
use crate::config::finding::{Finding, Location};
use crate::config::key::KeyPath;
use figment::Figment;
use figment::value::Value;
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

    pub(in crate::config) fn presets(&self) -> &[String] {
        &self.presets
    }

    /// Reads and merges the sources.
    pub(in crate::config) fn open(&self) -> Result<MergedValues, Finding> {
        let mut figment = Figment::new();
        let document = self.document()?;
        if let Some(document) = &document {
            figment = figment.merge(Layer::new(document.location(&KeyPath::default()), document.values().clone()));
        }
        for (name, value) in &self.variables {
            let key = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase().replace("__", ".");
            // Never fails: what is no other value is a text.
            let value = value.parse().unwrap_or_else(|_| Value::from(value.clone()));
            figment = figment.merge(Layer::nested(Location::Variable(name.clone()), &key, value));
        }
        for Flag { flag, key, value } in &self.flags {
            figment = figment.merge(Layer::nested(Location::Flag((*flag).to_owned()), key, value.clone()));
        }
        Ok(MergedValues { figment, document })
    }

    fn document(&self) -> Result<Option<Document>, Finding> {
        let (name, text) = match &self.file {
            None => return Ok(None),
            Some(File::Text { name, text }) => (name.clone(), text.clone()),
            Some(File::Path(path)) => {
                let name = path.display().to_string();
                match std::fs::read_to_string(path) {
                    Ok(text) => (name, text),
                    Err(error) => {
                        let location = Location::File { name, line: None, column: None };
                        return Err(Finding::new(location, &KeyPath::default(), format!("cannot be read: {error}")));
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
