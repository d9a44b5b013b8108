//! Whether a route does what it is there for, or only says what it would do.

/// Whether a route masks, or only reports what masking would come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Answers are masked. What is left unsaid anywhere is this.
    #[default]
    Enforce,
    /// Answers and requests pass as they came. **Secrets pass too.**
    Observe,
}
