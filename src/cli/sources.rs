//! From what was typed to the sources of a configuration.

use crate::config::Sources;
use std::path::PathBuf;

/// The file that was typed or that LAST4_CONFIG names, and the environment.
pub(super) fn sources(file: Option<PathBuf>) -> Sources {
    let named = || std::env::var_os("LAST4_CONFIG").filter(|name| !name.is_empty()).map(PathBuf::from);
    let sources = Sources::default().with_environment(std::env::vars_os());
    match file.or_else(named) {
        Some(path) => sources.with_file(path),
        None => sources,
    }
}

/// Adds what further flags give.
pub(super) trait WithFlags: Sized {
    fn with_optional_flag(self, flag: &'static str, key: &'static str, value: Option<String>) -> Self;
    fn with_presets(self, names: Vec<String>) -> Self;
}

impl WithFlags for Sources {
    fn with_optional_flag(self, flag: &'static str, key: &'static str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.with_flag(flag, key, value),
            None => self,
        }
    }

    fn with_presets(self, names: Vec<String>) -> Self {
        names.into_iter().fold(self, Self::with_preset)
    }
}
