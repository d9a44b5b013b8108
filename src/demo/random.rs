//! Randomness from the standard library: good enough to tell demo keys apart, never for a real secret.

use std::hash::{BuildHasher, Hasher, RandomState};

/// `prefix` and 24 letters or digits, the form of a Dify key.
pub(super) fn token(prefix: &str) -> String {
    let mut token = String::from(prefix);
    token.extend((0..24).map(|_| ALPHANUMERIC[number() as usize % ALPHANUMERIC.len()] as char));
    token
}

/// An identifier with the form of a version 4 UUID.
pub(super) fn uuid() -> String {
    let (high, low) = (number(), number());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0x0fff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}

/// Each `RandomState` has keys of its own, so even the hash of nothing differs from call to call.
fn number() -> u64 {
    RandomState::new().build_hasher().finish()
}

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_form_of_dify_keys() {
        let token = token("app-");
        let (prefix, secret) = token.split_at(4);
        assert_eq!(prefix, "app-");
        assert_eq!(secret.len(), 24);
        assert!(secret.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn two_tokens_differ() {
        assert_ne!(token("ds-"), token("ds-"));
    }

    #[test]
    fn identifiers_have_the_form_of_a_random_uuid() {
        let id = uuid();
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&id.as_bytes()[19]));
    }
}
