//! Computes which texts a parsed regular expression can match.

use regex_syntax::hir::{Class, Hir, HirKind};

/// A set of bytes. A byte is in the set if its entry is true.
pub(in crate::config) type Bytes = [bool; 256];

/// Returns whether the expression can match a text that has only allowed bytes.
pub(in crate::config) fn can_match(hir: &Hir, allowed: impl Fn(u8) -> bool + Copy) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(|&byte| allowed(byte)),
        HirKind::Class(class) => (0..=u8::MAX).any(|byte| bytes_of(class)[usize::from(byte)] && allowed(byte)),
        HirKind::Repetition(repetition) => repetition.min == 0 || can_match(&repetition.sub, allowed),
        HirKind::Capture(group) => can_match(&group.sub, allowed),
        HirKind::Concat(all) => all.iter().all(|one| can_match(one, allowed)),
        HirKind::Alternation(all) => all.iter().any(|one| can_match(one, allowed)),
    }
}

/// Returns the bytes that a matching text can start with, or end with if `at_end` is true. Also
/// returns whether the expression can match the empty text.
pub(in crate::config) fn edge(hir: &Hir, at_end: bool) -> (Bytes, bool) {
    let mut bytes = [false; 256];
    let add = |bytes: &mut Bytes, other: Bytes| bytes.iter_mut().zip(other).for_each(|(byte, other)| *byte |= other);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (bytes, true),
        HirKind::Literal(literal) => {
            let byte = if at_end { literal.0.last() } else { literal.0.first() };
            byte.into_iter().for_each(|&byte| bytes[usize::from(byte)] = true);
            (bytes, false)
        }
        HirKind::Class(class) => (bytes_of(class), false),
        HirKind::Repetition(repetition) => {
            let (bytes, empty) = edge(&repetition.sub, at_end);
            (bytes, empty || repetition.min == 0)
        }
        HirKind::Capture(group) => edge(&group.sub, at_end),
        HirKind::Concat(all) => {
            for index in 0..all.len() {
                let (more, empty) = edge(&all[if at_end { all.len() - 1 - index } else { index }], at_end);
                add(&mut bytes, more);
                if !empty {
                    return (bytes, false);
                }
            }
            (bytes, true)
        }
        HirKind::Alternation(all) => {
            let mut any_empty = false;
            for (more, empty) in all.iter().map(|one| edge(one, at_end)) {
                add(&mut bytes, more);
                any_empty |= empty;
            }
            (bytes, any_empty)
        }
    }
}

/// Returns literals that every matching text contains. They have no letters: since letters match in
/// both cases, the parser makes each one a class.
pub(in crate::config) fn required_literals(hir: &Hir) -> Vec<&[u8]> {
    match hir.kind() {
        HirKind::Literal(literal) => vec![&literal.0],
        HirKind::Capture(group) => required_literals(&group.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required_literals(&repetition.sub),
        HirKind::Concat(all) => all.iter().flat_map(required_literals).collect(),
        _ => Vec::new(),
    }
}

/// Returns the bytes of a class. If a class has any character that is not ASCII, the result has all
/// bytes from 0x80.
pub(in crate::config) fn bytes_of(class: &Class) -> Bytes {
    let mut bytes = [false; 256];
    match class {
        Class::Bytes(class) => {
            for range in class.iter() {
                bytes[usize::from(range.start())..=usize::from(range.end())].fill(true);
            }
        }
        Class::Unicode(class) => {
            for range in class.iter() {
                let in_range = |byte: u8| (range.start()..=range.end()).contains(&char::from(byte));
                (0..0x80).filter(|byte| in_range(*byte)).for_each(|byte| bytes[usize::from(byte)] = true);
                if !range.end().is_ascii() {
                    bytes[0x80..].fill(true);
                }
            }
        }
    }
    bytes
}

/// Appends a text that the expression matches to `path`.
pub(in crate::config) fn write_sample(hir: &Hir, path: &mut Vec<u8>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => path.extend_from_slice(&literal.0),
        HirKind::Class(class) => {
            let bytes = bytes_of(class);
            let plain = (b'a'..=b'z').chain(b'0'..=b'9').chain(0..=u8::MAX).find(|byte| bytes[usize::from(*byte)]);
            path.extend(plain);
        }
        HirKind::Repetition(repetition) => (0..repetition.min).for_each(|_| write_sample(&repetition.sub, path)),
        HirKind::Capture(group) => write_sample(&group.sub, path),
        HirKind::Concat(all) => all.iter().for_each(|one| write_sample(one, path)),
        HirKind::Alternation(all) => all.iter().take(1).for_each(|one| write_sample(one, path)),
    }
}
