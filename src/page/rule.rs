//! Page rules: selectors of elements to hide and to remove, checked and compiled.

use super::csp::admit_in_field;
use super::style::Style;
use http::header::{CONTENT_SECURITY_POLICY, Entry, HeaderMap, HeaderValue};
use lol_html::Selector;
use lol_html::errors::SelectorError;
use std::iter::Peekable;
use std::str::Chars;
use thiserror::Error;

/// The most bytes of one selector.
const MAX_SELECTOR: usize = 1024;

/// The rule for the pages of one route.
///
/// ```
/// use last4::page::PageRule;
///
/// let rule = PageRule::new(&["#keys .copy"], &["script[src*=clipboard]"]).unwrap();
/// # let _ = rule;
/// assert!(PageRule::new(&["a{}"], &["a +"]).is_err());
/// ```
#[derive(Debug)]
pub struct PageRule {
    /// The style sheet that hides elements. `None` if the rule hides none.
    pub(super) style: Option<Style>,
    pub(super) remove: Vec<Selector>,
}

impl PageRule {
    /// Checks and compiles selectors. A style sheet hides the elements that `hide` selects,
    /// including those that a script adds to the page later. The elements that `remove` selects are
    /// cut out of the page, and these selectors can use only tags and their attributes.
    ///
    /// # Errors
    /// All selectors that are refused.
    pub fn new<S: AsRef<str>>(hide: &[S], remove: &[S]) -> Result<Self, Vec<RefusedSelector>> {
        let mut refused = Vec::new();
        let mut refuse = |list, position, error| refused.push(RefusedSelector { list, position, error });
        let mut hidden = Vec::new();
        for (position, selector) in hide.iter().map(AsRef::as_ref).enumerate() {
            match check(selector) {
                Ok(()) => hidden.push(selector),
                Err(error) => refuse(SelectorList::Hide, position, error),
            }
        }
        let mut removed = Vec::new();
        for (position, selector) in remove.iter().map(AsRef::as_ref).enumerate() {
            match check(selector).and_then(|()| compile(selector)) {
                Ok(selector) => removed.push(selector),
                Err(error) => refuse(SelectorList::Remove, position, error),
            }
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        Ok(Self { style: Style::hiding(&hidden), remove: removed })
    }

    /// Changes each policy in the head of a response that would block the style, so that it admits
    /// the style. `Content-Security-Policy-Report-Only` blocks nothing and stays as it is.
    pub(crate) fn admit_style(&self, headers: &mut HeaderMap) {
        let (Some(style), Entry::Occupied(mut policies)) = (&self.style, headers.entry(CONTENT_SECURITY_POLICY)) else {
            return;
        };
        for policy in policies.iter_mut() {
            let admitted = admit_in_field(policy.as_bytes(), style.source());
            if let Some(admitted) = admitted.and_then(|admitted| HeaderValue::from_bytes(&admitted).ok()) {
                *policy = admitted;
            }
        }
    }
}

/// A refused selector, by its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedSelector {
    /// The list that holds the selector.
    pub list: SelectorList,
    /// The position in that list.
    pub position: usize,
    /// Why the selector is refused.
    pub error: PageRuleError,
}

/// The two lists of selectors in a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectorList {
    /// Selects elements to hide.
    Hide,
    /// Selects elements to remove.
    Remove,
}

/// Why a selector is refused.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PageRuleError {
    /// The selector is empty.
    #[error("a selector is missing: write one such as \"#keys .copy\"")]
    Empty,
    /// The selector has characters that would close the CSS rule or the style sheet early.
    #[error("a selector may not have {0}: write one such as \"#keys .copy\"")]
    Forbidden(&'static str),
    /// The selector is too long.
    #[error("a selector may have at most {MAX_SELECTOR} bytes")]
    TooLong,
    /// The selector cannot be matched in a page that streams.
    #[error(
        "{0}: in a page that streams, only type, class, id, attribute, descendant and child selectors can be found"
    )]
    Remove(String),
}

fn compile(selector: &str) -> Result<Selector, PageRuleError> {
    selector
        .parse()
        .map_err(|error: SelectorError| PageRuleError::Remove(error.to_string().trim_end_matches('.').to_owned()))
}

/// Checks that a browser reads the selector as a part of exactly one rule in a style sheet. The
/// browser drops a rule that it does not understand, so no more needs to be checked.
fn check(selector: &str) -> Result<(), PageRuleError> {
    use PageRuleError::Forbidden;
    if selector.len() > MAX_SELECTOR {
        return Err(PageRuleError::TooLong);
    }
    if selector.trim().is_empty() {
        return Err(PageRuleError::Empty);
    }
    if selector.contains(char::is_control) {
        return Err(Forbidden("control characters"));
    }
    if ["<", "-->", "/*"].iter().any(|mark| selector.contains(mark)) {
        return Err(Forbidden("`<`, `-->` or `/*`"));
    }
    let mut open = Vec::new();
    let mut quote = None;
    // The identifier just before the current character, with a backslash for each escape in it.
    let mut name = String::new();
    let mut characters = selector.chars().peekable();
    while let Some(character) = characters.next() {
        let is_name = character.is_alphanumeric() || !character.is_ascii() || matches!(character, '-' | '_' | '\\');
        match (character, quote) {
            ('\\', _) => skip_escape(&mut characters)?,
            (_, Some(mark)) => quote = quote.filter(|_| character != mark),
            ('"' | '\'', None) => quote = Some(character),
            ('{' | '}' | ';' | '@', None) => return Err(Forbidden("`{`, `}`, `;` or `@` outside quotes")),
            // A URL token, in which quotes and brackets have no meaning (CSS Syntax 4.3.6).
            ('(', None) if name.eq_ignore_ascii_case("url") || name.contains('\\') => {
                return Err(Forbidden("`url(`, or an escape in the name of a function"));
            }
            ('(', None) => open.push(')'),
            ('[', None) => open.push(']'),
            (')' | ']', None) if open.pop() != Some(character) => return Err(Forbidden("brackets that do not match")),
            _ => {}
        }
        if is_name {
            name.push(character);
        } else {
            name.clear();
        }
    }
    if quote.is_some() || !open.is_empty() {
        return Err(Forbidden("quotes or brackets that are not closed"));
    }
    Ok(())
}

/// Skips the text after a backslash: a character, or its code and the space that ends the code.
fn skip_escape(characters: &mut Peekable<Chars<'_>>) -> Result<(), PageRuleError> {
    let first = characters.next().ok_or(PageRuleError::Forbidden("a backslash at its end"))?;
    if first.is_ascii_hexdigit() {
        for _ in 1..6 {
            characters.next_if(char::is_ascii_hexdigit);
        }
        characters.next_if_eq(&' ');
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_that_is_more_than_one_rule_is_refused() {
        for selector in [
            "", "  ", "a{", "a}", "a{}b", "</style>", "a;b", "@import x", "a\\", "[a=\"x", "a[b", "a)", "a/*",
            ":is(a]", "a\nb", "[a='x\\']", "a --> b", "<!-- a", "a\u{c}b", "[a=\"x\ny\"]", "a\0", "a,b}c", "([)]",
            ":is(a", ":is(a))", "[a='\"]", "a\\\\\"", "\u{85}",
        ] {
            assert!(check(selector).is_err(), "{selector}");
        }
        // The brackets match, and yet a browser that starts a URL reads three rules.
        for url in ["url", "URL", "a Url", ":url", ".url", "\\75rl", "u\\72 l", "u\\r\\l", "\\000075 rl", "ur\\6c "] {
            let selector = format!("{url}(a\"){{}}*{{}}x{{\")");
            assert!(
                matches!(check(&selector), Err(PageRuleError::Forbidden(what)) if what.contains("url(")),
                "{selector}"
            );
        }
        assert_eq!(check(&"a".repeat(1025)), Err(PageRuleError::TooLong));
        for selector in [
            "#keys .copy", "[data-x=\"}\"]", "a:has(> b), c ~ d", "[title='©']", "a\\:b", ":is(a,[b='(']) > *",
            "a:not(.curl)", ".xurl :nth-child(2n + 1)", "[href='url(']", ".a\\(b", "\\e9 :hover",
        ] {
            assert_eq!(check(selector), Ok(()), "{selector}");
        }
    }

    #[test]
    fn every_refused_selector_is_named_by_its_place() {
        let refused = PageRule::new(&["a", "{"], &["b ~ c", "d"]).unwrap_err();
        let places: Vec<_> = refused.iter().map(|refused| (refused.list, refused.position)).collect();
        assert_eq!(places, [(SelectorList::Hide, 1), (SelectorList::Remove, 0)]);
    }
}
