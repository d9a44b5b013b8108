//! Counts of the values of a text: masked, unchanged, revealed.

use super::secret::Shown;
use super::sink::Sink;

/// Counts of what the engine did to a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Selected values that were replaced.
    pub masked: u64,
    /// Selected values that were already masked, or empty strings.
    pub unchanged: u64,
    /// Selected values that came in a masked form: left unchanged, or filled up to the policy's
    /// width.
    pub came_masked: u64,
    /// Selected values that passed because the rules reveal them.
    pub revealed: u64,
    /// Objects that were marked ([`Rules::with_mark`](crate::mask::Rules::with_mark)).
    pub marked: u64,
    /// Whether the text is an object. With several values, whether the last is an object.
    pub object: bool,
}

impl Summary {
    /// Writes the visible form of a secret, and counts it.
    pub(crate) fn show<S: Sink>(&mut self, shown: Shown<'_>, sink: &mut S) {
        match shown {
            Shown::Unchanged(spelling) => {
                self.unchanged += 1;
                self.came_masked += u64::from(!spelling.is_empty());
                sink.replacement(spelling);
            }
            Shown::Replaced { front, back, came_masked } => {
                self.masked += 1;
                self.came_masked += u64::from(came_masked);
                front.into_iter().for_each(|piece| sink.replacement(piece));
                back.into_iter().flatten().for_each(|spelling| sink.replacement(spelling.as_slice()));
            }
        }
    }
}
