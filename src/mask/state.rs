//! What is known of the text that was read.

use super::Summary;
use super::nesting::Nesting;
use super::place::Place;
use super::treatment::Treatment;

/// Where in a text the engine is, and what it did.
#[derive(Clone)]
pub(super) struct State {
    pub(super) place: Place,
    pub(super) nesting: Nesting,
    /// What is to happen to the value that comes next.
    pub(super) next: Treatment,
    pub(super) summary: Summary,
}
