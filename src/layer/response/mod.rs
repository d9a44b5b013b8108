//! Answers: what is decided from the head, and what the client gets.

pub(super) mod answer;
mod dry_run_body;
mod headers;
mod media_type;
mod report;
mod verdict;

pub use answer::AnswerBody;
pub(super) use headers::{strip_head_of_page, strip_response};
pub use report::{Outcome, Report};
pub(super) use verdict::{Plan, Verdict, judge, judge_head, never_has_body};
