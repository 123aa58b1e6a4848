//! Reads regular expression text.

use icu_properties::props::GeneralCategory;

use super::super::PatternError;
use super::classes::{CATEGORIES, Class, canonical_ranges, fold};

/// Groups inside groups; what the translation writes stays well below.
const MAX_NESTING: usize = 2_000;

/// A regular expression, its classes apart.
pub(super) struct Parsed {
    pub(super) tree: Tree,
    pub(super) classes: Vec<Class>,
}

/// Reads `^source$`.
pub(super) fn parse(source: &[u16], unicode: bool) -> Result<Parsed, PatternError> {
    let points = points(source, unicode);
    let text: Vec<u32> = [&[u32::from(b'^')], points.as_slice(), &[u32::from(b'$')]].concat();
    let mut parser = Parser {
        text: &text,
        at: 0,
        unicode,
        classes: Vec::new(),
    };
    let tree = parser.alternatives(0)?;
    if parser.at != text.len() {
        return Err(PatternError::Regex("a parenthesis closes nothing"));
    }
    Ok(Parsed {
        tree,
        classes: parser.classes,
    })
}

/// The text as JavaScript reads it: units, or code points under `u`.
fn points(source: &[u16], unicode: bool) -> Vec<u32> {
    if !unicode {
        return source.iter().copied().map(u32::from).collect();
    }
    char::decode_utf16(source.iter().copied())
        .map(|unit| unit.map_or_else(|lone| u32::from(lone.unpaired_surrogate()), u32::from))
        .collect()
}

/// A regular expression as a tree.
#[derive(Debug)]
pub(super) enum Tree {
    Empty,
    Unit(u32),
    Any,
    Class(usize),
    Start,
    End,
    Unless(Box<Tree>),
    Sequence(Vec<Tree>),
    Alternatives(Vec<Tree>),
    Optional(Box<Tree>),
    Any0(Box<Tree>),
    Any1(Box<Tree>),
}

struct Parser<'a> {
    text: &'a [u32],
    at: usize,
    unicode: bool,
    classes: Vec<Class>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u32> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, expected: &str) -> bool {
        let mut rest = self.text.get(self.at..).unwrap_or_default().iter();
        let found = expected
            .bytes()
            .all(|byte| rest.next() == Some(&u32::from(byte)));
        if found {
            self.at += expected.len();
        }
        found
    }

    fn fold(&self, point: u32) -> u32 {
        fold(point, self.unicode)
    }

    fn alternatives(&mut self, nesting: usize) -> Result<Tree, PatternError> {
        if nesting > MAX_NESTING {
            return Err(PatternError::TooDeep);
        }
        let mut alternatives = vec![self.sequence(nesting)?];
        while self.eat("|") {
            alternatives.push(self.sequence(nesting)?);
        }
        if let [_] = alternatives.as_slice()
            && let Some(only) = alternatives.pop()
        {
            return Ok(only);
        }
        Ok(Tree::Alternatives(alternatives))
    }

    fn sequence(&mut self, nesting: usize) -> Result<Tree, PatternError> {
        let mut items = Vec::new();
        while let Some(point) = self.peek() {
            if point == u32::from(b'|') || point == u32::from(b')') {
                break;
            }
            let item = self.item(nesting)?;
            items.push(self.quantified(item)?);
        }
        Ok(Tree::Sequence(items))
    }

    fn quantified(&mut self, item: Tree) -> Result<Tree, PatternError> {
        let wrap: fn(Box<Tree>) -> Tree = if self.eat("*") {
            Tree::Any0
        } else if self.eat("+") {
            Tree::Any1
        } else if self.eat("?") {
            Tree::Optional
        } else {
            return Ok(item);
        };
        self.eat("?");
        match item {
            Tree::Start | Tree::End => Err(PatternError::Regex("nothing to repeat")),
            // Under `u` a lookahead cannot be repeated either.
            Tree::Unless(_) if self.unicode => Err(PatternError::Regex("nothing to repeat")),
            item => Ok(wrap(Box::new(item))),
        }
    }

    fn item(&mut self, nesting: usize) -> Result<Tree, PatternError> {
        if self.eat("(?:") || (!self.text_starts("(?") && self.eat("(")) {
            return self.group(nesting);
        }
        if self.eat("(?!") {
            return Ok(Tree::Unless(Box::new(self.group(nesting)?)));
        }
        if self.eat("[^/]") {
            return Ok(Tree::Any);
        }
        let Some(point) = self.peek() else {
            return Ok(Tree::Empty);
        };
        self.at += 1;
        match u8::try_from(point) {
            Ok(b'^') => Ok(Tree::Start),
            Ok(b'$') => Ok(Tree::End),
            Ok(b'.') => {
                let breaks = vec![(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)];
                Ok(self.add_class(Class {
                    negated: true,
                    ranges: breaks,
                }))
            }
            Ok(b'*' | b'+' | b'?' | b'(') => Err(PatternError::Regex("nothing to repeat")),
            Ok(b'{' | b'}' | b']') if self.unicode => Err(PatternError::Regex("lone bracket")),
            Ok(b'[') => self.class(),
            Ok(b'\\') => {
                let escaped = self.peek();
                self.at += 1;
                let escaped = escaped.ok_or(PatternError::Regex("\\ at the end"))?;
                if self.unicode && !is_syntax(escaped) {
                    return Err(PatternError::Regex("invalid escape"));
                }
                Ok(Tree::Unit(self.fold(escaped)))
            }
            _ => Ok(Tree::Unit(self.fold(point))),
        }
    }

    fn text_starts(&self, expected: &str) -> bool {
        let mut rest = self.text.get(self.at..).unwrap_or_default().iter();
        expected
            .bytes()
            .all(|byte| rest.next() == Some(&u32::from(byte)))
    }

    fn group(&mut self, nesting: usize) -> Result<Tree, PatternError> {
        let inner = self.alternatives(nesting + 1)?;
        if self.eat(")") {
            Ok(inner)
        } else {
            Err(PatternError::Regex("unterminated group"))
        }
    }

    fn add_class(&mut self, class: Class) -> Tree {
        self.classes.push(class);
        Tree::Class(self.classes.len() - 1)
    }

    /// A class whose `[` has been read.
    fn class(&mut self) -> Result<Tree, PatternError> {
        let negated = self.eat("^");
        let mut members: Vec<(u32, u32)> = Vec::new();
        let mut categories: Vec<GeneralCategory> = Vec::new();
        while !self.eat("]") {
            let first = match self.class_atom()? {
                Atom::Point(point) => point,
                Atom::Categories(list) => {
                    categories.extend_from_slice(list);
                    continue;
                }
            };
            let is_range = self.peek() == Some(u32::from(b'-'))
                && self
                    .text
                    .get(self.at + 1)
                    .is_some_and(|next| *next != u32::from(b']'));
            if !is_range {
                members.push((first, first));
                continue;
            }
            self.at += 1;
            match self.class_atom()? {
                Atom::Point(last) if last >= first => members.push((first, last)),
                Atom::Point(_) => return Err(PatternError::Regex("range out of order")),
                Atom::Categories(_) => return Err(PatternError::Regex("invalid character class")),
            }
        }
        let ranges = canonical_ranges(&members, &categories, self.unicode);
        Ok(self.add_class(Class { negated, ranges }))
    }

    fn class_atom(&mut self) -> Result<Atom, PatternError> {
        let unterminated = PatternError::Regex("unterminated character class");
        let Some(point) = self.peek() else {
            return Err(unterminated);
        };
        self.at += 1;
        if point != u32::from(b'\\') {
            return Ok(Atom::Point(point));
        }
        for (name, categories) in CATEGORIES {
            if self.unicode && self.eat(name) {
                return Ok(Atom::Categories(categories));
            }
        }
        let Some(escaped) = self.peek() else {
            return Err(unterminated);
        };
        self.at += 1;
        Ok(Atom::Point(match u8::try_from(escaped) {
            Ok(b'x') => self.hex_pair().unwrap_or(escaped),
            Ok(b't') => 0x09,
            Ok(b'n') => 0x0A,
            Ok(b'v') => 0x0B,
            Ok(b'f') => 0x0C,
            Ok(b'r') => 0x0D,
            _ => escaped,
        }))
    }

    fn hex_pair(&mut self) -> Option<u32> {
        let digit = |point: &u32| char::from_u32(*point)?.to_digit(16);
        let high = self.text.get(self.at).and_then(digit)?;
        let low = self.text.get(self.at + 1).and_then(digit)?;
        self.at += 2;
        Some(high * 16 + low)
    }
}

enum Atom {
    Point(u32),
    Categories(&'static [GeneralCategory]),
}

/// What `u` allows after a backslash.
fn is_syntax(point: u32) -> bool {
    u8::try_from(point).is_ok_and(|byte| b"^$\\.*+?()[]{}|/".contains(&byte))
}
