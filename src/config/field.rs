//! Fields as people write them, compiled or refused with a message that points at the fault.

use crate::mask::{SelectorError, Selectors};

/// Compiles fields, each a name or a path.
///
/// # Errors
/// Every field that is refused: its position, and a message that may have several lines.
pub(crate) fn compile_fields(fields: &[String], ignore_case: bool) -> Result<Selectors, Vec<(usize, String)>> {
    let misread = fields.iter().enumerate().filter_map(|(position, field)| Some((position, misread(field)?)));
    let mut refused: Vec<_> = misread.collect();
    match Selectors::compile(fields, ignore_case) {
        Ok(selectors) if refused.is_empty() => return Ok(selectors),
        Ok(_) => {}
        Err(errors) => refused.extend(errors.into_iter().map(|(position, error)| {
            (position, fields.get(position).map_or_else(|| error.to_string(), |field| pointed(field, &error)))
        })),
    }
    Err(refused)
}

/// A name with a dot in it selects only a member that is really called so. Nearly always it was meant as a path, and then
/// nothing would be masked.
fn misread(field: &str) -> Option<String> {
    (!field.starts_with('$') && field.contains(['.', '[', '*'])).then(|| {
        let path = format!("$.{field}");
        // Not advised where it would be refused in turn.
        let path = if Selectors::compile([&path], false).is_ok() { path } else { "$.data[*].token".to_owned() };
        format!(
            "a name stands for itself at any depth: for a path write \"{path}\", for a member of that very name \
             \"$..['{field}']\""
        )
    })
}

/// The message, and below it the selector with a caret under the fault.
pub(super) fn pointed(selector: &str, error: &SelectorError) -> String {
    let (SelectorError::Syntax { rest_len } | SelectorError::Unsupported { rest_len }) = error else {
        return error.to_string();
    };
    let before = selector.get(..selector.len().saturating_sub(*rest_len)).unwrap_or_default();
    format!("{error}\n    {selector}\n    {}^", " ".repeat(before.chars().count()))
}
