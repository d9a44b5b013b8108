//! The style sheet that hides, as an element to put into a page, and its hash for the page's policy.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// A `<style>` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Style {
    element: String,
    source: String,
}

impl Style {
    /// A style that hides what is selected; `None` where nothing is.
    ///
    /// Each selector has a rule of its own, for a browser drops a rule of which it does not understand one selector.
    pub(super) fn hiding(selectors: &[&str]) -> Option<Self> {
        if selectors.is_empty() {
            return None;
        }
        let rules: String =
            selectors.iter().map(|selector| format!("{}{{display:none!important}}", ascii(selector))).collect();
        let source = format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(&rules)));
        Some(Self { element: format!("<style>{rules}</style>"), source })
    }

    /// The element, in ASCII: the same bytes whatever the page's charset.
    pub(super) fn element(&self) -> &str {
        &self.element
    }

    /// Its hash as a source expression.
    pub(super) fn source(&self) -> &str {
        &self.source
    }
}

/// With every other character as a CSS escape, which means the same in names and in strings.
fn ascii(selector: &str) -> String {
    let mut ascii = String::with_capacity(selector.len());
    let mut escaped = false;
    for character in selector.chars() {
        if character.is_ascii() {
            ascii.push(character);
            escaped = character == '\\' && !escaped;
        } else {
            // A backslash before it meant the same, and would escape the one of its code.
            let backslash = if std::mem::take(&mut escaped) { "" } else { "\\" };
            ascii.push_str(&format!("{backslash}{:x} ", u32::from(character)));
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_selector_has_a_rule_and_the_hash_is_of_all() {
        let style = Style::hiding(&["#keys .copy", "[title=\"é\"]"]).unwrap();
        assert_eq!(
            style.element(),
            "<style>#keys .copy{display:none!important}[title=\"\\e9 \"]{display:none!important}</style>"
        );
        // By `openssl dgst -sha256 -binary | base64`.
        assert_eq!(Style::hiding(&["#keys .copy"]).unwrap().source(), EXPECTED);
        assert_eq!(Style::hiding(&[]), None);
    }

    #[test]
    fn a_character_that_is_escaped_already_is_escaped_once() {
        for (selector, expected) in [
            ("\\é", "\\e9 "),
            ("a\\\\é", "a\\\\\\e9 "),
            ("\\\"é", "\\\"\\e9 "),
            ("éé b", "\\e9 \\e9  b"),
            ("\\é\\é", "\\e9 \\e9 "),
        ] {
            assert_eq!(ascii(selector), expected, "{selector}");
        }
    }

    const EXPECTED: &str = "'sha256-KQCMDoA4zYqDxwR0DbhcOJLxFkAhO1jKgtk/n/J9big='";
}
