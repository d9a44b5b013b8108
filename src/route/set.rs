//! All routes, compiled together.

use super::{CanonicalPath, Pattern};
use regex::bytes::RegexSet;
use thiserror::Error;

/// A route: where it is and what is to happen there.
#[derive(Clone, Debug)]
pub struct Route<T> {
    /// Its name in logs, metrics and messages.
    pub name: String,
    /// The paths it covers.
    pub pattern: Pattern,
    /// What is to happen there.
    pub rule: T,
}

/// The routes of a configuration, compiled into one matcher.
#[derive(Clone, Debug)]
pub struct RouteSet<T> {
    routes: Vec<Route<T>>,
    patterns: RegexSet,
}

/// A route that a path is on.
#[derive(Debug)]
pub struct Found<'a, T> {
    /// The route.
    pub route: &'a Route<T>,
    /// Its place in the set.
    pub position: usize,
}

impl<T> RouteSet<T> {
    /// Compiles the routes together.
    ///
    /// # Errors
    /// Two routes of one name, or patterns too large to compile.
    pub fn compile(routes: Vec<Route<T>>) -> Result<Self, RouteSetError> {
        for (position, route) in routes.iter().enumerate() {
            if routes.iter().take(position).any(|other| other.name == route.name) {
                return Err(RouteSetError::DuplicateName { position, name: route.name.clone() });
            }
        }
        let patterns = RegexSet::new(routes.iter().map(|route| route.pattern.anchored()))
            .map_err(|error| RouteSetError::TooLarge(error.to_string()))?;
        Ok(Self { routes, patterns })
    }

    /// The routes, in the order of the configuration.
    pub fn routes(&self) -> &[Route<T>] {
        &self.routes
    }

    /// Every route that any reading of the path is on, in the order of the configuration.
    pub fn find(&self, path: &CanonicalPath<'_>) -> impl Iterator<Item = Found<'_, T>> {
        let mut found = vec![];
        for reading in path.readings().filter(|reading| self.may_match(reading)) {
            for position in self.patterns.matches(reading) {
                if !found.contains(&position) {
                    found.push(position);
                }
            }
        }
        found.sort_unstable();
        found.into_iter().filter_map(|position| self.routes.get(position).map(|route| Found { route, position }))
    }

    /// Whether the expressions have to be asked about a reading.
    fn may_match(&self, reading: &[u8]) -> bool {
        self.routes.iter().any(|route| route.pattern.may_match(reading))
    }

    /// The readings of the path that are on the route at `position`: why it was found.
    pub fn readings_on<'a>(&self, position: usize, path: &'a CanonicalPath<'_>) -> impl Iterator<Item = &'a [u8]> {
        path.readings().filter(move |reading| self.patterns.matches(reading).matched(position))
    }
}

/// Why routes could not be compiled together.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteSetError {
    /// Two routes have one name.
    #[error("two routes are named `{name}`: give each its own name")]
    DuplicateName {
        /// The place of the second.
        position: usize,
        /// The name.
        name: String,
    },
    /// The expressions are too large together.
    #[error("the path patterns are too large together: {0}")]
    TooLarge(String),
}
