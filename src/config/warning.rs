//! What is suspicious in a configuration that is otherwise right.

use super::key::KeyPath;
use super::problem::{Place, located};
use std::fmt;

/// One thing that may be meant so, and more often is not. It keeps nothing from starting, unlike a [`Problem`](super::Problem).
///
/// It is shown as a problem is: `place: key: message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    place: Place,
    key: String,
    message: String,
}

impl Warning {
    pub(super) fn new(place: Place, key: &KeyPath, message: impl Into<String>) -> Self {
        Self { place, key: key.to_string(), message: message.into() }
    }

    /// Where the value was given: a file with its line, an environment variable, a flag.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The way to the value, such as `route[2].fields[0]`; empty where it is no key's.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is suspicious, and what to write instead.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Puts warnings in reading order.
    pub(super) fn sorted(mut warnings: Vec<Self>) -> Vec<Self> {
        warnings.sort_by(|one, other| one.place.cmp(&other.place));
        warnings
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        located(f, &self.place, &self.key, &self.message)
    }
}
