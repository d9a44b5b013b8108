//! Page rules: hide or remove elements of HTML pages while the pages stream through.
//!
//! A page is not a secret, so everything here fails *open*: a page that cannot be rewritten passes
//! as it came, and is reported. Responses on masked routes are never rewritten, because the
//! [layer](crate::layer) requires a proof that a request is on no masked route.
//!
//! A rule that hides elements adds a `<style>` element at the end of the page's head, after the
//! `<meta>` elements for the page's policy and charset. If the rule removes nothing, the page is
//! parsed only up to that `<style>`, and the rest passes unread.

mod charset;
mod csp;
mod handlers;
mod references;
mod rewriter;
mod rule;
mod style;
mod transform;

pub use rule::{PageRule, PageRuleError, RefusedSelector, SelectorList};
pub(crate) use transform::PageTransform;
