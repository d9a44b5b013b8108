//! Computes whether an expression can match a canonical path. Such a path has one `/` before each
//! segment, and nothing that servers resolve or drop before they compare paths, such as `..`.
//!
//! A state machine reads canonical paths. The expression is run over sets of its states.

use super::language::bytes_of;
use regex_syntax::hir::{Hir, HirKind, Look};

/// The state of the machine that reads a canonical path, after the bytes so far.
#[derive(Clone, Copy)]
enum PathState {
    Start,
    /// After the first `/`. If the path ends here, it is that of the root.
    Root,
    /// After a `/` that follows a segment.
    Slash,
    /// The last segment is `.` so far.
    Dot,
    /// The last segment is `..` so far.
    Dots,
    InSegment,
    /// The last segment ends with a dot or space. The path must not end here, because some servers
    /// drop that dot or space.
    Dropped,
    /// After `$` in the expression: no byte may follow.
    End,
}

use PathState::{Dot, Dots, Dropped, End, InSegment, Root, Slash, Start};

const STATES: [PathState; 8] = [Start, Root, Slash, Dot, Dots, InSegment, Dropped, End];

/// Repetitions are followed only up to this count, since more of them reach no new state.
const MAX_REPETITIONS: u32 = 16;

/// Returns whether the expression can match a whole path.
pub(in crate::config) fn matches_plain_path(hir: &Hir) -> bool {
    after(hir, of(Start)) & COMPLETE != 0
}

/// A set of states. Each state is one bit.
type States = u8;

/// The states in which a canonical path may end.
const COMPLETE: States = of(Root) | of(InSegment) | of(End);

const fn of(state: PathState) -> States {
    1 << state as u8
}

/// Returns all states that the machine can reach from a state in `from`, by reading a text that the
/// expression matches.
fn after(hir: &Hir, from: States) -> States {
    match hir.kind() {
        HirKind::Look(Look::Start) => from & of(Start),
        HirKind::Look(Look::End) if from & COMPLETE != 0 => of(End),
        HirKind::Look(Look::End) => 0,
        // Other anchors, such as `\b`, are assumed to match.
        HirKind::Empty | HirKind::Look(_) => from,
        HirKind::Literal(literal) => literal.0.iter().fold(from, |states, &byte| step(states, byte)),
        HirKind::Class(class) => {
            let bytes = bytes_of(class);
            (0..=u8::MAX).filter(|byte| bytes[usize::from(*byte)]).fold(0, |states, byte| states | step(from, byte))
        }
        HirKind::Repetition(repetition) => {
            let least = repetition.min.min(MAX_REPETITIONS);
            let mut states = (0..least).fold(from, |states, _| after(&repetition.sub, states));
            let more = repetition.max.map_or(MAX_REPETITIONS, |most| most.saturating_sub(least).min(MAX_REPETITIONS));
            let mut last = states;
            for _ in 0..more {
                last = after(&repetition.sub, last);
                states |= last;
            }
            states
        }
        HirKind::Capture(group) => after(&group.sub, from),
        HirKind::Concat(all) => all.iter().fold(from, |states, one| after(one, states)),
        HirKind::Alternation(all) => all.iter().fold(0, |states, one| states | after(one, from)),
    }
}

fn step(from: States, byte: u8) -> States {
    let next = STATES.iter().filter(|state| from & of(**state) != 0).filter_map(|state| next(*state, byte));
    next.fold(0, |states, state| states | of(state))
}

/// Returns the state after one more byte, or `None` if no canonical path has this byte here.
fn next(state: PathState, byte: u8) -> Option<PathState> {
    match (state, byte) {
        (Start, b'/') => Some(Root),
        (InSegment | Dropped, b'/') => Some(Slash),
        (Start | End, _) | (_, b'/' | b'?' | b'#' | b'%' | b'\\' | 0..=0x1f | 0x7f) => None,
        (Root | Slash, b'.') => Some(Dot),
        (Dot, b'.') => Some(Dots),
        (_, b'.' | b' ') => Some(Dropped),
        _ => Some(InSegment),
    }
}
