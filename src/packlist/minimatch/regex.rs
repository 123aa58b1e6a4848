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

mod classes;
mod parse;

use std::cell::RefCell;

use super::PatternError;
use super::fold::{Name, canonical_unit, simple_fold};
use classes::Class;
use parse::{Parsed, Tree};

/// A compiled regular expression.
#[derive(Debug)]
pub(crate) struct Regex {
    unicode: bool,
    /// Literal units that every match begins with.
    prefix: Vec<u32>,
    /// How many states all programs have together.
    states: usize,
    /// Lookaheads before the programs that use them; the last is the expression itself.
    programs: Vec<Program>,
    classes: Vec<Class>,
}

#[derive(Debug)]
struct Program {
    /// Where its states begin among those of all programs.
    first: usize,
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

/// Buffers of a match, kept from one to the next.
#[derive(Default)]
struct Scratch {
    units: Vec<u32>,
    /// For every state of every program, whether it leads to acceptance from here.
    alive: Vec<bool>,
    /// The same from one unit later.
    after: Vec<bool>,
    pending: Vec<u32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Regex {
    /// Compiles `^source$`.
    pub(super) fn new(source: &[u16], unicode: bool) -> Result<Self, PatternError> {
        let Parsed { tree, classes } = parse::parse(source, unicode)?;
        let mut compiler = Compiler {
            programs: Vec::new(),
            states: 0,
        };
        let program = compiler.program(&tree);
        compiler.push(program);
        Ok(Self {
            unicode,
            prefix: prefix(&tree),
            states: compiler.states,
            programs: compiler.programs,
            classes,
        })
    }

    /// Whether the expression matches anywhere in the name (its anchors are part of it).
    pub(super) fn is_match(&self, name: &Name) -> bool {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.units.clear();
            if self.unicode {
                let points = name.text().chars().map(u32::from);
                scratch.units.extend(points.map(simple_fold));
            } else if name.is_ascii() {
                scratch
                    .units
                    .extend(name.canonical().bytes().map(u32::from));
            } else {
                let units = name
                    .units()
                    .iter()
                    .map(|unit| u32::from(canonical_unit(*unit)));
                scratch.units.extend(units);
            }
            scratch.units.starts_with(&self.prefix) && self.run(scratch)
        })
    }

    fn run(&self, scratch: &mut Scratch) -> bool {
        let Scratch {
            units,
            alive,
            after,
            pending,
        } = scratch;
        alive.clear();
        alive.resize(self.states, false);
        after.clear();
        after.resize(self.states, false);
        let Some(whole) = self.programs.last() else {
            return false;
        };
        for position in (0..=units.len()).rev() {
            std::mem::swap(alive, after);
            let here = Here {
                unit: units.get(position).copied(),
                start: position == 0,
                end: position == units.len(),
            };
            let mut step = Step {
                regex: self,
                here,
                after,
                alive,
                pending,
            };
            for program in &self.programs {
                step.take(program);
            }
            if alive.get(whole.first + whole.start) == Some(&true) {
                return true;
            }
        }
        false
    }
}

/// The literal units that every match begins with.
fn prefix(tree: &Tree) -> Vec<u32> {
    match tree {
        Tree::Sequence(items) => match items.as_slice() {
            [Tree::Start, rest @ ..] => rest
                .iter()
                .map_while(|item| match item {
                    Tree::Unit(unit) => Some(*unit),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Where a step is taken.
#[derive(Clone, Copy)]
struct Here {
    unit: Option<u32>,
    start: bool,
    end: bool,
}

/// The computation for one position.
struct Step<'a> {
    regex: &'a Regex,
    here: Here,
    after: &'a [bool],
    alive: &'a mut [bool],
    pending: &'a mut Vec<u32>,
}

impl Step<'_> {
    /// Works out which of a program's states lead to acceptance from here. The lookaheads it uses
    /// have had their turn.
    fn take(&mut self, program: &Program) {
        let first = program.first;
        for (index, state) in program.states.iter().enumerate() {
            let lives = |to: &usize| self.after.get(first + to) == Some(&true);
            let reached = match state {
                State::Accept => true,
                State::Unit(unit, to) => self.here.unit == Some(*unit) && lives(to),
                State::Any(to) => self.here.unit.is_some() && lives(to),
                State::Class(class, to) => {
                    let class = self.regex.classes.get(*class);
                    lives(to)
                        && self
                            .here
                            .unit
                            .zip(class)
                            .is_some_and(|(unit, class)| class.holds(unit))
                }
                State::Split(..) | State::Start(_) | State::End(_) | State::Unless(..) => false,
            };
            if let Some(slot) = self.alive.get_mut(first + index) {
                *slot = reached;
            }
        }
        self.pending.clear();
        self.pending
            .extend((0_u32..).zip(&program.states).filter_map(|(index, _)| {
                (self.alive.get(first + index as usize) == Some(&true)).then_some(index)
            }));
        while let Some(state) = self.pending.pop() {
            for &previous in program.before.get(state as usize).into_iter().flatten() {
                let passes = match program.states.get(previous as usize) {
                    Some(State::Split(..)) => true,
                    Some(State::Start(_)) => self.here.start,
                    Some(State::End(_)) => self.here.end,
                    Some(State::Unless(lookahead, _)) => !self.looks_ahead(*lookahead),
                    _ => false,
                };
                if passes
                    && let Some(slot) = self.alive.get_mut(first + previous as usize)
                    && !*slot
                {
                    *slot = true;
                    self.pending.push(previous);
                }
            }
        }
    }

    /// Whether a lookahead matches from here.
    fn looks_ahead(&self, lookahead: usize) -> bool {
        self.regex
            .programs
            .get(lookahead)
            .is_some_and(|program| self.alive.get(program.first + program.start) == Some(&true))
    }
}

struct Compiler {
    programs: Vec<Program>,
    /// How many states they have together.
    states: usize,
}

impl Compiler {
    /// Adds a finished program; returns its number.
    fn push(&mut self, mut program: Program) -> usize {
        program.first = self.states;
        self.states += program.states.len();
        self.programs.push(program);
        self.programs.len() - 1
    }

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
            first: 0,
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
                State::Unless(self.push(program), next)
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
