//! Recognizes CSS selectors of form controls. If a page loses a control, the next save of its form
//! stores no value for the control.

/// Returns whether a selector list can select a control whose value a form sends.
pub(in crate::config) fn selects_control(selector: &str) -> bool {
    let is_combinator = |c: char| c.is_whitespace() || matches!(c, '>' | '+' | '~');
    let subject = |alternative: &str| split_unquoted(alternative.trim(), is_combinator).pop().is_some_and(is_control);
    split_unquoted(selector, |c| c == ',').into_iter().any(subject)
}

/// Returns whether a compound selector (`input.key[name=x]`) can select a control.
fn is_control(compound: &str) -> bool {
    let end = compound.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(compound.len());
    let (element, rest) = compound.split_at(end);
    let rest = rest.to_ascii_lowercase();
    // Buttons do not count: a server stores no value of a button.
    let unquoted = rest.replace(['"', '\'', ' '], "");
    let is_button =
        ["button", "submit", "reset", "image"].iter().any(|kind| unquoted.contains(&format!("[type={kind}]")));
    let element = element.to_ascii_lowercase();
    match element.as_str() {
        "input" => !is_button,
        "select" | "textarea" | "option" | "optgroup" | "fieldset" | "form" => true,
        "" | "*" => (rest.contains("[name") || rest.contains("[type") || rest.contains("[value")) && !is_button,
        _ => false,
    }
}

/// Splits a selector at the characters for which `divides` is true, but not inside brackets or
/// quotes. Empty parts are dropped.
fn split_unquoted(selector: &str, divides: impl Fn(char) -> bool) -> Vec<&str> {
    let (mut depth, mut quote, mut start) = (0_usize, None, 0);
    let mut parts = Vec::new();
    for (at, character) in selector.char_indices() {
        match (character, quote) {
            (_, Some(mark)) => quote = quote.filter(|_| character != mark),
            ('"' | '\'', None) => quote = Some(character),
            ('[' | '(', None) => depth += 1,
            (']' | ')', None) => depth = depth.saturating_sub(1),
            _ if depth == 0 && divides(character) => {
                parts.push(&selector[start..at]);
                start = at + character.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&selector[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}
