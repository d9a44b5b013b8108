//! Goes from block to block.

use super::super::cursor::Cursor;
use super::super::nesting::Kinds;
use super::super::place::Place;
use super::super::selector::Key;
use super::super::state::State;
use super::super::treatment::Treatment;
use super::super::{Rules, Sink};
use super::bits::{BLOCK, padded_block};
use super::brackets::{Brackets, Nest};
use super::carry::Carry;
use super::check::{Proof, Read, Window, check};
use super::filter::Ahead;
use super::follow::{Follow, Reached};
use super::kernel::{Kernel, Work};
use super::shapes::{Known, Masked, Shapes, Trail};
use super::text::{PassString, plain_string};

/// Whether blocks can be read from here on.
#[inline]
pub(in crate::mask) fn can_scan(state: &State) -> bool {
    state.nesting.is_object().is_some() && Carry::at(state.place).is_some()
}

/// The work of reading blocks from where the machine stands, up to where the machine must go on.
pub(in crate::mask) struct Scan<'s, 'c, 'a, S> {
    rules: &'s Rules,
    state: &'s mut State,
    shapes: &'s mut Shapes,
    cursor: &'c mut Cursor<'a, S>,
    /// From where on blocks were read.
    read: Read<'a>,
    /// The treatment of the innermost object's or array's values, but for members that are asked for by name.
    others: Treatment,
}

/// What is known of a proved block's keys.
#[derive(Clone, Copy)]
struct Keys {
    /// The block's place in the chunk.
    at: usize,
    /// Those that may be names.
    candidates: u64,
    brackets: Brackets,
    /// Behind the block.
    kinds: Kinds,
}

/// Where to go on.
enum Next {
    /// With the next block, once these brackets of this one are passed.
    Block(Brackets),
    /// Behind a masked value.
    Behind(Value),
    /// The machine is to go on, and up to here at least.
    Machine { until: usize },
}

/// A masked value, by places in the chunk.
#[derive(Clone, Copy)]
struct Value {
    /// Of its name's first byte.
    key: usize,
    /// Of its own first byte.
    begin: usize,
    /// Of the quote that ends it.
    end: usize,
}

/// What was done about a key.
enum Found {
    /// Its value is treated like any other.
    Nothing,
    /// Its value was masked.
    Masked(Value),
    /// The machine must see to it.
    Unusual,
}

impl<'s, 'c, 'a, S: Sink> Scan<'s, 'c, 'a, S> {
    pub(in crate::mask) fn new(
        rules: &'s Rules,
        state: &'s mut State,
        shapes: &'s mut Shapes,
        cursor: &'c mut Cursor<'a, S>,
    ) -> Self {
        let opened = matches!(state.place, Place::FirstMember | Place::FirstElement);
        let read = Read { chunk: cursor.chunk(), start: cursor.at, opened };
        let others = others(rules, state);
        Self { rules, state, shapes, cursor, read, others }
    }

    /// The machine is to go on at a block's first byte.
    #[cold]
    fn stop(&mut self, at: usize, carry: Carry) {
        let Read { chunk, start, .. } = self.read;
        let read = chunk.get(start..at).unwrap_or_default();
        let back_to = |is_before: fn(u8) -> bool| {
            start + read.iter().rposition(|&byte| is_before(byte)).map_or(0, |position| position + 1)
        };
        // The machine reads keys, numbers and literals from their first byte. What was read of this key has no quotes in it.
        (self.cursor.at, self.state.place) = if carry.in_key == 1 {
            (back_to(|byte| byte == b'"').saturating_sub(1), Place::Member)
        } else if carry.in_scalar == 1 {
            (back_to(|byte| matches!(byte, b',' | b':' | b'[' | b' ' | b'\t' | b'\n' | b'\r')), Place::Value)
        } else {
            (at, carry.place(self.read.is_opened(at)))
        };
        self.state.next = self.others;
    }

    /// The trail behind a masked value. Proofs are for one depth, so they are kept only where the kinds tell how deep it is.
    #[inline(always)]
    fn begin(&mut self) -> Trail {
        let nesting = &self.state.nesting;
        if nesting.is_deep() { Trail::LOST } else { self.shapes.begin(nesting.inner()) }
    }

    /// The trail at the beginning of a text.
    #[inline]
    fn start(&mut self, carry: Carry) -> Trail {
        let starts =
            self.state.nesting.depth() == 1 && matches!(self.state.place, Place::FirstMember | Place::FirstElement);
        if starts { self.shapes.start(self.state.nesting.inner(), carry) } else { Trail::LOST }
    }

    /// Where one is behind a bracket that opens.
    fn place_after_open(&self) -> Place {
        if self.state.nesting.is_object() == Some(true) { Place::FirstMember } else { Place::FirstElement }
    }

    /// The machine is to go on within a block.
    #[inline(never)]
    fn stop_at(&mut self, at: usize, place: Place) {
        self.cursor.at = at;
        self.state.place = place;
        self.state.next = self.others;
    }

    /// Takes over what these brackets of a proved block open and close. `at` is the block's place; `true` if the machine must go on
    /// within it, because a bracket leads to where it makes a difference to every value.
    #[inline(always)]
    fn pass(&mut self, at: usize, brackets: Brackets, behind: Kinds) -> bool {
        if self.rules.flat {
            self.state.nesting.set_inner(behind);
            return false;
        }
        self.pass_in_order(at, brackets)
    }

    #[inline(never)]
    fn pass_in_order(&mut self, at: usize, brackets: Brackets) -> bool {
        for (bit, opens, object) in brackets.in_order() {
            if opens {
                self.state.nesting.open(object, self.others);
            } else {
                self.state.nesting.close(object);
            }
            self.others = others(self.rules, self.state);
            if self.others.is_special() {
                let place = if opens { self.place_after_open() } else { Place::AfterValue };
                self.stop_at(at + bit as usize + 1, place);
                return true;
            }
        }
        false
    }

    /// Looks for names among the keys of a proved block, and does what is to be done about them.
    #[inline(always)]
    fn look_at_keys<K: Kernel>(&mut self, kernel: K, keys: Keys) -> Next {
        let Keys { at, mut candidates, mut brackets, kinds } = keys;
        let chunk = self.cursor.chunk();
        while candidates != 0 {
            let bit = candidates.trailing_zeros();
            candidates &= candidates - 1;
            let key_at = at + bit as usize + 1;
            let Ahead::Name(len) = self.rules.keys.ahead(chunk.get(key_at..).unwrap_or_default()) else { continue };
            if self.rules.flat && brackets.are_before(bit) {
                self.state.nesting.set_inner(kinds);
            } else {
                let (before, behind) = brackets.split(bit);
                if self.pass(at, before, before.kinds_behind(self.state.nesting.inner())) {
                    return Next::Machine { until: at + BLOCK };
                }
                brackets = behind;
            }
            match self.treat(kernel, key_at, len) {
                Found::Nothing => {}
                // On from behind the value: in a list the blocks then lie alike in every item.
                Found::Masked(value) => return Next::Behind(value),
                Found::Unusual => {
                    self.stop_at(key_at - 1, Place::Member);
                    return Next::Machine { until: key_at };
                }
            }
        }
        Next::Block(brackets)
    }

    /// Does what is to be done about a key that is a name of `len` bytes and begins at `key`.
    #[inline(always)]
    fn treat<K: Kernel>(&mut self, kernel: K, key: usize, len: Option<usize>) -> Found {
        let chunk = self.cursor.chunk();
        let Some(len) = len else { return Found::Unusual };
        if !self.rules.masks_all_names {
            let Some(name) = chunk.get(key..key + len) else { return Found::Unusual };
            let State { nesting, .. } = &self.state;
            let treatment = self.rules.member(nesting.inside(), nesting.depth(), Key::Known(name));
            if treatment == self.others {
                return Found::Nothing;
            }
            if !treatment.mask {
                return Found::Unusual;
            }
        }
        let begin = match chunk.get(key + len + 1..) {
            Some([b':', b'"', ..]) => key + len + 3,
            _ => match spaced_string(chunk, key + len + 1) {
                Some(begin) => begin,
                None => return Found::Unusual,
            },
        };
        let text = chunk.get(begin..).unwrap_or_default();
        let Some(secret) = plain_string(kernel, text) else { return Found::Unusual };
        self.cursor.mask_plain(begin, secret, &self.rules.policy, &mut self.state.summary);
        Found::Masked(Value { key, begin, end: begin + secret.len() })
    }

    /// Goes on along known blocks of which there is little to ask.
    #[inline(always)]
    fn follow<K: Kernel>(&mut self, kernel: K, at: usize, trail: Trail) -> (usize, Trail) {
        let State { nesting, summary, .. } = &mut *self.state;
        let follow = Follow {
            keys: &self.rules.keys,
            policy: &self.rules.policy,
            shapes: self.shapes,
            cursor: self.cursor,
            summary,
            place: Reached { at, trail },
        };
        let reached = kernel.run(follow);
        if reached.at > at {
            nesting.set_inner(self.shapes.kinds(reached.trail));
            self.shapes.praise();
        }
        (reached.at, reached.trail)
    }

    /// The name and the masked value of a proved block, if the block's shape is all it takes to know them again.
    #[inline(always)]
    fn lasting(&self, at: usize, candidates: u64, value: Value) -> Option<Masked> {
        let (key, begin) = (value.key - 1 - at, value.begin - at);
        // No other key may be a name, and the shape does not tell digits apart.
        let is_first = key == candidates.trailing_zeros() as usize;
        let chunk = self.cursor.chunk();
        let lasts = begin <= BLOCK
            && is_first
            && self.rules.masks_all_names
            && !chunk.get(value.key..value.begin)?.iter().any(u8::is_ascii_digit);
        lasts.then_some(Masked { key: key as u8, begin: begin as u8 })
    }
}

impl<S: Sink> Work for Scan<'_, '_, '_, S> {
    /// Where in the chunk the machine should read on to at least.
    type Output = usize;

    #[inline(always)]
    fn run<K: Kernel>(mut self, kernel: K) -> usize {
        let chunk = self.cursor.chunk();
        let read = self.read;
        let mut at = read.start;
        let Some(mut carry) = Carry::at(self.state.place).filter(|_| !self.others.is_special()) else {
            return at + BLOCK;
        };
        let too_deep = self.state.nesting.too_deep(self.rules.max_depth);
        if self.state.nesting.inner().bits() & too_deep != 0 {
            return at + BLOCK;
        }
        if carry.passes_string() {
            at = kernel.run(PassString { chunk, at });
        }
        let mut trail = self.start(carry);
        let mut padded;
        loop {
            if trail != Trail::LOST {
                if self.rules.flat {
                    (at, trail) = self.follow(kernel, at, trail);
                }
                if let Some(block) = chunk.get(at..).and_then(<[u8]>::first_chunk)
                    && let Some((known, behind)) = self.shapes.find(kernel, trail, self.shapes.first(trail), block)
                    && known.name.is_none()
                {
                    let Known { candidates, brackets, kinds, skips, .. } = *known;
                    self.shapes.praise();
                    match self.look_at_keys(kernel, Keys { at, candidates, brackets, kinds }) {
                        Next::Block(brackets) if self.pass(at, brackets, kinds) => return at + BLOCK,
                        Next::Block(_) => {
                            (at, trail) = (at + BLOCK, behind);
                            if skips {
                                at = kernel.run(PassString { chunk, at });
                            }
                        }
                        Next::Behind(value) => {
                            (at, trail) = (value.end + 1, self.begin());
                            // What holds there is not known by its place where that is none.
                            carry = Carry::AFTER_VALUE;
                        }
                        Next::Machine { until } => return until,
                    }
                    continue;
                }
                carry = self.shapes.carry(trail);
            }
            let text = chunk.get(at..).unwrap_or_default();
            let block = match text.first_chunk() {
                Some(block) => block,
                None if text.is_empty() => {
                    self.stop(at, carry);
                    return at;
                }
                None => {
                    padded = padded_block(text);
                    &padded
                }
            };
            let inside = kernel.inside(block);
            let nest = Nest { kinds: self.state.nesting.inner(), too_deep };
            let proof = check(kernel, Window { block, text, at, read: &read }, inside, carry, nest);
            if proof.faults != 0 {
                self.stop(at, carry);
                return at + BLOCK;
            }
            // The end of a text is like no other block.
            if text.len() < BLOCK {
                trail = Trail::LOST;
            }
            let Proof { keys, quotes, brackets, kinds, .. } = proof;
            let candidates = self.rules.keys.candidates(kernel, block, keys, quotes);
            match self.look_at_keys(kernel, Keys { at, candidates, brackets, kinds }) {
                Next::Block(brackets) if proof.end == 0 => {
                    if self.pass(at, brackets, kinds) {
                        return at + BLOCK;
                    }
                    if trail != Trail::LOST {
                        let candidates = self.rules.keys.of_length(keys, quotes);
                        trail = self.shapes.learn(trail, block, &proof, candidates);
                    }
                    carry = proof.carry;
                    at += text.len().min(BLOCK);
                    if self.shapes.skips(trail) && carry.passes_string() {
                        at = kernel.run(PassString { chunk, at });
                    }
                }
                Next::Block(brackets) => {
                    let bit = proof.end.trailing_zeros();
                    let (before, _) = brackets.split(bit);
                    if self.pass(at, before, before.kinds_behind(self.state.nesting.inner())) {
                        return at + BLOCK;
                    }
                    let end = at + bit as usize;
                    let opened = self.read.is_opened(end);
                    self.stop_at(end, if opened { self.place_after_open() } else { Place::AfterValue });
                    return end + 1;
                }
                Next::Behind(value) => {
                    let candidates = self.rules.keys.of_length(keys, quotes);
                    if trail != Trail::LOST
                        && let Some(name) = self.lasting(at, candidates, value)
                    {
                        let kinds = self.state.nesting.inner();
                        self.shapes.learn_masked(trail, block, &proof, kinds, name);
                    }
                    at = value.end + 1;
                    carry = Carry::AFTER_VALUE;
                    trail = self.begin();
                }
                Next::Machine { until } => return until,
            }
        }
    }
}

/// The treatment of the values of the innermost object or array, but for members that are asked for by name.
#[inline]
fn others(rules: &Rules, state: &State) -> Treatment {
    let State { nesting, .. } = state;
    match nesting.is_object() {
        Some(true) => rules.member(nesting.inside(), nesting.depth(), Key::Other),
        Some(false) => rules.element(nesting.inside()),
        None => Treatment::default(),
    }
}

/// Where the string begins that stands behind white space and a colon.
fn spaced_string(chunk: &[u8], at: usize) -> Option<usize> {
    let skip_space = |at: usize| {
        let rest = chunk.get(at..).unwrap_or_default();
        at + rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).unwrap_or(rest.len())
    };
    let colon = skip_space(at);
    let quote = skip_space(colon + 1);
    ((chunk.get(colon), chunk.get(quote)) == (Some(&b':'), Some(&b'"'))).then_some(quote + 1)
}
