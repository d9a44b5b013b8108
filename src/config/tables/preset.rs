//! Routes for known APIs, built in.

use crate::config::read::value::closest;

/// The built-in presets: name and TOML text, which holds `[[route]]`s alone.
const PRESETS: &[(&str, &str)] = &[("dify", include_str!("../../../config/presets/dify.toml"))];

/// The names of the built-in presets.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// A preset's text, or what to write instead.
pub(in crate::config) fn preset(name: &str) -> Result<&'static str, String> {
    if let Some((_, text)) = PRESETS.iter().find(|(known, _)| *known == name) {
        return Ok(text);
    }
    Err(match closest(name, preset_names()) {
        Some(near) => format!("unknown preset: did you mean \"{near}\"?"),
        None => format!("unknown preset: the built-in ones are {}", preset_names().collect::<Vec<_>>().join(", ")),
    })
}
