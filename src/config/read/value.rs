//! Converts single values. Each function returns the value, or a message with what is valid.

use figment::value::{Num, Value};
use std::ops::RangeInclusive;
use std::time::Duration;

/// The longest time, in seconds: one day. A longer time is most likely in the wrong unit.
const MAX_SECS: f64 = 86_400.0;

pub(in crate::config) fn text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(_, text) => Ok(text.clone()),
        Value::Char(_, character) => Ok(character.to_string()),
        _ => Err(must_be("a text in double quotes", value)),
    }
}

pub(in crate::config) fn boolean(value: &Value) -> Result<bool, String> {
    value.to_bool().ok_or_else(|| must_be("true or false", value))
}

/// Reads an integer within `bounds`.
pub(in crate::config) fn integer<T>(value: &Value, bounds: RangeInclusive<T>) -> Result<T, String>
where
    T: Copy + PartialOrd + TryFrom<i128> + std::fmt::Display,
{
    let expected = || format!("a whole number from {} to {}", bounds.start(), bounds.end());
    let Some(number) = to_integer(value) else { return Err(must_be(&expected(), value)) };
    match T::try_from(number) {
        Ok(number) if bounds.contains(&number) => Ok(number),
        _ => Err(format!("must be {}", expected())),
    }
}

/// Reads a time in seconds. Fractions are allowed, 0 is not.
pub(in crate::config) fn seconds(value: &Value) -> Result<Duration, String> {
    match seconds_or_zero(value) {
        Ok(time) if time.is_zero() => Err(format!("must be more than 0 and at most {MAX_SECS} seconds")),
        result => result,
    }
}

/// Reads a time in seconds. Fractions and 0 are allowed.
pub(in crate::config) fn seconds_or_zero(value: &Value) -> Result<Duration, String> {
    let number = match value {
        Value::Num(_, Num::F32(_) | Num::F64(_)) => value.to_f64(),
        // The cast never rounds a valid time: integers that `f64` cannot hold exactly are far above
        // `MAX_SECS`.
        _ => to_integer(value).map(|number| number as f64),
    };
    let Some(number) = number else { return Err(must_be("a number of seconds, such as 30 or 0.5", value)) };
    match Duration::try_from_secs_f64(number) {
        Ok(time) if number <= MAX_SECS => Ok(time),
        _ => Err(format!("must be at least 0 and at most {MAX_SECS} seconds")),
    }
}

/// Returns the integer, signed or unsigned: figment reads signed integers from files, and unsigned
/// integers from the environment.
fn to_integer(value: &Value) -> Option<i128> {
    value.to_i128().or_else(|| value.to_u128().and_then(|number| number.try_into().ok()))
}

/// Reads one of a few names.
pub(in crate::config) fn choice<T: Copy>(value: &Value, choices: &[(&str, T)]) -> Result<T, String> {
    let name = text(value)?;
    let names = || choices.iter().map(|(name, _)| *name);
    match choices.iter().find(|(known, _)| *known == name) {
        Some((_, choice)) => Ok(*choice),
        None => {
            let list: Vec<_> = names().map(|name| format!("\"{name}\"")).collect();
            let hint = closest(&name, names()).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
            Err(format!("must be one of {}{hint}", list.join(", ")))
        }
    }
}

/// Returns the message `must be EXPECTED, not ACTUAL`. ACTUAL is the type of the value, not the
/// value itself, which may be a secret.
pub(in crate::config) fn must_be(expected: &str, value: &Value) -> String {
    let found = match value {
        Value::Array(..) => "a list",
        Value::Bool(..) => "true or false",
        Value::Dict(..) => "a table",
        Value::Empty(..) => "nothing",
        Value::Num(..) => "a number",
        Value::Char(..) | Value::String(..) => "a text",
    };
    format!("must be {expected}, not {found}")
}

/// Returns the known name that is most similar to a misspelt name. Returns `None` if all known
/// names are too different.
pub(in crate::config) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.to_ascii_lowercase().replace('-', "_");
    let distance = |known: &str| strsim::damerau_levenshtein(&plain(name), &plain(known));
    // At most a third of the letters may differ: `pathregex` is close to `path_regex`, but `url` is
    // not close to `name`.
    let close = |known: &str| distance(known) <= (known.len() / 3).max(1);
    known.into_iter().filter(|known| close(known)).min_by_key(|known| distance(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["path", "path_regex", "fields", "reveal", "reveal_fields"];
        assert_eq!(closest("feilds", known), Some("fields"));
        assert_eq!(closest("Path-Regex", known), Some("path_regex"));
        assert_eq!(closest("reveals", known), Some("reveal"));
        assert_eq!(closest("url", known), None);
    }
}
