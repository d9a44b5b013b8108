//! Goes along blocks that are like others that were proved.

use super::super::Sink;
use super::super::cursor::Cursor;
use super::super::policy::Policy;
use super::super::summary::Summary;
use super::bits::BLOCK;
use super::filter::KeyFilter;
use super::kernel::{Kernel, Work};
use super::shapes::{Masked, Shapes, Trail};
use super::text::{PassString, PlainString};

/// The work of going from block to block as long as each is known, and nothing in it asks for more than to mask a value after a name
/// that is known too. Most of a list is gone through here.
pub(super) struct Follow<'f, 'c, 'a, S> {
    pub(super) keys: &'f KeyFilter,
    pub(super) policy: &'f Policy,
    pub(super) shapes: &'f mut Shapes,
    pub(super) cursor: &'c mut Cursor<'a, S>,
    pub(super) summary: &'f mut Summary,
    pub(super) place: Reached,
}

/// How far one came.
#[derive(Clone, Copy)]
pub(super) struct Reached {
    /// The place in the chunk.
    pub(super) at: usize,
    /// The place in the tree of known blocks, which is some.
    pub(super) trail: Trail,
}

impl<S: Sink> Work for Follow<'_, '_, '_, S> {
    type Output = Reached;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> Reached {
        let Self { keys, policy, shapes, cursor, summary, place: Reached { mut at, mut trail } } = self;
        let chunk = cursor.chunk();
        let mut first = shapes.first(trail);
        let mut usual = Usual::default();
        while let Some(block) = chunk.get(at..).and_then(<[u8]>::first_chunk) {
            let Some((known, behind)) = shapes.find(kernel, trail, first, block) else { break };
            if let Some(Masked { begin, .. }) = known.name {
                let begin = at + usize::from(begin);
                let text = chunk.get(begin..).unwrap_or_default();
                if usual.is_like(kernel, text) {
                    cursor.splice(begin + usual.hidden_from, begin + usual.hidden_to, &policy.ellipsis.json);
                    summary.masked += 1;
                    at = begin + usual.len + 1;
                } else {
                    // One that is not plain, or goes on in the next chunk, is the machine's business, from its name on.
                    let Some(secret) = kernel.run(PlainString(text)) else { break };
                    cursor.mask_plain(begin, secret, policy, summary);
                    usual = Usual::new(secret.len(), policy);
                    at = begin + secret.len() + 1;
                }
                // Not read off the block: what is next would wait for that.
                trail = Trail::VALUE;
                first = shapes.first(trail);
            } else {
                if known.candidates != 0 && keys.any_name(known.candidates, chunk, at) {
                    break;
                }
                at += BLOCK;
                (trail, first) = (behind, known.next);
                if known.skips {
                    at = kernel.run(PassString { chunk, at });
                }
            }
        }
        Reached { at, trail }
    }
}

/// What the last secret came to, if it was long enough that nothing but its length decides: the next one is mostly as long.
///
/// To see that it is takes less than to find out how long it is, and nothing has to wait for the answer.
#[derive(Default)]
struct Usual {
    len: usize,
    /// The bits of its bytes and of the quote behind it; 0 if there is no such secret, or they do not fit a block.
    through: u64,
    hidden_from: usize,
    hidden_to: usize,
}

impl Usual {
    fn new(len: usize, policy: &Policy) -> Self {
        if len >= BLOCK || len < policy.long_from {
            return Self::default();
        }
        let parts = policy.parts();
        Self { len, through: u64::MAX >> (BLOCK - 1 - len), hidden_from: parts.first, hidden_to: len - parts.last }
    }

    /// Whether a secret stands here that is plain and as long.
    #[inline(always)]
    fn is_like<K: Kernel>(&self, kernel: K, text: &[u8]) -> bool {
        text.first_chunk().is_some_and(|block| {
            let stops = kernel.not_plain(block);
            stops ^ stops.wrapping_sub(1) == self.through && text.get(self.len) == Some(&b'"')
        })
    }
}
