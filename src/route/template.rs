//! A parsed template.

/// The part of a template for one segment or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// Matches this segment, as `fold` compares it.
    Literal(String),
    /// Matches one segment that is not empty.
    One,
    /// Matches any number of segments that are not empty, or none.
    Many,
}

/// A template's segments. The template `/` has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(pub(super) Vec<Segment>);
