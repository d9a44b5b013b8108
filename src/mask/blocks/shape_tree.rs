//! A cache of proved blocks, keyed by their shape.
//!
//! A list repeats itself. If the fields of its items have a fixed width (ids, types, times), then
//! the blocks after each masked value have the same punctuation at the same places. Their proofs
//! are then the same too, and comparing a block with a [`Shape`] is far less work than proving it.
//! Two blocks of one shape differ only in bytes that no proof depends on: plain bytes inside
//! strings, and which digit a digit is.
//!
//! This is a polymorphic inline cache. Each known block has a few children in the tree, for the few
//! ways in which the text may go on, such as `null` or a number. There are two trees: one for the
//! blocks after a masked value, and a small one for the blocks at the start of a text. They only
//! grow, up to a fixed size, because the proof of a node depends on all nodes above it.

use super::grammar::{Brackets, Carry, Proof};
use super::kernel::{BLOCK, Block, Kernel, Shape};
use crate::mask::core::KindStack;

/// The most nodes of both trees, the roots included: 12 KiB.
const MAX_NODES: usize = 58;

/// The most nodes of the tree for the start of a text.
const MAX_START_NODES: u8 = 8;

/// The most children of a node.
const MAX_CHILDREN: usize = 4;

/// After about this many misses in a row, the trees are no longer used for this text.
const MISS_BUDGET: u8 = 64;

/// A child moves to the front after this many matches at a later position. Then the most frequent
/// child is at the front most of the time, and the order hardly changes if two children alternate.
const REORDER_AFTER: u8 = 8;

/// A proved block. As a position in the tree, it means right after that block.
#[derive(Clone)]
pub(super) struct ShapeNode {
    shape: Shape,
    /// The opening quotes of keys that may be names, by their length. 0 if `masked` is set.
    pub(super) candidates: u64,
    /// The masked member that every block of this shape has. `None` if no value of the block is
    /// masked.
    pub(super) masked: Option<MaskedMember>,
    pub(super) brackets: Brackets,
    /// The open objects and arrays after the block.
    pub(super) kinds: KindStack,
    pub(super) carry: Carry,
    /// Whether the rest of the string at the block's end is skipped, because its length varies. The
    /// next block then starts at that string's end.
    pub(super) skips_string: bool,
    /// Whether the node is in the tree for the start of a text.
    at_start: bool,
    pub(super) first_child: NodeId,
    next_sibling: NodeId,
}

impl ShapeNode {
    fn new(shape: Shape, kinds: KindStack, carry: Carry) -> Self {
        Self {
            shape,
            candidates: 0,
            masked: None,
            brackets: Brackets { open: 0, close: 0, curly: 0 },
            kinds,
            carry,
            skips_string: false,
            at_start: false,
            first_child: NodeId::NONE,
            next_sibling: NodeId::NONE,
        }
    }
}

/// A masked value and its name, by their positions in a block.
#[derive(Clone, Copy)]
pub(super) struct MaskedMember {
    /// Position of the name's opening quote.
    pub(super) key: u8,
    /// Position of the value's first byte, at most `BLOCK`.
    pub(super) value: u8,
}

/// A node, by its index.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeId(u8);

impl NodeId {
    /// No node: the block before has no known shape.
    pub(super) const NONE: Self = Self(u8::MAX);

    /// The root of the tree for blocks after a masked value.
    pub(super) const AFTER_VALUE: Self = Self(0);

    /// The root of the tree for blocks after the bracket that opens a text.
    const START: Self = Self(1);

    const ROOTS: usize = 2;
}

/// The tree for blocks after a masked value and the tree for the start of a text.
#[derive(Clone)]
pub(crate) struct ShapeTree {
    nodes: Vec<ShapeNode>,
    start_nodes: u8,
    /// How many more blocks in a row may miss before the trees are no longer used.
    budget: u8,
    /// The number of matches at a later position than the first since the last reordering.
    late_matches: u8,
}

impl Default for ShapeTree {
    fn default() -> Self {
        Self { nodes: Vec::new(), start_nodes: 0, budget: MISS_BUDGET, late_matches: 0 }
    }
}

impl ShapeTree {
    /// Whether the trees are worth keeping for another text.
    pub(super) fn is_useful(&self) -> bool {
        self.nodes.len() > NodeId::ROOTS && self.nodes.len() < MAX_NODES && self.budget > MISS_BUDGET / 2
    }

    /// Returns the root for the start of a text.
    pub(super) fn start(&mut self, kinds: KindStack, carry: Carry) -> NodeId {
        self.root(NodeId::START, kinds, carry)
    }

    /// Returns the root for blocks after a masked value, or [`NodeId::NONE`] if it is for other
    /// kinds or too many blocks have missed. `kinds` must be all open objects and arrays.
    #[inline(always)]
    pub(super) fn after_value(&mut self, kinds: KindStack) -> NodeId {
        let fits = self.at(NodeId::AFTER_VALUE).is_some_and(|root| root.kinds == kinds) && self.budget > 0;
        if fits { NodeId::AFTER_VALUE } else { self.root(NodeId::AFTER_VALUE, kinds, Carry::AFTER_VALUE) }
    }

    /// Returns `root`, or [`NodeId::NONE`] if it is for other kinds or another carry, or too many
    /// blocks have missed. The first call for a root sets its kinds and carry.
    // Not inlined, because it is called once in a text. Not `cold`, because every text calls it.
    #[inline(never)]
    fn root(&mut self, root: NodeId, kinds: KindStack, carry: Carry) -> NodeId {
        while self.nodes.len() < NodeId::ROOTS {
            let at_start = self.nodes.len() == usize::from(NodeId::START.0);
            let any = Shape::new(&[0; BLOCK], 0, 0);
            let root = ShapeNode::new(any, KindStack::default(), Carry::AFTER_VALUE);
            self.nodes.push(ShapeNode { at_start, ..root });
        }
        let budget = self.budget;
        let Some(node) = self.at_mut(root) else { return NodeId::NONE };
        if node.kinds.is_empty() {
            (node.kinds, node.carry) = (kinds, carry);
        }
        if (node.kinds, node.carry) == (kinds, carry) && budget > 0 { root } else { NodeId::NONE }
    }

    #[inline(always)]
    pub(super) fn first_child(&self, node: NodeId) -> NodeId {
        self.at(node).map_or(NodeId::NONE, |node| node.first_child)
    }

    /// Returns the child of `node` that has the block's shape. `first` is the node's first child.
    #[inline(always)]
    pub(super) fn find_child<K: Kernel>(
        &mut self,
        kernel: K,
        node: NodeId,
        first: NodeId,
        block: &Block,
    ) -> Option<(&ShapeNode, NodeId)> {
        let (mut before, mut id) = (first, first);
        loop {
            let child = self.at(id)?;
            if kernel.has_shape(block, &child.shape) {
                break;
            }
            (before, id) = (id, child.next_sibling);
        }
        if id != first {
            self.late_matches += 1;
            if self.late_matches == REORDER_AFTER {
                self.late_matches = 0;
                self.move_to_front(node, before, id);
            }
        }
        Some((self.at(id)?, id))
    }

    /// Makes `child` the first child of `parent`. `before` is the sibling before it.
    #[cold]
    fn move_to_front(&mut self, parent: NodeId, before: NodeId, child: NodeId) {
        let first = self.first_child(parent);
        let rest = self.at(child).map_or(NodeId::NONE, |child| child.next_sibling);
        for (node, next_sibling) in [(before, rest), (child, first)] {
            if let Some(node) = self.at_mut(node) {
                node.next_sibling = next_sibling;
            }
        }
        if let Some(parent) = self.at_mut(parent) {
            parent.first_child = child;
        }
    }

    /// Restarts the count of misses, after a match.
    #[inline(always)]
    pub(super) fn reset_budget(&mut self) {
        self.budget = MISS_BUDGET;
    }

    /// Returns the open objects and arrays after a node.
    pub(super) fn kinds(&self, node: NodeId) -> KindStack {
        self.at(node).map_or(KindStack::default(), |node| node.kinds)
    }

    /// Returns the carry after a node.
    pub(super) fn carry(&self, node: NodeId) -> Carry {
        self.at(node).map_or(Carry::AFTER_VALUE, |node| node.carry)
    }

    /// Whether the block after a node starts at the end of the string that was open at the node's
    /// end.
    #[inline(always)]
    pub(super) fn skips_string(&self, node: NodeId) -> bool {
        self.at(node).is_none_or(|node| node.skips_string)
    }

    /// Inserts a proved block in which no value was masked.
    pub(super) fn insert(&mut self, parent: NodeId, block: &Block, proof: &Proof, candidates: u64) -> NodeId {
        if !self.may_insert(parent, proof) {
            return NodeId::NONE;
        }
        let Proof { inside, brackets, kinds, carry, .. } = *proof;
        let shape = Shape::new(block, !inside, inside);
        self.add(parent, || ShapeNode { candidates, brackets, ..ShapeNode::new(shape, kinds, carry) })
    }

    /// Inserts the start of a block, up to a masked value. `kinds` are the open objects and arrays
    /// there.
    pub(super) fn insert_masked(
        &mut self,
        parent: NodeId,
        block: &Block,
        proof: &Proof,
        kinds: KindStack,
        masked: MaskedMember,
    ) {
        if !self.may_insert(parent, proof) {
            return;
        }
        let before_value = u64::MAX.checked_shr(u32::from(64 - masked.value)).unwrap_or(0);
        // The name's closing quote, a colon and the value's quote are in these bits too.
        let in_name = u64::MAX << masked.key & before_value;
        let inside = proof.inside & before_value & !in_name;
        let shape = Shape::new(block, before_value & !inside, inside);
        // A known block takes its open objects and arrays from the node after it, so that node must
        // exist.
        if self.after_value(kinds) == NodeId::NONE {
            return;
        }
        let brackets = proof.brackets;
        self.add(parent, || ShapeNode {
            masked: Some(masked),
            brackets,
            ..ShapeNode::new(shape, kinds, Carry::AFTER_VALUE)
        });
    }

    #[inline(always)]
    fn at(&self, NodeId(index): NodeId) -> Option<&ShapeNode> {
        self.nodes.get(usize::from(index))
    }

    #[inline(always)]
    fn at_mut(&mut self, NodeId(index): NodeId) -> Option<&mut ShapeNode> {
        self.nodes.get_mut(usize::from(index))
    }

    /// Counts one miss. Returns whether the block can be inserted.
    fn may_insert(&mut self, parent: NodeId, proof: &Proof) -> bool {
        self.budget = self.budget.saturating_sub(1);
        let at_start = self.at(parent).is_none_or(|parent| parent.at_start);
        proof.unrepeatable == 0 && self.nodes.len() < MAX_NODES && !(at_start && self.start_nodes >= MAX_START_NODES)
    }

    fn add(&mut self, parent: NodeId, new: impl FnOnce() -> ShapeNode) -> NodeId {
        let Ok(index) = u8::try_from(self.nodes.len()) else { return NodeId::NONE };
        let next_sibling = self.first_child(parent);
        let mut children = std::iter::successors(self.at(next_sibling), |child| self.at(child.next_sibling));
        let is_full = children.nth(MAX_CHILDREN - 1).is_some();
        let Some(parent) = self.at_mut(parent) else { return NodeId::NONE };
        if is_full {
            // After a string of varying length every block is different. But blocks that start at
            // that string's end may be alike.
            if parent.carry.in_plain_string() && !parent.skips_string {
                parent.skips_string = true;
                parent.first_child = NodeId::NONE;
            }
            return NodeId::NONE;
        }
        parent.first_child = NodeId(index);
        let at_start = parent.at_start;
        self.start_nodes += u8::from(at_start);
        self.nodes.push(ShapeNode { at_start, next_sibling, ..new() });
        NodeId(index)
    }
}
