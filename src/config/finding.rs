//! Errors and warnings: what is wrong or suspicious, where, and what to write instead.

use super::key::KeyPath;
use std::fmt;

/// One error of an invalid configuration ([`Problems`]), or one [warning](super::Config::warnings)
/// of a valid configuration.
///
/// The `Display` form is `location: key: message`, such as
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

    /// Returns the source of the value: a line of a file, an environment variable or a flag.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns the path of the key, such as `route[2].fields[0]`. Empty if the finding is about no
    /// single key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns what is wrong or suspicious, and what to write instead.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Sorts findings into reading order, which is the order of [`Location`].
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

/// The source of a value. Ordered for reading: first files, from top to bottom, then environment
/// variables, then flags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Location {
    /// A file, or a built-in preset.
    File {
        /// The file's name, as the caller wrote it.
        name: String,
        /// The line, from 1. `None` if the finding is about no single line.
        line: Option<usize>,
        /// The column in characters, from 1. `None` except for syntax errors.
        column: Option<usize>,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
    /// No source: a required key is missing everywhere.
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

/// The errors of a configuration, in reading order. There is at least one. The `Display` form
/// starts a new line for each error; some messages have several lines.
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
