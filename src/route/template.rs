//! A template held against a path, segment by segment.

/// What a template says of the segments of a path, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// This one, in any letter case. Empty only in the template `/`.
    Literal(String),
    /// One that is not empty.
    One,
    /// Any number that are not empty, none included.
    Many,
}

/// A template's segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(pub(super) Vec<Segment>);

impl Segment {
    fn is(&self, segment: &[u8]) -> bool {
        match self {
            // Nearly all are spelt alike, which is found out faster.
            Self::Literal(literal) => segment == literal.as_bytes() || segment.eq_ignore_ascii_case(literal.as_bytes()),
            Self::One | Self::Many => !segment.is_empty(),
        }
    }
}

impl Template {
    /// Whether all of a path is as the template says. Takes time by the path's length times the template's at most.
    pub(super) fn matches(&self, mut path: &[u8]) -> bool {
        // From the end first, by which templates differ from each other and from most paths.
        let mut template = &*self.0;
        while let [before @ .., one] = template
            && *one != Segment::Many
        {
            match split_last(path) {
                Some((rest, segment)) if one.is(segment) => (template, path) = (before, rest),
                _ => return false,
            }
        }
        matches_up_to_many(template, path)
    }
}

/// Whether a path is as a template says that has nothing behind its last [`Segment::Many`].
fn matches_up_to_many(mut template: &[Segment], mut path: &[u8]) -> bool {
    // Behind the last `Many`: what of the template, and of the path if that takes no more than it has. A `Many` before it need not be
    // tried again: whatever it could take more, the last one can.
    let mut many = None;
    loop {
        match template {
            [] if path.is_empty() => return true,
            [] => {}
            [Segment::Many, behind @ ..] => {
                many = Some((behind, path));
                template = behind;
                continue;
            }
            [one, behind @ ..] => {
                if let Some((segment, rest)) = split_first(path)
                    && one.is(segment)
                {
                    (template, path) = (behind, rest);
                    continue;
                }
            }
        }
        let Some((behind, taken)) = many else { return false };
        match split_first(taken) {
            Some((segment, rest)) if Segment::Many.is(segment) => {
                many = Some((behind, rest));
                (template, path) = (behind, rest);
            }
            _ => return false,
        }
    }
}

/// The first segment of a path and what is behind it.
fn split_first(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let [b'/', path @ ..] = path else { return None };
    Some(path.split_at(path.iter().position(|&byte| byte == b'/').unwrap_or(path.len())))
}

/// What is before the last segment of a path, and that segment.
fn split_last(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, segment) = path.split_at(path.iter().rposition(|&byte| byte == b'/')?);
    Some((before, segment.get(1..)?))
}
