//! What is wrong with a configuration or suspicious in it, where, and what to write instead.

use super::key::KeyPath;
use std::fmt;

/// One thing that is wrong with a configuration ([`Problems`]), or suspicious in one that is otherwise right
/// ([`Config::warnings`](super::Config::warnings)).
///
/// It is shown as `location: key: message`, such as `last4.toml:12: route[1].path: a path begins with "/"`.
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

    /// Where the value was given: a file with its line, an environment variable, a flag.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The path of the key, such as `route[2].fields[0]`; empty if the finding is about no key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong or suspicious, and what to write instead.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Sorts findings into reading order.
    pub(super) fn sorted(mut findings: Vec<Self>) -> Vec<Self> {
        findings.sort_by(|one, other| one.location.cmp(&other.location));
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

/// Where a value was given. Ordered as a reader would go through them: a file from top to bottom, then the rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Location {
    /// A file, or a built-in preset.
    File {
        /// Its name as it was given.
        name: String,
        /// The line, from 1, where there is one.
        line: Option<usize>,
        /// The column in characters, from 1, where it tells more than the key does.
        column: Option<usize>,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
    /// Nowhere: something is missing from all of them together.
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

/// Everything that is wrong with a configuration, at least one problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Finding>);

impl Problems {
    /// Puts the problems in reading order. `None` where there are none.
    pub(super) fn gather(problems: Vec<Finding>) -> Option<Self> {
        (!problems.is_empty()).then(|| Self(Finding::sorted(problems)))
    }

    /// The problems, in reading order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Finding> {
        self.0.iter()
    }
}

impl From<Finding> for Problems {
    fn from(problem: Finding) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    /// One block each, without a line feed at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.0.iter().enumerate() {
            let line_feed = if position == 0 { "" } else { "\n" };
            write!(f, "{line_feed}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
