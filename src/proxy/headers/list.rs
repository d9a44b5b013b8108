//! Comma-separated header values.

/// Returns the items of a list, without the blanks around them and without empty items (RFC 9110
/// 5.6.1).
pub(super) fn list_items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|item| !item.is_empty())
}
