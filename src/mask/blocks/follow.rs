//! The fast path of the block scanner: reads blocks of known shape.

use super::filter::KeyFilter;
use super::kernel::{BLOCK, Kernel, Work};
use super::shape_tree::{MaskedMember, NodeId, ShapeTree};
use super::text::{PassString, PlainString};
use crate::mask::core::{Cursor, Sink, Summary};
use crate::mask::rules::Policy;

/// Reads blocks of known shape, as long as the only work is to mask the value after a known name.
/// Most of a list is read here.
pub(super) struct Follow<'f, 'c, 'a, S> {
    pub(super) keys: &'f KeyFilter,
    pub(super) policy: &'f Policy,
    pub(super) shapes: &'f mut ShapeTree,
    pub(super) cursor: &'c mut Cursor<'a, S>,
    pub(super) summary: &'f mut Summary,
    pub(super) from: TreePosition,
}

/// A position in the chunk, and the node of the shape tree for the text before it.
#[derive(Clone, Copy)]
pub(super) struct TreePosition {
    pub(super) at: usize,
    /// Not [`NodeId::NONE`].
    pub(super) node: NodeId,
}

impl<S: Sink> Work for Follow<'_, '_, '_, S> {
    /// The position of the first block that was not read.
    type Output = TreePosition;

    #[inline(always)]
    fn run<K: Kernel>(self, kernel: K) -> TreePosition {
        let Self { keys, policy, shapes, cursor, summary, from: TreePosition { mut at, mut node } } = self;
        let chunk = cursor.chunk();
        let mut first_child = shapes.first_child(node);
        let mut predictor = LengthPredictor::default();
        while let Some(block) = chunk.get(at..).and_then(<[u8]>::first_chunk) {
            let Some((known, id)) = shapes.find_child(kernel, node, first_child, block) else { break };
            if let Some(MaskedMember { value, .. }) = known.masked {
                let start = at + usize::from(value);
                let text = chunk.get(start..).unwrap_or_default();
                if predictor.fits(kernel, text) {
                    cursor.splice(start + predictor.hidden_from, start + predictor.hidden_to, &policy.ellipsis.json);
                    summary.masked += 1;
                    at = start + predictor.len + 1;
                } else {
                    // A secret that is not plain or is split between chunks is left to the machine,
                    // which starts at the name.
                    let Some(secret) = kernel.run(PlainString(text)) else { break };
                    cursor.mask_plain(start, secret, policy, summary);
                    predictor = LengthPredictor::new(secret.len(), policy);
                    at = start + secret.len() + 1;
                }
                // A constant instead of a field of the node: the next look-up would wait for that
                // load.
                node = NodeId::AFTER_VALUE;
                first_child = shapes.first_child(node);
            } else {
                if known.candidates != 0 && keys.any_name(known.candidates, chunk, at) {
                    break;
                }
                at += BLOCK;
                (node, first_child) = (id, known.first_child);
                if known.skips_string {
                    at = kernel.run(PassString { chunk, at });
                }
            }
        }
        TreePosition { at, node }
    }
}

/// Predicts that the next secret is as long as the last one.
///
/// Checking the prediction takes less time than finding the length, and the processor can go on
/// before the check is done. Only a secret of at least [`Policy::long_from`] bytes and less than a
/// block is predicted: how it is shown depends on its length alone.
#[derive(Default)]
struct LengthPredictor {
    len: usize,
    /// Ones for the secret's bytes and for the quote after them. 0 if there is no prediction.
    through: u64,
    hidden_from: usize,
    hidden_to: usize,
}

impl LengthPredictor {
    fn new(len: usize, policy: &Policy) -> Self {
        if len >= BLOCK || len < policy.long_from {
            return Self::default();
        }
        let parts = policy.parts();
        Self { len, through: u64::MAX >> (BLOCK - 1 - len), hidden_from: parts.first, hidden_to: len - parts.last }
    }

    /// Whether `text` begins with a plain secret of the predicted length.
    #[inline(always)]
    fn fits<K: Kernel>(&self, kernel: K, text: &[u8]) -> bool {
        text.first_chunk().is_some_and(|block| {
            let stops = kernel.not_plain(block);
            stops ^ stops.wrapping_sub(1) == self.through && text.get(self.len) == Some(&b'"')
        })
    }
}
