//! Whether an expression matches any path as paths are compared: one `/` before each segment, and nothing that a server resolves or
//! drops before it looks.

use super::language::bytes_of;
use regex_syntax::hir::{Hir, HirKind, Look};

/// How far a path was read.
#[derive(Clone, Copy)]
enum Read {
    Nothing,
    /// `/` alone.
    Root,
    /// A `/` behind a segment.
    Slash,
    /// `.` as all of a segment.
    Dot,
    /// `..` as all of a segment.
    Dots,
    KeySegment,
    /// A segment up to a dot or a space, which is dropped at the end of a path.
    Dropped,
    /// All of it: nothing may follow.
    All,
}

use Read::{All, Dot, Dots, Dropped, KeySegment, Nothing, Root, Slash};

const STATES: [Read; 8] = [Nothing, Root, Slash, Dot, Dots, KeySegment, Dropped, All];

/// Most repetitions that are followed one by one: beyond, they lead nowhere else.
const MOST_REPEATED: u32 = 16;

/// Whether a whole path may match.
pub(in crate::config) fn matches_plain_path(hir: &Hir) -> bool {
    behind(hir, of(Nothing)) & (of(Root) | of(KeySegment) | of(All)) != 0
}

/// A set of states, a bit for each.
type States = u8;

const fn of(state: Read) -> States {
    1 << state as u8
}

/// The states that some text which matches leads to from these.
fn behind(hir: &Hir, from: States) -> States {
    match hir.kind() {
        HirKind::Look(Look::Start) => from & of(Nothing),
        HirKind::Look(Look::End) if from & (of(Root) | of(KeySegment) | of(All)) != 0 => of(All),
        HirKind::Look(Look::End) => 0,
        // Whether the other anchors hold is not followed.
        HirKind::Empty | HirKind::Look(_) => from,
        HirKind::Literal(literal) => literal.0.iter().fold(from, |states, &byte| read(states, byte)),
        HirKind::Class(class) => {
            let bytes = bytes_of(class);
            (0..=u8::MAX).filter(|byte| bytes[usize::from(*byte)]).fold(0, |states, byte| states | read(from, byte))
        }
        HirKind::Repetition(repetition) => {
            let least = repetition.min.min(MOST_REPEATED);
            let mut states = (0..least).fold(from, |states, _| behind(&repetition.sub, states));
            let more = repetition.max.map_or(MOST_REPEATED, |most| most.saturating_sub(least).min(MOST_REPEATED));
            let mut last = states;
            for _ in 0..more {
                last = behind(&repetition.sub, last);
                states |= last;
            }
            states
        }
        HirKind::Capture(group) => behind(&group.sub, from),
        HirKind::Concat(all) => all.iter().fold(from, |states, one| behind(one, states)),
        HirKind::Alternation(all) => all.iter().fold(0, |states, one| states | behind(one, from)),
    }
}

fn read(from: States, byte: u8) -> States {
    let next = STATES.iter().filter(|state| from & of(**state) != 0).filter_map(|state| next(*state, byte));
    next.fold(0, |states, state| states | of(state))
}

/// The state behind a byte. `None` where no path goes on so.
fn next(state: Read, byte: u8) -> Option<Read> {
    match (state, byte) {
        (Nothing, b'/') => Some(Root),
        (KeySegment | Dropped, b'/') => Some(Slash),
        (Nothing | All, _) | (_, b'/' | b'?' | b'#' | b'%' | b'\\' | 0..=0x1f | 0x7f) => None,
        (Root | Slash, b'.') => Some(Dot),
        (Dot, b'.') => Some(Dots),
        (_, b'.' | b' ') => Some(Dropped),
        _ => Some(KeySegment),
    }
}
