//! The small part of JavaScript's regular expressions that globs turn into, matched in linear time.
//!
//! The text comes from [`super::extglob`] and [`super::class`]: alternatives, groups, negative
//! lookaheads, `* + ?` (greedy or not, which makes no difference to *whether* it matches), classes
//! with Unicode properties, `^ $ .` and escapes; always with the `i` flag, sometimes with `u`.
//! What JavaScript refuses (a quantifier after nothing, an escape that `u` forbids) is an error.
//!
//! Matching runs backwards over the name, keeping for every state whether the rest of the name
//! takes it to an accepting one. Lookaheads are programs of their own that run in step, inner
//! before outer, so the work is name length times program size, whatever the pattern.

use std::sync::OnceLock;

use icu_properties::props::{ChangesWhenCasefolded, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::PatternError;
use super::fold::{Name, canonical_unit, simple_fold};

/// Groups inside groups; what the translation writes stays well below.
const MAX_NESTING: usize = 2_000;

/// A compiled regular expression.
#[derive(Debug)]
pub(crate) struct Regex {
    unicode: bool,
    /// Lookaheads before the programs that use them; the last is the expression itself.
    programs: Vec<Program>,
    classes: Vec<Class>,
}

#[derive(Debug)]
struct Program {
    states: Vec<State>,
    start: usize,
    /// For each state the states that reach it without taking a unit.
    before: Vec<Vec<u32>>,
}

#[derive(Debug)]
enum State {
    /// Takes one unit with this canonical value.
    Unit(u32, usize),
    Class(usize, usize),
    /// Takes any unit; a name holds no `/`.
    Any(usize),
    Split(usize, usize),
    Start(usize),
    End(usize),
    /// Goes on where the lookahead does not match.
    Unless(usize, usize),
    Accept,
}

/// A set of canonical units (or code points).
#[derive(Debug)]
struct Class {
    negated: bool,
    /// Sorted, not overlapping, both ends included.
    ranges: Vec<(u32, u32)>,
}

impl Class {
    fn holds(&self, point: u32) -> bool {
        let index = self.ranges.partition_point(|(_, last)| *last < point);
        let inside = self
            .ranges
            .get(index)
            .is_some_and(|(first, _)| *first <= point);
        inside != self.negated
    }
}

impl Regex {
    /// Compiles `^source$`.
    pub(super) fn new(source: &[u16], unicode: bool) -> Result<Self, PatternError> {
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
        let mut compiler = Compiler {
            programs: Vec::new(),
        };
        let program = compiler.program(&tree);
        compiler.programs.push(program);
        Ok(Self {
            unicode,
            programs: compiler.programs,
            classes: parser.classes,
        })
    }

    /// Whether the expression matches anywhere in the name (its anchors are part of it).
    pub(super) fn is_match(&self, name: &Name) -> bool {
        let units: Vec<u32> = if self.unicode {
            name.text()
                .chars()
                .map(|character| simple_fold(u32::from(character)))
                .collect()
        } else if name.is_ascii() {
            name.canonical().bytes().map(u32::from).collect()
        } else {
            name.units()
                .iter()
                .map(|unit| u32::from(canonical_unit(*unit)))
                .collect()
        };
        let mut now: Vec<Vec<bool>> = self
            .programs
            .iter()
            .map(|program| vec![false; program.states.len()])
            .collect();
        let mut next = now.clone();
        let mut pending = Vec::new();
        for position in (0..=units.len()).rev() {
            std::mem::swap(&mut now, &mut next);
            for (index, program) in self.programs.iter().enumerate() {
                let (inner, rest) = now.split_at_mut(index);
                let (Some(alive), Some(after)) = (rest.first_mut(), next.get(index)) else {
                    return false;
                };
                let here = Here {
                    unit: units.get(position).copied(),
                    start: position == 0,
                    end: position == units.len(),
                };
                program.step(
                    &self.classes,
                    here,
                    after,
                    alive,
                    &mut pending,
                    inner,
                    &self.programs,
                );
            }
            let matched = self.programs.last().zip(now.last());
            if matched.is_some_and(|(program, alive)| alive.get(program.start) == Some(&true)) {
                return true;
            }
        }
        false
    }
}

/// Where a step is taken.
#[derive(Clone, Copy)]
struct Here {
    unit: Option<u32>,
    start: bool,
    end: bool,
}

impl Program {
    /// Computes which states lead to acceptance from here, given which do from one unit later.
    #[expect(
        clippy::too_many_arguments,
        reason = "one inner loop, its buffers owned by the caller"
    )]
    fn step(
        &self,
        classes: &[Class],
        here: Here,
        after: &[bool],
        alive: &mut [bool],
        pending: &mut Vec<u32>,
        lookaheads: &[Vec<bool>],
        programs: &[Self],
    ) {
        alive.fill(false);
        pending.clear();
        let lives = |state: usize| after.get(state) == Some(&true);
        for (index, state) in (0_u32..).zip(&self.states) {
            let reached = match state {
                State::Accept => true,
                State::Unit(unit, to) => here.unit == Some(*unit) && lives(*to),
                State::Any(to) => here.unit.is_some() && lives(*to),
                State::Class(class, to) => {
                    lives(*to)
                        && here.unit.is_some_and(|unit| {
                            classes.get(*class).is_some_and(|class| class.holds(unit))
                        })
                }
                _ => false,
            };
            if reached && let Some(slot) = alive.get_mut(index as usize) {
                *slot = true;
                pending.push(index);
            }
        }
        while let Some(state) = pending.pop() {
            for &previous in self.before.get(state as usize).into_iter().flatten() {
                let passes = match self.states.get(previous as usize) {
                    Some(State::Split(..)) => true,
                    Some(State::Start(_)) => here.start,
                    Some(State::End(_)) => here.end,
                    Some(State::Unless(lookahead, _)) => {
                        let start = programs.get(*lookahead).map(|program| program.start);
                        let ahead = lookaheads.get(*lookahead).zip(start);
                        ahead.is_none_or(|(alive, start)| alive.get(start) != Some(&true))
                    }
                    _ => false,
                };
                if passes
                    && let Some(slot) = alive.get_mut(previous as usize)
                    && !*slot
                {
                    *slot = true;
                    pending.push(previous);
                }
            }
        }
    }
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

#[derive(Debug)]
enum Tree {
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

use GeneralCategory as Category;

/// The properties that POSIX classes are translated to.
const CATEGORIES: [(&str, &[Category]); 11] = [
    (
        "p{L}",
        &[
            Category::UppercaseLetter,
            Category::LowercaseLetter,
            Category::TitlecaseLetter,
            Category::ModifierLetter,
            Category::OtherLetter,
        ],
    ),
    ("p{Nl}", &[Category::LetterNumber]),
    ("p{Nd}", &[Category::DecimalNumber]),
    ("p{Zs}", &[Category::SpaceSeparator]),
    (
        "p{Z}",
        &[
            Category::SpaceSeparator,
            Category::LineSeparator,
            Category::ParagraphSeparator,
        ],
    ),
    ("p{Cc}", &[Category::Control]),
    (
        "p{C}",
        &[
            Category::Control,
            Category::Format,
            Category::Surrogate,
            Category::PrivateUse,
            Category::Unassigned,
        ],
    ),
    ("p{Ll}", &[Category::LowercaseLetter]),
    ("p{Lu}", &[Category::UppercaseLetter]),
    ("p{Pc}", &[Category::ConnectorPunctuation]),
    (
        "p{P}",
        &[
            Category::ConnectorPunctuation,
            Category::DashPunctuation,
            Category::OpenPunctuation,
            Category::ClosePunctuation,
            Category::InitialPunctuation,
            Category::FinalPunctuation,
            Category::OtherPunctuation,
        ],
    ),
];
fn fold(point: u32, unicode: bool) -> u32 {
    if unicode {
        return simple_fold(point);
    }
    u16::try_from(point).map_or(point, |unit| u32::from(canonical_unit(unit)))
}

/// What `u` allows after a backslash.
fn is_syntax(point: u32) -> bool {
    u8::try_from(point).is_ok_and(|byte| b"^$\\.*+?()[]{}|/".contains(&byte))
}

/// A set that holds the canonical form of every member.
///
/// It keeps the members too: one that is not canonical is never asked for.
fn canonical_ranges(
    members: &[(u32, u32)],
    categories: &[Category],
    unicode: bool,
) -> Vec<(u32, u32)> {
    let mut points = members.to_vec();
    for category in categories {
        points.extend_from_slice(category_ranges(*category));
    }
    let ranges = merged(points);
    let folded = folding(unicode).iter().filter(|(point, _)| {
        let index = ranges.partition_point(|(_, last)| last < point);
        ranges.get(index).is_some_and(|(first, _)| first <= point)
    });
    let folded: Vec<(u32, u32)> = folded
        .map(|(_, canonical)| (*canonical, *canonical))
        .collect();
    merged([ranges, folded].concat())
}

/// The code points of a category. Scanning them takes a while, so it is done once for all.
fn category_ranges(category: Category) -> &'static [(u32, u32)] {
    static RANGES: [OnceLock<Vec<(u32, u32)>>; 32] = [const { OnceLock::new() }; 32];
    let scan = || {
        CodePointMapData::<GeneralCategory>::new()
            .iter_ranges_for_value(category)
            .map(|range| (*range.start(), *range.end()))
            .collect()
    };
    RANGES
        .get(category as usize)
        .map_or(&[], |ranges| ranges.get_or_init(scan))
}

/// Sorts ranges and joins those that touch.
fn merged(mut points: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    points.sort_unstable();
    let mut ranges: Vec<(u32, u32)> = Vec::with_capacity(points.len());
    for (first, last) in points {
        match ranges.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => ranges.push((first, last)),
        }
    }
    ranges
}

/// Everything that is not its own canonical form, with that form.
fn folding(unicode: bool) -> &'static [(u32, u32)] {
    static UNITS: OnceLock<Vec<(u32, u32)>> = OnceLock::new();
    static POINTS: OnceLock<Vec<(u32, u32)>> = OnceLock::new();
    let table = if unicode { &POINTS } else { &UNITS };
    table.get_or_init(|| {
        let pair = |point: u32| (point, fold(point, unicode));
        let changes = |(point, canonical): &(u32, u32)| point != canonical;
        if unicode {
            let cased = CodePointSetData::new::<ChangesWhenCasefolded>();
            cased
                .iter_ranges()
                .flatten()
                .map(pair)
                .filter(changes)
                .collect()
        } else {
            (0..=0xFFFF).map(pair).filter(changes).collect()
        }
    })
}

struct Compiler {
    programs: Vec<Program>,
}

impl Compiler {
    fn program(&mut self, tree: &Tree) -> Program {
        let mut states = vec![State::Accept];
        let start = self.emit(tree, 0, &mut states);
        let mut before = vec![Vec::new(); states.len()];
        for (index, state) in (0_u32..).zip(&states) {
            let mut link = |to: usize| {
                if let Some(list) = before.get_mut(to) {
                    list.push(index);
                }
            };
            match state {
                State::Split(one, other) => {
                    link(*one);
                    link(*other);
                }
                State::Start(to) | State::End(to) | State::Unless(_, to) => link(*to),
                State::Unit(..) | State::Class(..) | State::Any(_) | State::Accept => {}
            }
        }
        Program {
            states,
            start,
            before,
        }
    }

    /// Adds the states of `tree` before the state `next`; returns where it begins.
    fn emit(&mut self, tree: &Tree, next: usize, states: &mut Vec<State>) -> usize {
        let state = match tree {
            Tree::Empty => return next,
            Tree::Unit(unit) => State::Unit(*unit, next),
            Tree::Any => State::Any(next),
            Tree::Class(class) => State::Class(*class, next),
            Tree::Start => State::Start(next),
            Tree::End => State::End(next),
            Tree::Unless(inner) => {
                let program = self.program(inner);
                self.programs.push(program);
                State::Unless(self.programs.len() - 1, next)
            }
            Tree::Sequence(items) => {
                return items
                    .iter()
                    .rev()
                    .fold(next, |next, item| self.emit(item, next, states));
            }
            Tree::Alternatives(alternatives) => {
                let mut entries = alternatives.iter().rev();
                let Some(last) = entries.next() else {
                    return next;
                };
                let mut start = self.emit(last, next, states);
                for alternative in entries {
                    let entry = self.emit(alternative, next, states);
                    states.push(State::Split(entry, start));
                    start = states.len() - 1;
                }
                return start;
            }
            Tree::Optional(inner) => {
                let entry = self.emit(inner, next, states);
                State::Split(entry, next)
            }
            Tree::Any0(inner) | Tree::Any1(inner) => {
                let repeat = states.len();
                states.push(State::Split(next, next));
                let entry = self.emit(inner, repeat, states);
                if let Some(state) = states.get_mut(repeat) {
                    *state = State::Split(entry, next);
                }
                return if matches!(tree, Tree::Any0(_)) {
                    repeat
                } else {
                    entry
                };
            }
        };
        states.push(state);
        states.len() - 1
    }
}
