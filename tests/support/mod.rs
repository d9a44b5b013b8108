//! What the tests share: documents, a slow and obvious masker to compare with, and the comparison.

pub(crate) mod check;
pub(crate) mod documents;
pub(crate) mod oracle;
