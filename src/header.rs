//! Helpers for header fields: lists, white space, and removal.

use http::{HeaderMap, HeaderName};

/// Returns the items of a comma-separated list, without the blanks around them and without empty
/// items (RFC 9110 5.6.1).
pub(crate) fn list_items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim_ows).filter(|item| !item.is_empty())
}

/// Removes spaces and tabs, and no other white space, from both ends (OWS of RFC 9110 5.6.3).
pub(crate) fn trim_ows(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Removes all fields whose name is unwanted.
///
/// Looking at each field once costs less than one look-up in the map for each of many names that
/// are rarely present.
pub(crate) fn remove_where(headers: &mut HeaderMap, is_unwanted: impl Fn(&HeaderName) -> bool) {
    while let Some(name) = headers.keys().find(|name| is_unwanted(name)).cloned() {
        headers.remove(name);
    }
}
