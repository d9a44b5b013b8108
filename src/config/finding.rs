//! Errors and warnings: what is wrong or suspicious, where, and what to write instead.

use super::key::KeyPath;
use std::fmt;

/// One error of a configuration ([`Problems`]), or one
/// [warning](super::Config::warnings) of a valid one.
///
/// Displays as `location: key: message`, such as
/// `last4.toml:12: route[1].path: a path begins with "/"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    location: Location,
    key: String,
    message: String,
}

impl Finding {
    pub(super) fn new(location: Location, key: &KeyPath, message: impl Into<String>) -> Self {
        Self { location, key: key.to_string(), message: message.into() }
    }

    /// The source of the value: a line of a file, an environment variable, a flag.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The path of the key, such as `route[2].fields[0]`. Empty if no key is concerned.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong or suspicious, and what to write instead.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Sorts findings into reading order.
    pub(super) fn sorted(mut findings: Vec<Self>) -> Vec<Self> {
        findings.sort_by(|a, b| a.location.cmp(&b.location));
        findings
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { location, key, message } = self;
        match &**key {
            "" => write!(f, "{location}: {message}"),
            key => write!(f, "{location}: {key}: {message}"),
        }
    }
}

/// The source of a value. Ordered for reading: a file from top to bottom, then the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Location {
    /// A file, or a built-in preset.
    File {
        /// The file's name, as the caller wrote it.
        name: String,
        /// The line, from 1.
        line: Option<usize>,
        /// The column in characters, from 1. Only for syntax errors, which have no key.
        column: Option<usize>,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
    /// No source: a required key is missing from all of them.
    Anywhere,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, line, column } => {
                f.write_str(name)?;
                [line, column].into_iter().flatten().try_for_each(|number| write!(f, ":{number}"))
            }
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => f.write_str(name),
            Self::Anywhere => f.write_str("configuration"),
        }
    }
}

/// The errors of a configuration, at least one, in reading order. Displays one block for each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(Vec<Finding>);

impl Problems {
    /// Returns the errors in reading order, or `None` if there are none.
    pub(super) fn gather(problems: Vec<Finding>) -> Option<Self> {
        (!problems.is_empty()).then(|| Self(Finding::sorted(problems)))
    }

    /// Returns the errors in reading order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Finding> {
        self.0.iter()
    }
}

impl From<Finding> for Problems {
    fn from(problem: Finding) -> Self {
        Self(vec![problem])
    }
}
