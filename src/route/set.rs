//! All routes of a configuration, compiled together.

use super::canonical::CanonicalPath;
use super::index::Index;
use super::pattern::{Pattern, PatternKind};
use regex::bytes::RegexSet;
use std::collections::HashSet;
use thiserror::Error;

/// A route: the paths it covers and the rule for them.
#[derive(Clone, Debug)]
pub struct Route<T> {
    /// The route's name in logs, metrics and messages.
    pub name: String,
    /// The paths that the route covers.
    pub pattern: Pattern,
    /// The rule for requests on the route.
    pub rule: T,
}

/// The routes of a configuration, compiled into one matcher.
#[derive(Clone, Debug)]
pub struct RouteSet<T> {
    routes: Vec<Route<T>>,
    /// The templates, which are matched together.
    templates: Index,
    /// The expressions, which are matched together.
    expressions: RegexSet,
    /// The position of each expression's route.
    by_expression: Vec<usize>,
}

/// A route that matches a path.
#[derive(Debug)]
pub struct RouteMatch<'a, T> {
    /// The route.
    pub route: &'a Route<T>,
    /// The position of the route in the set.
    pub position: usize,
}

impl<T> RouteSet<T> {
    /// Compiles the routes together.
    ///
    /// # Errors
    /// See [`RouteSetError`].
    pub fn compile(routes: Vec<Route<T>>) -> Result<Self, RouteSetError> {
        let mut names = HashSet::new();
        for (position, route) in routes.iter().enumerate() {
            if !names.insert(&route.name) {
                return Err(RouteSetError::DuplicateName { position, name: route.name.clone() });
            }
        }
        let templates =
            Index::new(routes.iter().enumerate().filter_map(|(position, route)| match &route.pattern.kind {
                PatternKind::Template(template) => Some((position, template)),
                PatternKind::Regex(_) => None,
            }));
        let written = routes.iter().enumerate().filter_map(|(position, route)| match &route.pattern.kind {
            PatternKind::Regex(expression) => Some((position, expression)),
            PatternKind::Template(_) => None,
        });
        let (by_expression, written): (_, Vec<_>) = written.unzip();
        let expressions = RegexSet::new(written).map_err(|error| RouteSetError::TooLarge(error.to_string()))?;
        Ok(Self { routes, templates, expressions, by_expression })
    }

    /// Returns the routes, in the order of the configuration.
    pub fn routes(&self) -> &[Route<T>] {
        &self.routes
    }

    /// Finds every route that matches any reading of the path, in the order of the configuration.
    pub fn find(&self, path: &CanonicalPath<'_>) -> impl Iterator<Item = RouteMatch<'_, T>> {
        let mut found = vec![];
        for reading in path.readings() {
            self.matches(reading, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|position| self.routes.get(position).map(|route| RouteMatch { route, position }))
    }

    /// Returns the readings of the path that match the route at `position`. They explain why that
    /// route was found.
    pub fn readings_on<'a>(&self, position: usize, path: &'a CanonicalPath<'_>) -> impl Iterator<Item = &'a [u8]> {
        path.readings().filter(move |reading| {
            let mut found = vec![];
            self.matches(reading, &mut found);
            found.contains(&position)
        })
    }

    /// Adds to `found` the positions of the routes that match one reading, in no order. A position
    /// may be added more than once.
    fn matches(&self, reading: &[u8], found: &mut Vec<usize>) {
        self.templates.find(reading, found);
        // Most configurations have no expressions, and matching an empty set has a cost.
        if !self.by_expression.is_empty() {
            let matched = self.expressions.matches(reading);
            found.extend(matched.into_iter().filter_map(|expression| self.by_expression.get(expression)));
        }
    }
}

/// Why routes could not be compiled together.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteSetError {
    /// Two routes have the same name.
    #[error("two routes are named `{name}`: give each its own name")]
    DuplicateName {
        /// The position of the second of the two routes.
        position: usize,
        /// The name.
        name: String,
    },
    /// The expressions together are too large to compile.
    #[error("the path patterns are too large together: {0}")]
    TooLarge(String),
}
