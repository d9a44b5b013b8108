//! The loop of the block scanner.

use super::filter::KeyMatch;
use super::follow::{Follow, TreePosition};
use super::grammar::{Brackets, Carry, OpenBefore, Proof, Scanned, Window, check};
use super::handover::{enter, leave};
use super::kernel::{BLOCK, Kernel, Work, padded_block};
use super::program::Program;
use super::shape_tree::{MaskedMember, NodeId, ShapeNode, ShapeTree};
use super::text::{PassString, plain_string};
use crate::mask::core::{Cursor, KindStack, ParseState, Sink, TextState, Treatment};
use crate::mask::rules::MemberKey;

/// Reads blocks from the cursor on, up to the first byte that needs the byte machine. See
/// `handover.rs`.
pub(crate) struct Scan<'s, 'c, 'a, S> {
    program: &'s Program,
    state: &'s mut TextState,
    shapes: &'s mut ShapeTree,
    cursor: &'c mut Cursor<'a, S>,
    scanned: Scanned<'a>,
    /// The treatment of values in the innermost object or array, except for members that the rules
    /// name.
    default_treatment: Treatment,
}

/// The findings about the keys of a proved block.
#[derive(Clone, Copy)]
struct ProvedKeys {
    /// The block's position in the chunk.
    at: usize,
    /// The opening quotes of keys that may be names.
    candidates: u64,
    brackets: Brackets,
    /// The open objects and arrays after the block.
    kinds: KindStack,
}

/// The step after the keys of a block were looked at.
enum NextStep {
    /// Read the next block. These brackets of this block are not yet applied to the nesting.
    Block(Brackets),
    /// Read the block that starts after this masked value.
    After(MaskedValue),
    /// Hand over to the machine, which must read at least up to `until`.
    Machine { until: usize },
}

/// A masked value, by positions in the chunk.
#[derive(Clone, Copy)]
struct MaskedValue {
    /// The first byte of the name, after the quote.
    key: usize,
    start: usize,
    /// The closing quote of the value.
    end: usize,
}

/// The outcome for one key.
enum KeyOutcome {
    /// The value has the default treatment.
    Passed,
    Masked(MaskedValue),
    /// The machine must read the value.
    Unusual,
}

impl<'s, 'c, 'a, S: Sink> Scan<'s, 'c, 'a, S> {
    pub(crate) fn new(
        program: &'s Program,
        state: &'s mut TextState,
        shapes: &'s mut ShapeTree,
        cursor: &'c mut Cursor<'a, S>,
    ) -> Self {
        let opened = matches!(state.parse, ParseState::FirstMember | ParseState::FirstElement);
        let scanned = Scanned { chunk: cursor.chunk(), start: cursor.at, opened };
        let default_treatment = state.default_treatment(&program.rules);
        Self { program, state, shapes, cursor, scanned, default_treatment }
    }

    /// Stops before the block at `at`.
    #[cold]
    fn stop_before(&mut self, at: usize, carry: Carry) {
        let (at, parse) = leave(&self.scanned, at, carry);
        self.stop_within(at, parse);
    }

    /// Stops within a block.
    #[inline(never)]
    fn stop_within(&mut self, at: usize, parse: ParseState) {
        self.cursor.at = at;
        self.state.parse = parse;
        self.state.next = self.default_treatment;
    }

    /// Returns the node after a masked value. Proofs are for one depth, so there is no node if more
    /// objects and arrays are open than [`KindStack`] holds.
    #[inline(always)]
    fn node_after_value(&mut self) -> NodeId {
        let nesting = &self.state.nesting;
        if nesting.is_deep() { NodeId::NONE } else { self.shapes.after_value(nesting.inner()) }
    }

    /// Returns the node for the start of a text, or [`NodeId::NONE`] elsewhere in the text.
    #[inline]
    fn start_node(&mut self, carry: Carry) -> NodeId {
        let nesting = &self.state.nesting;
        let starts =
            nesting.depth() == 1 && matches!(self.state.parse, ParseState::FirstMember | ParseState::FirstElement);
        if starts { self.shapes.start(nesting.inner(), carry) } else { NodeId::NONE }
    }

    /// Applies brackets of a proved block to the nesting. `at` is the block's position. Returns
    /// `true`, and stops, after a bracket if every value after it needs the machine.
    #[inline(always)]
    fn pass(&mut self, at: usize, brackets: Brackets, after: KindStack) -> bool {
        if self.program.flat {
            self.state.nesting.set_inner(after);
            return false;
        }
        self.pass_in_order(at, brackets)
    }

    #[inline(never)]
    fn pass_in_order(&mut self, at: usize, brackets: Brackets) -> bool {
        for (bit, opens, object) in brackets.in_order() {
            if opens {
                self.state.nesting.open(object, self.default_treatment);
            } else {
                self.state.nesting.close(object);
            }
            self.default_treatment = self.state.default_treatment(&self.program.rules);
            if self.default_treatment.is_special() {
                let parse = if opens { self.state.after_open() } else { ParseState::AfterValue };
                self.stop_within(at + bit as usize + 1, parse);
                return true;
            }
        }
        false
    }

    /// Finds names among the keys of a proved block, and masks their values.
    #[inline(always)]
    fn look_at_keys<K: Kernel>(&mut self, kernel: K, keys: ProvedKeys) -> NextStep {
        let ProvedKeys { at, mut candidates, mut brackets, kinds } = keys;
        let chunk = self.cursor.chunk();
        while candidates != 0 {
            let bit = candidates.trailing_zeros();
            candidates &= candidates - 1;
            let key_at = at + bit as usize + 1;
            let KeyMatch::Name(len) = self.program.keys.find(chunk.get(key_at..).unwrap_or_default()) else { continue };
            if self.program.flat && brackets.are_before(bit) {
                self.state.nesting.set_inner(kinds);
            } else {
                let (before, after) = brackets.split(bit);
                if self.pass(at, before, before.kinds_after(self.state.nesting.inner())) {
                    return NextStep::Machine { until: at + BLOCK };
                }
                brackets = after;
            }
            match self.treat(kernel, key_at, len) {
                KeyOutcome::Passed => {}
                // The next block starts after the value, so that blocks are cut alike in every item
                // of a list.
                KeyOutcome::Masked(value) => return NextStep::After(value),
                KeyOutcome::Unusual => {
                    self.stop_within(key_at - 1, ParseState::Member);
                    return NextStep::Machine { until: key_at };
                }
            }
        }
        NextStep::Block(brackets)
    }

    /// Masks the value of the key at `key`, if it must be masked. `len` is the length of the key,
    /// which is a name; `None` if the chunk ends too early to decide.
    #[inline(always)]
    fn treat<K: Kernel>(&mut self, kernel: K, key: usize, len: Option<usize>) -> KeyOutcome {
        let chunk = self.cursor.chunk();
        let rules = &self.program.rules;
        let Some(len) = len else { return KeyOutcome::Unusual };
        if !self.program.masks_all_names {
            let Some(name) = chunk.get(key..key + len) else { return KeyOutcome::Unusual };
            let nesting = &self.state.nesting;
            let treatment = rules.member(nesting.inside(), nesting.depth(), MemberKey::Known(name));
            if treatment == self.default_treatment {
                return KeyOutcome::Passed;
            }
            if !treatment.mask {
                return KeyOutcome::Unusual;
            }
        }
        let start = match chunk.get(key + len + 1..) {
            Some([b':', b'"', ..]) => key + len + 3,
            _ => match spaced_string(chunk, key + len + 1) {
                Some(start) => start,
                None => return KeyOutcome::Unusual,
            },
        };
        let text = chunk.get(start..).unwrap_or_default();
        let Some(secret) = plain_string(kernel, text) else { return KeyOutcome::Unusual };
        self.cursor.mask_plain(start, secret, &rules.policy, &mut self.state.summary);
        KeyOutcome::Masked(MaskedValue { key, start, end: start + secret.len() })
    }

    /// Runs [`Follow`] from `at` and `node`. Returns the position and node that it reached.
    #[inline(always)]
    fn follow<K: Kernel>(&mut self, kernel: K, at: usize, node: NodeId) -> (usize, NodeId) {
        let TextState { nesting, summary, .. } = &mut *self.state;
        let follow = Follow {
            keys: &self.program.keys,
            policy: &self.program.rules.policy,
            shapes: self.shapes,
            cursor: self.cursor,
            summary,
            from: TreePosition { at, node },
        };
        let reached = kernel.run(follow);
        if reached.at > at {
            nesting.set_inner(self.shapes.kinds(reached.node));
            self.shapes.reset_budget();
        }
        (reached.at, reached.node)
    }

    /// Returns the masked member of a proved block, if every block of the same shape has the same
    /// member. Otherwise returns `None`.
    #[inline(always)]
    fn repeatable_member(&self, at: usize, candidates: u64, value: MaskedValue) -> Option<MaskedMember> {
        let (key, start) = (value.key - 1 - at, value.start - at);
        // No earlier key may be a name. The name may have no digit, because a shape allows any
        // other digit in its place.
        let is_first = key == candidates.trailing_zeros() as usize;
        let chunk = self.cursor.chunk();
        let repeats = start <= BLOCK
            && is_first
            && self.program.masks_all_names
            && !chunk.get(value.key..value.start)?.iter().any(u8::is_ascii_digit);
        repeats.then_some(MaskedMember { key: key as u8, value: start as u8 })
    }
}

impl<S: Sink> Work for Scan<'_, '_, '_, S> {
    /// `until`: the position up to which the machine must read at least.
    type Output = usize;

    #[inline(always)]
    fn run<K: Kernel>(mut self, kernel: K) -> usize {
        let Scanned { chunk, start: mut at, .. } = self.scanned;
        let too_deep = self.state.nesting.too_deep(self.program.rules.max_depth);
        let Some(mut carry) = enter(self.state, self.default_treatment, too_deep) else {
            return at + BLOCK;
        };
        if carry.in_plain_string() {
            at = kernel.run(PassString { chunk, at });
        }
        let mut node = self.start_node(carry);
        let mut padded;
        loop {
            if node != NodeId::NONE {
                if self.program.flat {
                    (at, node) = self.follow(kernel, at, node);
                }
                if let Some(block) = chunk.get(at..).and_then(<[u8]>::first_chunk)
                    && let Some((known, id)) =
                        self.shapes.find_child(kernel, node, self.shapes.first_child(node), block)
                    && known.masked.is_none()
                {
                    let ShapeNode { candidates, brackets, kinds, skips_string, .. } = *known;
                    self.shapes.reset_budget();
                    match self.look_at_keys(kernel, ProvedKeys { at, candidates, brackets, kinds }) {
                        NextStep::Block(brackets) if self.pass(at, brackets, kinds) => return at + BLOCK,
                        NextStep::Block(_) => {
                            (at, node) = (at + BLOCK, id);
                            if skips_string {
                                at = kernel.run(PassString { chunk, at });
                            }
                        }
                        NextStep::After(value) => {
                            (at, node) = (value.end + 1, self.node_after_value());
                            // Needed if there is no node to read the carry from.
                            carry = Carry::AFTER_VALUE;
                        }
                        NextStep::Machine { until } => return until,
                    }
                    continue;
                }
                carry = self.shapes.carry(node);
            }
            let text = chunk.get(at..).unwrap_or_default();
            let block = match text.first_chunk() {
                Some(block) => block,
                None if text.is_empty() => {
                    self.stop_before(at, carry);
                    return at;
                }
                None => {
                    padded = padded_block(text);
                    &padded
                }
            };
            let inside = kernel.inside(block);
            let open = OpenBefore { kinds: self.state.nesting.inner(), too_deep };
            let proof = check(kernel, Window { block, text, at, scanned: &self.scanned }, inside, carry, open);
            if proof.faults != 0 {
                self.stop_before(at, carry);
                return at + BLOCK;
            }
            // A block that is cut off by the end of the chunk has no shape.
            if text.len() < BLOCK {
                node = NodeId::NONE;
            }
            let Proof { keys, quotes, brackets, kinds, .. } = proof;
            let candidates = self.program.keys.candidates(kernel, block, keys, quotes);
            match self.look_at_keys(kernel, ProvedKeys { at, candidates, brackets, kinds }) {
                NextStep::Block(brackets) if proof.end == 0 => {
                    if self.pass(at, brackets, kinds) {
                        return at + BLOCK;
                    }
                    if node != NodeId::NONE {
                        let candidates = self.program.keys.of_length(keys, quotes);
                        node = self.shapes.insert(node, block, &proof, candidates);
                    }
                    carry = proof.carry;
                    at += text.len().min(BLOCK);
                    if self.shapes.skips_string(node) && carry.in_plain_string() {
                        at = kernel.run(PassString { chunk, at });
                    }
                }
                NextStep::Block(brackets) => {
                    let bit = proof.end.trailing_zeros();
                    let (before, _) = brackets.split(bit);
                    if self.pass(at, before, before.kinds_after(self.state.nesting.inner())) {
                        return at + BLOCK;
                    }
                    let end = at + bit as usize;
                    let opened = self.scanned.is_opened(end);
                    self.stop_within(end, if opened { self.state.after_open() } else { ParseState::AfterValue });
                    return end + 1;
                }
                NextStep::After(value) => {
                    let candidates = self.program.keys.of_length(keys, quotes);
                    if node != NodeId::NONE
                        && let Some(member) = self.repeatable_member(at, candidates, value)
                    {
                        let kinds = self.state.nesting.inner();
                        self.shapes.insert_masked(node, block, &proof, kinds, member);
                    }
                    at = value.end + 1;
                    carry = Carry::AFTER_VALUE;
                    node = self.node_after_value();
                }
                NextStep::Machine { until } => return until,
            }
        }
    }
}

/// Skips white space, a colon, white space and a quote. Returns the position after them, or `None`
/// if the bytes at `at` are others.
fn spaced_string(chunk: &[u8], at: usize) -> Option<usize> {
    let skip_space = |at: usize| {
        let rest = chunk.get(at..).unwrap_or_default();
        at + rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).unwrap_or(rest.len())
    };
    let colon = skip_space(at);
    let quote = skip_space(colon + 1);
    ((chunk.get(colon), chunk.get(quote)) == (Some(&b':'), Some(&b'"'))).then_some(quote + 1)
}
