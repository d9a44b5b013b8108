//! What a template says of the segments of a path.

/// What a template says of one segment, or of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// This one, as `fold` compares it.
    Literal(String),
    /// One that is not empty.
    One,
    /// Any number that are not empty, none included.
    Many,
}

/// A template's segments. The template `/` has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(pub(super) Vec<Segment>);
