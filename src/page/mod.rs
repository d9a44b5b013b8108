//! Page rules: hides or removes elements of HTML pages that pass, while they stream.
//!
//! A page is not a secret, so everything here fails *open*: what cannot be rewritten passes as it came, and is reported. No body of a
//! masked route comes here: the [layer](crate::layer) asks for its proof that a request is on none.
//!
//! A hiding rule is a `<style>` element at the end of the page's head, behind what the page itself says of its policy and its
//! charset. A page that only hides is read up to there; the rest of it passes unread.

mod charset;
mod handlers;
mod page_body;
mod pipeline;
mod policy;
mod references;
mod rewriter;
mod rule;
mod style;

pub(crate) use charset::{Charset, Markup};
pub(crate) use page_body::PageBody;
pub(crate) use pipeline::PagePipeline;
pub(crate) use policy::admit_in_field;
pub use rule::{List, PageRule, PageRuleError, RefusedSelector};
