//! Selectors of form controls: a form that is saved without one of its controls stores nothing for it.

/// Whether what a selector selects may be a control whose value a form sends.
pub(in crate::config) fn selects_control(selector: &str) -> bool {
    alternatives(selector).into_iter().any(|alternative| is_control(last_compound(alternative)))
}

/// Whether a compound selector (`input.key[name=x]`) may be of a control.
fn is_control(compound: &str) -> bool {
    let end = compound.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(compound.len());
    let (element, rest) = compound.split_at(end);
    let rest = rest.to_ascii_lowercase();
    // A button sends nothing that is kept.
    let is_button = ["button", "submit", "reset", "image"].iter().any(|kind| {
        let said = rest.replace(['"', '\'', ' '], "");
        said.contains(&format!("[type={kind}]"))
    });
    let element = element.to_ascii_lowercase();
    match element.as_str() {
        "input" => !is_button,
        "select" | "textarea" | "option" | "optgroup" | "fieldset" | "form" => true,
        "" | "*" => (rest.contains("[name") || rest.contains("[type") || rest.contains("[value")) && !is_button,
        _ => false,
    }
}

/// What stands between the commas of a list of selectors.
fn alternatives(selector: &str) -> Vec<&str> {
    outside(selector, |c| c == ',')
}

/// What a selector selects in the end: what stands behind its last combinator.
fn last_compound(selector: &str) -> &str {
    let is_combinator = |c: char| c.is_whitespace() || matches!(c, '>' | '+' | '~');
    outside(selector.trim(), is_combinator).pop().unwrap_or_default()
}

/// Splits a selector where no bracket is open and no quote.
fn outside(selector: &str, divides: impl Fn(char) -> bool) -> Vec<&str> {
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
