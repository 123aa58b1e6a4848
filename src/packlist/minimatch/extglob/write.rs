//! Writes the tree of a part out as regular expression text.

use super::super::{PatternError, class};
use super::{Kind, MAX_NESTING, Piece, Tree, push_escaped};

const STAR: &str = "[^/]*?";
const STAR_NOT_EMPTY: &str = "[^/]+?";
const ANY_UNIT: &str = "[^/]";
const NO_TRAVERSAL: &str = r"(?!(?:^|/)\.\.?(?:$|/))";

impl Tree {
    /// Whether the node can begin the part: only negations stand before it.
    fn is_start(&self, node: usize) -> bool {
        let mut node = node;
        while let Some(parent) = self.nodes[node].parent {
            let before = self.nodes[parent]
                .pieces
                .iter()
                .take(self.nodes[node].index);
            let mut all_negations = true;
            for piece in before {
                all_negations &= matches!(piece, Piece::Node(other) if self.nodes[*other].kind == Some(Kind::Not));
            }
            if !all_negations {
                return false;
            }
            node = parent;
        }
        true
    }

    /// Whether the node can end the part, or its negation.
    fn is_end(&self, node: usize) -> bool {
        let mut node = node;
        while let Some(parent) = self.nodes[node].parent {
            if self.nodes[parent].kind == Some(Kind::Not) {
                return true;
            }
            if self.nodes[node].kind.is_some()
                && self.nodes[node].index + 1 != self.nodes[parent].pieces.len()
            {
                return false;
            }
            node = parent;
        }
        true
    }

    pub(super) fn write(&mut self, node: usize, nesting: usize) -> Result<Written, PatternError> {
        if nesting > 4 * MAX_NESTING {
            return Err(PatternError::TooDeep);
        }
        match self.nodes[node].kind {
            None => self.write_list(node, nesting),
            Some(kind) => self.write_extglob(node, kind, nesting),
        }
    }

    fn write_list(&mut self, node: usize, nesting: usize) -> Result<Written, PatternError> {
        let pieces = self.nodes[node].pieces.clone();
        let start = self.is_start(node);
        let only_text = !pieces.iter().any(|piece| matches!(piece, Piece::Node(_)));
        let no_empty = start && self.is_end(node) && only_text;
        let mut written = Written::default();
        for piece in &pieces {
            let (text, magic, unicode) = match piece {
                Piece::Text(text) => write_text(text, no_empty),
                Piece::Node(inner) => {
                    let inner = self.write(*inner, nesting + 1)?;
                    (inner.text, inner.magic, inner.unicode)
                }
            };
            written.inner.extend(text);
            written.magic |= magic;
            written.unicode |= unicode;
        }
        if start
            && let Some(Piece::Text(first)) = pieces.first()
            && !(pieces.len() == 1 && matches!(first.as_slice(), [0x2E] | [0x2E, 0x2E]))
            && may_traverse(&written.inner)
        {
            written.text.extend(NO_TRAVERSAL.encode_utf16());
        }
        written.text.extend_from_slice(&written.inner);
        let in_negation = self.nodes[node]
            .parent
            .is_some_and(|parent| self.nodes[parent].kind == Some(Kind::Not));
        if in_negation {
            written.text.extend(r"(?:$|\/)".encode_utf16());
        }
        Ok(written)
    }

    fn write_extglob(
        &mut self,
        node: usize,
        kind: Kind,
        nesting: usize,
    ) -> Result<Written, PatternError> {
        let whole = self.is_start(node) && self.is_end(node);
        let mut unicode = false;
        let mut alternatives = Vec::new();
        for piece in self.nodes[node].pieces.clone() {
            let Piece::Node(alternative) = piece else {
                continue;
            };
            let written = self.write(alternative, nesting + 1)?;
            unicode |= written.unicode;
            if !(whole && written.text.is_empty()) {
                alternatives.push(written.text);
            }
        }
        let body = alternatives.join(&0x7C);
        if whole && body.is_empty() && kind != Kind::Not {
            // It would match the empty name, so minimatch takes it as text: as regular expression
            // text, unescaped.
            let glob = self.glob(node, nesting)?;
            self.nodes[node].pieces = vec![Piece::Text(glob.clone())];
            self.nodes[node].kind = None;
            return Ok(Written {
                inner: glob.clone(),
                text: glob,
                magic: false,
                unicode: false,
            });
        }
        let mut text: Vec<u16> = Vec::new();
        if kind == Kind::Not && self.nodes[node].empty {
            text.extend(STAR_NOT_EMPTY.encode_utf16());
        } else {
            text.extend(
                (if kind == Kind::Not {
                    "(?:(?!(?:"
                } else {
                    "(?:"
                })
                .encode_utf16(),
            );
            text.extend_from_slice(&body);
            let close = match kind {
                Kind::Not => format!(")){STAR})"),
                Kind::Once => ")".to_owned(),
                Kind::Optional => ")?".to_owned(),
                Kind::OneOrMore => ")+".to_owned(),
                Kind::Any => ")*".to_owned(),
            };
            text.extend(close.encode_utf16());
        }
        Ok(Written {
            text,
            inner: body,
            magic: true,
            unicode,
        })
    }
}

/// What writing a node gives.
#[derive(Default)]
pub(super) struct Written {
    pub(super) text: Vec<u16>,
    /// Without the guards around it.
    pub(super) inner: Vec<u16>,
    pub(super) magic: bool,
    pub(super) unicode: bool,
}

/// Whether regular expression text could match `.` or `..` without saying so.
fn may_traverse(source: &[u16]) -> bool {
    let at = |index: usize| matches!(source.get(index), Some(0x5B | 0x2E));
    let dot = [0x5C, 0x2E];
    at(0)
        || (source.starts_with(&dot) && at(2))
        || (source.starts_with(&[0x5C, 0x2E, 0x5C, 0x2E]) && at(4))
}

/// A piece of text: stars, question marks, brackets, escapes, literals.
fn write_text(glob: &[u16], no_empty: bool) -> (Vec<u16>, bool, bool) {
    let mut source = Vec::with_capacity(glob.len() + 8);
    let (mut magic, mut unicode) = (false, false);
    let (mut escaping, mut in_star) = (false, false);
    let mut at = 0;
    while let Some(&unit) = glob.get(at) {
        at += 1;
        if escaping {
            escaping = false;
            if u8::try_from(unit).is_ok_and(|byte| b"().*{}+?[]^$\\!".contains(&byte)) {
                source.push(0x5C);
            }
            source.push(unit);
            continue;
        }
        if unit == 0x2A {
            if !in_star {
                in_star = true;
                magic = true;
                let all_stars = no_empty && glob.iter().all(|unit| *unit == 0x2A);
                source.extend((if all_stars { STAR_NOT_EMPTY } else { STAR }).encode_utf16());
            }
            continue;
        }
        in_star = false;
        match unit {
            0x5C if at == glob.len() => source.extend([0x5C, 0x5C]),
            0x5C => escaping = true,
            0x5B => match class::parse(glob, at - 1) {
                Some(class) => {
                    source.extend(class.source);
                    unicode |= class.unicode;
                    magic |= class.magic;
                    at += class.consumed - 1;
                }
                None => push_escaped(&mut source, unit),
            },
            0x3F => {
                source.extend(ANY_UNIT.encode_utf16());
                magic = true;
            }
            _ => push_escaped(&mut source, unit),
        }
    }
    (source, magic, unicode)
}
