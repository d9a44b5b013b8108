//! Page rules: hide or remove elements of HTML pages while the pages stream through.
//!
//! A page is not a secret, so everything here fails *open*: a page that cannot be rewritten passes
//! as it came, and is reported. No body of a masked route comes here: the [layer](crate::layer)
//! demands its proof that a request is on no masked route.
//!
//! A rule that hides elements adds a `<style>` element at the end of the page's head, behind the
//! `<meta>` elements for the page's policy and charset. If the rule removes nothing, the page is
//! read only up to there, and the rest passes unread.

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
