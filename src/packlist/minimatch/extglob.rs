//! One path part of a glob as regular expression text, the way minimatch writes it.
//!
//! A part is a tree: a plain list of text and extglobs, or an extglob (`!( ?( +( *( @(`) holding
//! alternatives, each a plain list again. The tree is flattened where a nested extglob adds
//! nothing (`*(a|@(b))` is `*(a|b)`), the tail of the part is copied into every negation, and what
//! is left is written out as text. Text and not a tree, because minimatch's own text is sometimes
//! read back differently from what it meant (`a\|b` becomes an alternative of the whole part), and
//! that is what npm then matches.
//!
//! Source: minimatch 10.2.5, `ast`, with its options `dot` and `nocase` set.

mod write;

use super::{PatternError, unescape};

/// Extglobs that minimatch still opens inside others before it takes them as text.
const MAX_DEPTH: usize = 2;
/// Nesting by adoption is not bounded by [`MAX_DEPTH`]; beyond this Node runs out of stack.
const MAX_NESTING: usize = 400;
/// Copying tails into negations doubles the tree with each of them. Node runs out of memory.
const MAX_NODES: usize = 200_000;
/// The same for the text that is copied, in UTF-16 units.
const MAX_COPIED: usize = 4_000_000;
/// Flattening passes per extglob, as minimatch.
const MAX_PASSES: usize = 10;

/// What a part compiles to.
pub(super) struct Source {
    /// Regular expression text, without the anchors minimatch puts around it.
    pub(super) text: Vec<u16>,
    /// The literal it stands for when it needs no regular expression.
    pub(super) literal: Vec<u16>,
    pub(super) magic: bool,
    pub(super) unicode: bool,
    /// The part as it reads after parsing, which decides whether case matters at all.
    pub(super) glob: Vec<u16>,
}

/// Appends a unit the way minimatch escapes it for a regular expression.
pub(super) fn push_escaped(source: &mut Vec<u16>, unit: u16) {
    let special = u8::try_from(unit).is_ok_and(|byte| b"-[]{}()*+?.,\\^$|#".contains(&byte));
    if special || is_space(unit) {
        source.push(0x5C);
    }
    source.push(unit);
}

/// JavaScript's `\s`.
pub(crate) fn is_space(unit: u16) -> bool {
    matches!(unit, 0x09..=0x0D | 0x20 | 0xA0 | 0x1680 | 0x2000..=0x200A | 0x2028 | 0x2029 | 0x202F | 0x205F | 0x3000 | 0xFEFF)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Not,
    Optional,
    OneOrMore,
    Any,
    Once,
}

impl Kind {
    fn of(unit: u16) -> Option<Self> {
        match unit {
            0x21 => Some(Self::Not),
            0x3F => Some(Self::Optional),
            0x2B => Some(Self::OneOrMore),
            0x2A => Some(Self::Any),
            0x40 => Some(Self::Once),
            _ => None,
        }
    }

    fn unit(self) -> u16 {
        match self {
            Self::Not => 0x21,
            Self::Optional => 0x3F,
            Self::OneOrMore => 0x2B,
            Self::Any => 0x2A,
            Self::Once => 0x40,
        }
    }

    /// Whether the alternatives of an only-child `inner` can stand among our own.
    fn adopts(self, inner: Self) -> bool {
        match self {
            Self::Not | Self::Once => inner == Self::Once,
            Self::Optional => matches!(inner, Self::Optional | Self::Once),
            Self::Any => inner != Self::Not,
            Self::OneOrMore => matches!(inner, Self::OneOrMore | Self::Once),
        }
    }

    /// The same with an empty alternative added to them.
    fn adopts_with_empty(self, inner: Self) -> bool {
        match self {
            Self::Not | Self::Once => inner == Self::Optional,
            Self::OneOrMore => matches!(inner, Self::Optional | Self::Any),
            Self::Optional | Self::Any => false,
        }
    }

    fn adopts_somehow(self, inner: Self) -> bool {
        self.adopts(inner) || self.adopts_with_empty(inner)
    }

    /// What we become when `inner` is all we hold.
    fn usurped_by(self, inner: Self) -> Option<Self> {
        match (self, inner) {
            (Self::Not, Self::Not) => Some(Self::Once),
            (Self::Optional | Self::OneOrMore, Self::Any)
            | (Self::Optional, Self::OneOrMore)
            | (Self::OneOrMore, Self::Optional) => Some(Self::Any),
            (Self::Once, inner) => Some(inner),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
enum Piece {
    Text(Vec<u16>),
    Node(usize),
}

#[derive(Debug, Default)]
struct Node {
    /// `None` for a plain list.
    kind: Option<Kind>,
    pieces: Vec<Piece>,
    parent: Option<usize>,
    /// Position in the parent when made. Flattening moves nodes without updating it, and the
    /// anchoring below depends on the stale value.
    index: usize,
    /// Whether no text stood right before its `)`: minimatch takes such a negation for one written
    /// with nothing inside, `!(a|)` and `!(@(a))` included.
    empty: bool,
    glob: Option<Vec<u16>>,
}

struct Tree {
    nodes: Vec<Node>,
    /// Negations in the order they were opened; `None` once tails have been copied.
    negations: Vec<usize>,
    filled: bool,
    /// Units of text copied into negations so far.
    copied: usize,
}

const ROOT: usize = 0;

/// Translates one part, which is neither empty nor `**`.
pub(super) fn translate(part: &[u16]) -> Result<Source, PatternError> {
    let mut tree = Tree {
        nodes: vec![Node::default()],
        negations: Vec::new(),
        filled: false,
        copied: 0,
    };
    tree.parse_list(part)?;
    let glob = tree.glob(ROOT, 0)?;
    tree.flatten(ROOT, 0)?;
    tree.fill_negations()?;
    let written = tree.write(ROOT, 0)?;
    Ok(Source {
        literal: unescape(&written.inner),
        text: written.text,
        magic: written.magic,
        unicode: written.unicode,
        glob,
    })
}

/// The state of reading text: inside an escape, inside brackets.
#[derive(Default)]
struct Reader {
    escaping: bool,
    in_class: bool,
    class_start: usize,
    class_negated: bool,
}

impl Reader {
    /// Whether the unit ending at `next` is plain text and nothing that could open or close.
    fn takes(&mut self, unit: u16, next: usize) -> bool {
        if self.escaping || unit == 0x5C {
            self.escaping = !self.escaping;
            return true;
        }
        if self.in_class {
            if next == self.class_start + 1 {
                self.class_negated |= matches!(unit, 0x5E | 0x21);
            } else if unit == 0x5D && !(next == self.class_start + 2 && self.class_negated) {
                self.in_class = false;
            }
            return true;
        }
        if unit == 0x5B {
            *self = Self {
                in_class: true,
                class_start: next,
                ..Self::default()
            };
            return true;
        }
        false
    }
}

impl Tree {
    fn add(&mut self, kind: Option<Kind>, parent: usize) -> Result<usize, PatternError> {
        if self.nodes.len() >= MAX_NODES {
            return Err(PatternError::TooComplex);
        }
        let id = self.nodes.len();
        let index = self.nodes[parent].pieces.len();
        self.nodes.push(Node {
            kind,
            parent: Some(parent),
            index,
            ..Node::default()
        });
        if kind == Some(Kind::Not) && !self.filled {
            self.negations.push(id);
        }
        Ok(id)
    }

    fn push_text(&mut self, node: usize, text: &mut Vec<u16>) {
        if !text.is_empty() {
            self.nodes[node]
                .pieces
                .push(Piece::Text(std::mem::take(text)));
        }
    }

    /// Reads the whole part into the root.
    fn parse_list(&mut self, part: &[u16]) -> Result<(), PatternError> {
        let mut reader = Reader::default();
        let mut text = Vec::new();
        let mut at = 0;
        while let Some(&unit) = part.get(at) {
            at += 1;
            if !reader.takes(unit, at)
                && let Some(kind) = Kind::of(unit)
                && part.get(at) == Some(&0x28)
            {
                self.push_text(ROOT, &mut text);
                let node = self.add(Some(kind), ROOT)?;
                at = self.parse_extglob(part, node, at, 1, 0)?;
                self.nodes[ROOT].pieces.push(Piece::Node(node));
                continue;
            }
            text.push(unit);
        }
        self.push_text(ROOT, &mut text);
        Ok(())
    }

    /// Reads an extglob whose `(` is at `open`; returns the position after it.
    fn parse_extglob(
        &mut self,
        part: &[u16],
        node: usize,
        open: usize,
        depth: usize,
        nesting: usize,
    ) -> Result<usize, PatternError> {
        if nesting > MAX_NESTING {
            return Err(PatternError::TooDeep);
        }
        let outer = self.nodes[node].kind;
        let mut reader = Reader::default();
        let mut text = Vec::new();
        let mut alternatives = Vec::new();
        let mut current = self.add(None, node)?;
        let mut at = open + 1;
        while let Some(&unit) = part.get(at) {
            at += 1;
            if reader.takes(unit, at) {
                text.push(unit);
                continue;
            }
            if let Some(kind) = Kind::of(unit)
                && part.get(at) == Some(&0x28)
            {
                let adopted = outer.is_some_and(|outer| outer.adopts_somehow(kind));
                if depth <= MAX_DEPTH || adopted {
                    self.push_text(current, &mut text);
                    let inner = self.add(Some(kind), current)?;
                    self.nodes[current].pieces.push(Piece::Node(inner));
                    let deeper = depth + usize::from(!adopted);
                    at = self.parse_extglob(part, inner, at, deeper, nesting + 1)?;
                    continue;
                }
            }
            match unit {
                0x7C => {
                    self.push_text(current, &mut text);
                    alternatives.push(current);
                    current = self.add(None, node)?;
                }
                0x29 => {
                    self.nodes[node].empty = text.is_empty() && self.nodes[node].pieces.is_empty();
                    self.push_text(current, &mut text);
                    alternatives.push(current);
                    self.nodes[node].pieces = alternatives.into_iter().map(Piece::Node).collect();
                    return Ok(at);
                }
                _ => text.push(unit),
            }
        }
        // Not closed: from its first character on it is text.
        let rest = part.get(open - 1..).unwrap_or_default().to_vec();
        self.nodes[node].kind = None;
        self.nodes[node].pieces = vec![Piece::Text(rest)];
        Ok(at)
    }

    /// The node as it would be written as a glob.
    fn glob(&mut self, node: usize, nesting: usize) -> Result<Vec<u16>, PatternError> {
        if let Some(known) = &self.nodes[node].glob {
            return Ok(known.clone());
        }
        if nesting > 4 * MAX_NESTING {
            return Err(PatternError::TooDeep);
        }
        let mut pieces = Vec::new();
        for piece in self.nodes[node].pieces.clone() {
            pieces.push(match piece {
                Piece::Text(text) => text,
                Piece::Node(inner) => self.glob(inner, nesting + 1)?,
            });
        }
        let glob = match self.nodes[node].kind {
            None => pieces.concat(),
            Some(kind) => {
                let mut glob = vec![kind.unit(), 0x28];
                glob.extend(pieces.join(&0x7C));
                glob.push(0x29);
                glob
            }
        };
        self.nodes[node].glob = Some(glob.clone());
        Ok(glob)
    }

    /// The extglob that is all an alternative holds.
    fn only_extglob(&self, alternative: usize) -> Option<(usize, Kind)> {
        let node = &self.nodes[alternative];
        match (node.kind, node.pieces.as_slice()) {
            (None, [Piece::Node(inner)]) => Some((*inner, self.nodes[*inner].kind?)),
            _ => None,
        }
    }

    fn flatten(&mut self, node: usize, nesting: usize) -> Result<(), PatternError> {
        if nesting > 4 * MAX_NESTING {
            return Err(PatternError::TooDeep);
        }
        if self.nodes[node].kind.is_none() {
            for piece in self.nodes[node].pieces.clone() {
                if let Piece::Node(inner) = piece {
                    self.flatten(inner, nesting + 1)?;
                }
            }
        } else {
            for _ in 0..MAX_PASSES {
                if self.flatten_pass(node, nesting)? {
                    break;
                }
            }
        }
        self.nodes[node].glob = None;
        Ok(())
    }

    /// One pass over an extglob's alternatives; whether nothing changed.
    fn flatten_pass(&mut self, node: usize, nesting: usize) -> Result<bool, PatternError> {
        let mut settled = true;
        let mut index = 0;
        while let Some(Piece::Node(alternative)) = self.nodes[node].pieces.get(index).cloned() {
            self.flatten(alternative, nesting + 1)?;
            let outer = self.nodes[node].kind;
            if let (Some(outer), Some((inner, kind))) = (outer, self.only_extglob(alternative)) {
                if outer.adopts(kind) {
                    settled = false;
                    self.adopt(node, inner, index);
                } else if outer.adopts_with_empty(kind) {
                    settled = false;
                    let blank = self.add(None, inner)?;
                    // An empty piece of text, which ordinary parsing never leaves behind.
                    self.nodes[blank].pieces.push(Piece::Text(Vec::new()));
                    self.nodes[inner].pieces.push(Piece::Node(blank));
                    self.adopt(node, inner, index);
                } else if self.nodes[node].pieces.len() == 1
                    && let Some(becomes) = outer.usurped_by(kind)
                {
                    settled = false;
                    self.adopt(node, inner, index);
                    self.nodes[node].kind = Some(becomes);
                    self.nodes[node].empty = false;
                }
            }
            index += 1;
        }
        Ok(settled)
    }

    /// Puts the alternatives of `inner` in the place of our alternative at `index`.
    fn adopt(&mut self, node: usize, inner: usize, index: usize) {
        let moved = self.nodes[inner].pieces.clone();
        for piece in &moved {
            if let Piece::Node(child) = piece {
                self.nodes[*child].parent = Some(node);
            }
        }
        self.nodes[node].pieces.splice(index..=index, moved);
        self.nodes[node].glob = None;
    }

    /// Copies what follows a negation into each of its alternatives, last negation first.
    fn fill_negations(&mut self) -> Result<(), PatternError> {
        self.glob(ROOT, 0)?;
        self.filled = true;
        while let Some(negation) = self.negations.pop() {
            if self.nodes[negation].kind != Some(Kind::Not) {
                continue;
            }
            let mut child = negation;
            while let Some(parent) = self.nodes[child].parent {
                if self.nodes[parent].kind.is_none() {
                    let mut index = self.nodes[child].index + 1;
                    while let Some(tail) = self.nodes[parent].pieces.get(index).cloned() {
                        for alternative in self.nodes[negation].pieces.clone() {
                            if let Piece::Node(alternative) = alternative {
                                self.copy_into(alternative, &tail, 0)?;
                            }
                        }
                        index += 1;
                    }
                }
                child = parent;
            }
        }
        Ok(())
    }

    fn copy_into(
        &mut self,
        node: usize,
        piece: &Piece,
        nesting: usize,
    ) -> Result<(), PatternError> {
        if nesting > 4 * MAX_NESTING {
            return Err(PatternError::TooDeep);
        }
        match piece {
            Piece::Text(text) => {
                self.copied += text.len();
                if self.copied > MAX_COPIED {
                    return Err(PatternError::TooComplex);
                }
                self.push_text(node, &mut text.clone());
            }
            Piece::Node(original) => {
                let kind = self.nodes[*original].kind;
                let copy = self.add(kind, node)?;
                for inner in self.nodes[*original].pieces.clone() {
                    self.copy_into(copy, &inner, nesting + 1)?;
                }
                self.nodes[node].pieces.push(Piece::Node(copy));
            }
        }
        Ok(())
    }
}
