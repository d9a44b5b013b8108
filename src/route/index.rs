//! All templates of a set, compiled into one tree of segments, so that the time of a look-up does
//! not grow with the number of templates.

use super::fold::Fold;
use super::template::{Segment, Template};
use smallvec::SmallVec;

/// The tree. Each node stands for a sequence of segments that some templates start with.
#[derive(Clone, Debug)]
pub(super) struct Index {
    nodes: Vec<Node>,
    /// The node of each `Many` that is not the last segment of its template. A node's
    /// [`Node::many_number`] is its position here.
    many: Vec<usize>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// Sorted by [`Fold::hash`].
    literals: Vec<Literal>,
    one: Option<usize>,
    many: Option<usize>,
    /// The position in [`Index::many`]. `None` unless the node is that of a `Many` that is not the
    /// last segment.
    many_number: Option<usize>,
    /// The routes whose templates end here.
    routes: Vec<usize>,
    /// The routes whose templates end here with a `Many`, which matches any segments that follow.
    routes_of_rest: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Literal {
    hash: u64,
    text: Box<[u8]>,
    node: usize,
}

impl Index {
    /// Compiles templates, each with the position of its route.
    pub(super) fn new<'a>(templates: impl Iterator<Item = (usize, &'a Template)>) -> Self {
        let mut index = Self { nodes: vec![Node::default()], many: Vec::new() };
        for (route, Template(segments)) in templates {
            index.add(segments, route);
        }
        index
    }

    fn add(&mut self, segments: &[Segment], route: usize) {
        let (segments, takes_rest) = match segments {
            [before @ .., Segment::Many] => (before, true),
            all => (all, false),
        };
        let mut at = 0;
        for segment in segments {
            at = self.child(at, segment);
        }
        if let Some(node) = self.nodes.get_mut(at) {
            if takes_rest { node.routes_of_rest.push(route) } else { node.routes.push(route) }
        }
    }

    /// Returns the child of a node for a segment, and creates it if needed.
    fn child(&mut self, at: usize, segment: &Segment) -> usize {
        let made = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return at };
        let child = match segment {
            Segment::Literal(text) => {
                let text = text.as_bytes();
                let fold = Fold::of(text);
                let hash = fold.hash(text);
                match node.literal(fold, hash, text) {
                    Some(child) => child,
                    None => {
                        let place = node.literals.partition_point(|literal| literal.hash < hash);
                        node.literals.insert(place, Literal { hash, text: text.into(), node: made });
                        made
                    }
                }
            }
            Segment::One => *node.one.get_or_insert(made),
            // Two `Many` in a row match the same as one.
            Segment::Many if node.many_number.is_some() => at,
            Segment::Many => *node.many.get_or_insert(made),
        };
        if child == made {
            let many_number = (*segment == Segment::Many).then(|| {
                self.many.push(made);
                self.many.len() - 1
            });
            self.nodes.push(Node { many_number, ..Node::default() });
        }
        child
    }

    /// Adds to `found` the position of every route whose template matches the whole path. A
    /// position may be added more than once. A path without its leading slash matches nothing.
    ///
    /// The time is proportional to the path's length, times the number of `Many` nodes that are
    /// reached and are not a last segment.
    pub(super) fn find(&self, path: &[u8], found: &mut Vec<usize>) {
        let Some(written) = path.strip_prefix(b"/") else { return };
        let found_before = found.len();
        let mut at = ActiveNodes::default();
        self.enter(0, &mut at, found);
        if !written.is_empty() {
            for segment in written.split(|&byte| byte == b'/') {
                if segment.is_empty() {
                    // No template has an empty segment. Another reading of the path, without empty
                    // segments, is matched instead.
                    return found.truncate(found_before);
                }
                if at.is_empty() {
                    continue;
                }
                at = self.step(&at, segment, found);
            }
        }
        for state in at.all(&self.many) {
            found.extend(self.node(state).routes.iter());
        }
    }

    /// Returns the nodes that are active after a segment, from those that are active before it.
    fn step(&self, from: &ActiveNodes, segment: &[u8], found: &mut Vec<usize>) -> ActiveNodes {
        let mut to = ActiveNodes { transient: SmallVec::new(), many: from.many.clone() };
        let hash = Fold::Ascii.hash(segment);
        let other = (!segment.is_ascii()).then(|| Fold::Any.hash(segment));
        for state in from.all(&self.many) {
            let node = self.node(state);
            if let Some(child) = node.literal(Fold::Ascii, hash, segment) {
                self.enter(child, &mut to, found);
            }
            if let Some(child) = other.and_then(|hash| node.literal(Fold::Any, hash, segment)) {
                self.enter(child, &mut to, found);
            }
            if let Some(child) = node.one {
                self.enter(child, &mut to, found);
            }
        }
        to
    }

    /// Enters a node, and its `Many` child, which may match no segment at all.
    fn enter(&self, state: usize, states: &mut ActiveNodes, found: &mut Vec<usize>) {
        let node = self.node(state);
        found.extend(node.routes_of_rest.iter());
        match node.many_number {
            Some(number) => states.set_many(number),
            None => states.transient.push(state),
        }
        if let Some(many) = node.many {
            self.enter(many, states, found);
        }
    }

    fn node(&self, state: usize) -> &Node {
        const NONE: &Node = &Node {
            literals: Vec::new(),
            one: None,
            many: None,
            many_number: None,
            routes: Vec::new(),
            routes_of_rest: Vec::new(),
        };
        self.nodes.get(state).unwrap_or(NONE)
    }
}

impl Node {
    /// Returns the child that matches a segment, among the literals that this fold compares.
    fn literal(&self, fold: Fold, hash: u64, segment: &[u8]) -> Option<usize> {
        let from = self.literals.partition_point(|literal| literal.hash < hash);
        let alike = self.literals.get(from..)?.iter().take_while(|literal| literal.hash == hash);
        let is_same = |literal: &&Literal| Fold::of(&literal.text) == fold && fold.is_same(&literal.text, segment);
        alike.filter(is_same).map(|literal| literal.node).next()
    }
}

/// The nodes that match the segments of a path so far.
///
/// A `Many` stays active for all segments that follow. Every other node is entered only from its
/// parent, by one segment, so it is never active twice.
#[derive(Default)]
struct ActiveNodes {
    transient: SmallVec<[usize; 8]>,
    /// A bit for each node in [`Index::many`]: whether it is active.
    many: SmallVec<[u64; 1]>,
}

impl ActiveNodes {
    fn is_empty(&self) -> bool {
        self.transient.is_empty() && self.many.is_empty()
    }

    fn set_many(&mut self, number: usize) {
        let word = number / 64;
        if self.many.len() <= word {
            self.many.resize(word + 1, 0);
        }
        if let Some(bits) = self.many.get_mut(word) {
            *bits |= 1 << (number % 64);
        }
    }

    fn all(&self, many: &[usize]) -> impl Iterator<Item = usize> {
        let words = self.many.iter().zip(many.chunks(64));
        let of_many = words.flat_map(|(&bits, nodes)| {
            let set = std::iter::successors(Some(bits), |bits| Some(bits & bits.wrapping_sub(1)));
            set.take_while(|&bits| bits != 0).filter_map(|bits| nodes.get(bits.trailing_zeros() as usize).copied())
        });
        self.transient.iter().copied().chain(of_many)
    }
}
