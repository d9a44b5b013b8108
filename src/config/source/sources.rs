//! The list of sources: a file, environment variables and flags. Variables override the file, and
//! flags override both.

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

/// Not a key of the configuration: the command line reads the path of the TOML file from it.
const FILE_VARIABLE: &str = "LAST4_CONFIG";

/// The sources of a configuration. The file is read by [`load`](crate::config::load), not when it
/// is added here, so that a reload can use the same sources again.
///
/// ```
/// use last4::config::{self, Sources};
///
/// let sources = Sources::default().with_preset("dify");
/// let sources = sources.with_flag("--upstream", "upstream.url", "http://api:5001");
/// assert_eq!(config::load(&sources)?.routes.set.routes().len(), 3);
/// # Ok::<(), config::Problems>(())
/// ```
#[derive(Clone, Default)]
pub struct Sources {
    file: Option<SourceFile>,
    variables: Vec<(String, String)>,
    flags: Vec<Flag>,
    presets: Vec<String>,
}

#[derive(Clone)]
enum SourceFile {
    Path(PathBuf),
    Text { name: String, text: String },
}

#[derive(Clone)]
struct Flag {
    name: &'static str,
    key: &'static str,
    value: Value,
}

impl Sources {
    /// Sets the path of the TOML file.
    #[must_use]
    pub fn with_file(self, path: impl Into<PathBuf>) -> Self {
        Self { file: Some(SourceFile::Path(path.into())), ..self }
    }

    /// Sets a TOML text in place of a file. Findings call the text `name`.
    #[must_use]
    pub fn with_text(self, name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: Some(SourceFile::Text { name: name.into(), text: text.into() }), ..self }
    }

    /// Sets the environment variables. `LAST4_UPSTREAM__URL` is `upstream.url`. Variables without
    /// the prefix `LAST4_` are ignored.
    #[must_use]
    pub fn with_environment(self, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let ours = variables.into_iter().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let value = value.to_string_lossy();
            is_key(&name, &value).then(|| (name, value.into_owned()))
        });
        let mut variables: Vec<_> = ours.collect();
        // Sorted, because an environment has no fixed order, but the findings must have one.
        variables.sort();
        Self { variables, ..self }
    }

    /// Adds a flag `name` that sets `key` to a text.
    #[must_use]
    pub fn with_flag(mut self, name: &'static str, key: &'static str, value: impl Into<String>) -> Self {
        self.flags.push(Flag { name, key, value: Value::from(value.into()) });
        self
    }

    /// Adds a flag `name` that sets `key` to `true`.
    #[must_use]
    pub fn with_switch(mut self, name: &'static str, key: &'static str) -> Self {
        self.flags.push(Flag { name, key, value: Value::from(true) });
        self
    }

    /// Adds a preset to the presets of the file and the environment. Does not replace these
    /// presets, because a flag that removes masks would be a leak.
    #[must_use]
    pub fn with_preset(mut self, name: impl Into<String>) -> Self {
        self.presets.push(name.into());
        self
    }

    /// Returns the path of the TOML file. `None` if there is none, or only a text.
    pub fn file(&self) -> Option<&Path> {
        match &self.file {
            Some(SourceFile::Path(path)) => Some(path),
            _ => None,
        }
    }

    /// Returns whether any source can have routes: a file, a preset, or `LAST4_PRESETS`.
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
            let (location, values) = (document.location(&KeyPath::default()), document.values.clone());
            figment = figment.merge(Layer { location, values });
        }
        let nested = |location, key: &str, value| {
            let values = figment::util::nest(key, value).into_dict().unwrap_or_default();
            Layer { location, values }
        };
        for (name, value) in &self.variables {
            let key = name.strip_prefix(PREFIX).unwrap_or(name).to_ascii_lowercase().replace("__", ".");
            // `parse` never fails: figment reads any other value as a text.
            let value = value.parse().unwrap_or_else(|_| Value::from(value.clone()));
            figment = figment.merge(nested(Location::Variable(name.clone()), &key, value));
        }
        for Flag { name, key, value } in &self.flags {
            figment = figment.merge(nested(Location::Flag((*name).to_owned()), key, value.clone()));
        }
        Ok(MergedValues { figment, document })
    }

    fn document(&self) -> Result<Option<Document>, Finding> {
        let Some(file) = &self.file else { return Ok(None) };
        let (name, text) = match file {
            SourceFile::Text { name, text } => (name.clone(), Ok(text.clone())),
            SourceFile::Path(path) => (path.display().to_string(), std::fs::read_to_string(path)),
        };
        match text {
            Ok(text) => Document::parse(name, &text).map(Some),
            Err(error) => {
                let location = Location::File { name, line: None, column: None };
                Err(Finding::new(location, &KeyPath::default(), format!("cannot be read: {error}")))
            }
        }
    }
}

impl fmt::Debug for Sources {
    /// Writes only names. A value may have a password, which is only refused when it is loaded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variables: Vec<_> = self.variables.iter().map(|(name, _)| name).collect();
        let flags: Vec<_> = self.flags.iter().map(|flag| flag.name).collect();
        f.debug_struct("Sources")
            .field("file", &self.file())
            .field("variables", &variables)
            .field("flags", &flags)
            .field("presets", &self.presets)
            .finish()
    }
}

/// Returns whether an environment variable sets a key of the configuration.
fn is_key(name: &str, value: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|key| name != FILE_VARIABLE && !is_injected(key, value))
}
