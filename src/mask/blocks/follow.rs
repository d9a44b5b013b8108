//! Goes along blocks that are like others that were proved.

use super::super::Sink;
use super::super::cursor::Cursor;
use super::super::policy::Policy;
use super::super::summary::Summary;
use super::bits::BLOCK;
use super::filter::KeyFilter;
use super::kernel::{Kernel, Work};
use super::shapes::{Masked, Shapes, Trail};
use super::text::{PassString, plain_string};

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
        while let Some(block) = chunk.get(at..).and_then(<[u8]>::first_chunk) {
            let Some((known, behind)) = shapes.find(kernel, trail, block) else { break };
            if let Some(Masked { begin, .. }) = known.name {
                let begin = at + usize::from(begin);
                // One that is not plain, or goes on in the next chunk, is the machine's business, from its name on.
                let Some(secret) = chunk.get(begin..).and_then(|text| plain_string(kernel, text)) else { break };
                cursor.mask_plain(begin, secret, policy, summary);
                at = begin + secret.len() + 1;
                // Not read off the block: what is next would wait for that.
                trail = Trail::VALUE;
            } else {
                if known.candidates != 0 && keys.any_name(known.candidates, chunk, at) {
                    break;
                }
                at += BLOCK;
                if known.skips {
                    at = kernel.run(PassString { chunk, at });
                }
                trail = behind;
            }
        }
        Reached { at, trail }
    }
}
