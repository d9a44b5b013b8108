//! The style sheet that hides elements, as a `<style>` element, and its hash for the page's policy.

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
    /// Returns a style that hides the selected elements, or `None` without selectors.
    ///
    /// Each selector gets its own rule, because a browser drops a rule if it does not understand
    /// one of its selectors.
    pub(super) fn hiding(selectors: &[&str]) -> Option<Self> {
        if selectors.is_empty() {
            return None;
        }
        let rules: String =
            selectors.iter().map(|selector| format!("{}{{display:none!important}}", ascii(selector))).collect();
        let source = format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(&rules)));
        Some(Self { element: format!("<style>{rules}</style>"), source })
    }

    /// Returns the element. It is ASCII, so that its bytes are the same in any charset of a page.
    pub(super) fn element(&self) -> &str {
        &self.element
    }

    /// Returns the hash of the style sheet, as a source expression for a policy: `'sha256-…'`.
    pub(super) fn source(&self) -> &str {
        &self.source
    }
}

/// Writes each character outside ASCII as a CSS escape, which works in names and in strings.
fn ascii(selector: &str) -> String {
    let mut ascii = String::with_capacity(selector.len());
    let mut escaped = false;
    for character in selector.chars() {
        if character.is_ascii() {
            ascii.push(character);
            escaped = character == '\\' && !escaped;
        } else {
            // A backslash before the character already escapes it, so no second one is added.
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
        // Computed with `openssl dgst -sha256 -binary | base64`.
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
