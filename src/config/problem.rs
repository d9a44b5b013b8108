//! What is wrong with a configuration, where, and what to write instead.

use super::key::KeyPath;
use std::fmt;

/// One thing that is wrong.
///
/// It is shown as `place: key: message`, such as `last4.toml:12: route[1].path: a path begins with "/"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    place: Place,
    key: String,
    message: String,
}

impl Problem {
    pub(super) fn new(place: Place, key: &KeyPath, message: impl Into<String>) -> Self {
        Self { place, key: key.to_string(), message: message.into() }
    }

    /// Where the value was given: a file with its line, an environment variable, a flag.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The way to the value, such as `route[2].fields[0]`; empty where the fault is no key's.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong, and what to write instead.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        located(f, &self.place, &self.key, &self.message)
    }
}

/// `place: key: message`, for problems and warnings alike.
pub(super) fn located(f: &mut fmt::Formatter<'_>, place: &Place, key: &str, message: &str) -> fmt::Result {
    match key {
        "" => write!(f, "{place}: {message}"),
        key => write!(f, "{place}: {key}: {message}"),
    }
}

/// Where a value was given. Ordered as a reader would go through them: a file from top to bottom, then the rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Place {
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

impl fmt::Display for Place {
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
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Puts the problems in reading order. `None` where there are none.
    pub(super) fn gather(mut problems: Vec<Problem>) -> Option<Self> {
        problems.sort_by(|one, other| one.place.cmp(&other.place));
        (!problems.is_empty()).then_some(Self(problems))
    }

    /// The problems, in reading order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
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
