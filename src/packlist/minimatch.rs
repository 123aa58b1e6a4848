//! One line of an ignore file as npm's matcher understands it.
//!
//! npm compiles every rule with minimatch 10.2.5 and the options `matchBase`, `dot`, `flipNegate`
//! and `nocase`, on POSIX. A pattern is expanded into alternatives ([`braces`]), each split at runs
//! of `/` into parts, each part compiled by itself ([`part`]). A one-part alternative looks at the
//! last part of a path only; the others match the whole path, `**` standing for any number of
//! parts. Everything here is compiled once per rule and matches in time linear in the path, `**`
//! sections included.
//!
//! Source: minimatch 10.2.5, `index`; npm-behaviour.md §1.5.

mod braces;
mod class;
mod extglob;
pub(crate) mod fold;
pub(crate) mod part;
mod regex;

pub(crate) use extglob::is_space as is_javascript_space;
use fold::Name;
use part::Part;

/// Longest pattern, in UTF-16 units; npm dies on a longer one.
const MAX_LENGTH: usize = 65_536;
/// How many sections between `**` are followed before a pattern counts as not matching.
const MAX_GLOBSTAR_SECTIONS: usize = 200;

/// Why a rule cannot be compiled. npm ends on all of these, mostly without a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// More than 65,536 UTF-16 units.
    #[error("the pattern is longer than 65536 characters")]
    TooLong,
    /// Braces, extglobs or groups nested deeper than any stack holds.
    #[error("the pattern nests too deeply")]
    TooDeep,
    /// Negated extglobs after one another: each doubles what the ones before it must hold.
    #[error("the pattern has too many negated groups")]
    TooComplex,
    /// What the pattern translates to is no valid regular expression.
    #[error("the pattern does not translate to a regular expression: {0}")]
    Regex(&'static str),
}

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// Whether it began with an odd number of `!`.
    pub(crate) negated: bool,
    /// Whether some alternative is a bare name, with or without a final `/`: such rules are tried
    /// against a directory's own name from every ancestor.
    pub(crate) basename_like: bool,
    pub(crate) alternatives: Vec<Alternative>,
}

/// One brace alternative of a pattern.
#[derive(Debug)]
pub(crate) struct Alternative {
    pub(crate) parts: Vec<Part>,
}

impl Pattern {
    /// Compiles one trimmed, non-empty line.
    pub(crate) fn new(line: &str) -> Result<Self, PatternError> {
        let units: Vec<u16> = line.encode_utf16().collect();
        if units.len() > MAX_LENGTH {
            return Err(PatternError::TooLong);
        }
        let bangs = units.iter().take_while(|unit| **unit == 0x21).count();
        let body = units.get(bangs..).unwrap_or_default();
        let mut pattern = Self {
            negated: bangs % 2 == 1,
            basename_like: false,
            alternatives: Vec::new(),
        };
        if braces::has_braces(body) {
            let mut seen = std::collections::HashSet::new();
            for expansion in braces::expand(body)? {
                if seen.insert(expansion.clone()) {
                    pattern.add(&expansion)?;
                }
            }
        } else {
            pattern.add(body)?;
        }
        Ok(pattern)
    }

    fn add(&mut self, expansion: &[u16]) -> Result<(), PatternError> {
        let parts = cancel_parents(split(expansion));
        let limit = if parts.last().is_some_and(|last| !last.is_empty()) {
            1
        } else {
            2
        };
        self.basename_like |= parts.len() <= limit;
        let parts = parts.into_iter().map(Part::new).collect::<Result<_, _>>()?;
        self.alternatives.push(Alternative { parts });
        Ok(())
    }

    /// Whether some alternative matches the path, given as text.
    pub(crate) fn matches_text(&self, path: &str, partial: bool) -> bool {
        let parts: Vec<_> = path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(|part| std::sync::Arc::new(Name::new(part)))
            .collect();
        let Some((last, directories)) = parts.split_last() else {
            return false;
        };
        let path = Path {
            leading: path.starts_with('/'),
            directories,
            last,
            trailing: path.ends_with('/'),
        };
        self.alternatives
            .iter()
            .any(|alternative| alternative.matches(&path, partial))
    }
}

/// Splits at runs of `/`: only the first and the last part may be empty.
fn split(pattern: &[u16]) -> Vec<&[u16]> {
    let mut pieces = pattern.split(|unit| *unit == 0x2F);
    let mut parts: Vec<&[u16]> = pieces.next().into_iter().collect();
    let mut ends_with_slash = false;
    for piece in pieces {
        ends_with_slash = piece.is_empty();
        if !ends_with_slash {
            parts.push(piece);
        }
    }
    if ends_with_slash {
        parts.push(&[]);
    }
    parts
}

/// Drops a `**` after a `**`, and a part together with the `..` after it.
fn cancel_parents(parts: Vec<&[u16]>) -> Vec<&[u16]> {
    const DOT: &[u16] = &[0x2E];
    const PARENT: &[u16] = &[0x2E, 0x2E];
    const GLOBSTAR: &[u16] = &[0x2A, 0x2A];
    let mut kept: Vec<&[u16]> = Vec::with_capacity(parts.len());
    for part in parts {
        let previous = kept.last().copied();
        if part == GLOBSTAR && previous == Some(GLOBSTAR) {
            continue;
        }
        if part == PARENT
            && previous.is_some_and(|previous| {
                !previous.is_empty() && ![DOT, PARENT, GLOBSTAR].contains(&previous)
            })
        {
            kept.pop();
            continue;
        }
        kept.push(part);
    }
    if kept.is_empty() {
        kept.push(&[]);
    }
    kept
}

/// Removes the backslashes from regular expression text that stands for a literal.
fn unescape(source: &[u16]) -> Vec<u16> {
    let mut literal = Vec::with_capacity(source.len());
    let mut units = source.iter().copied();
    while let Some(unit) = units.next() {
        literal.push(if unit == 0x5C {
            units.next().unwrap_or(unit)
        } else {
            unit
        });
    }
    literal
}

/// A path as the matcher sees it: its parts, with an empty one for a leading or a final `/`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'a> {
    pub(crate) leading: bool,
    pub(crate) directories: &'a [std::sync::Arc<Name>],
    pub(crate) last: &'a Name,
    pub(crate) trailing: bool,
}

impl<'a> Path<'a> {
    fn len(&self) -> usize {
        usize::from(self.leading) + self.directories.len() + 1 + usize::from(self.trailing)
    }

    /// The part at `index`; `None` for an empty one.
    fn part(&self, index: usize) -> Option<&'a Name> {
        let index = index.checked_sub(usize::from(self.leading))?;
        match self.directories.get(index) {
            Some(directory) => Some(directory),
            None => (index == self.directories.len()).then_some(self.last),
        }
    }
}

impl Alternative {
    /// Whether the path matches; with `partial`, whether it could once more parts follow.
    pub(crate) fn matches(&self, path: &Path<'_>, partial: bool) -> bool {
        if let [only] = self.parts.as_slice() {
            return only.matches(Some(path.last));
        }
        let mut globstars = self
            .parts
            .iter()
            .enumerate()
            .filter(|(_, part)| part.is_globstar());
        let Some((first, _)) = globstars.next() else {
            return plain(path, 0, path.len(), &self.parts, partial);
        };
        let last = globstars.next_back().map_or(first, |(last, _)| last);
        self.matches_around(path, partial, first, last)
    }

    /// Matches a pattern whose outermost `**` are at `first` and `last`.
    fn matches_around(&self, path: &Path<'_>, partial: bool, first: usize, last: usize) -> bool {
        let (head, after) = self.parts.split_at(first);
        let (body, tail) = if partial {
            (after.get(1..).unwrap_or_default(), &[][..])
        } else {
            (
                after.get(1..last - first).unwrap_or_default(),
                self.parts.get(last + 1..).unwrap_or_default(),
            )
        };
        let length = path.len();
        if !head.is_empty() && !plain(path, 0, length.min(head.len()), head, partial) {
            return false;
        }
        let begin = head.len();
        let mut tail_length = 0;
        if !tail.is_empty() {
            if tail.len() + begin > length {
                return false;
            }
            if plain(path, length - tail.len(), length, tail, partial) {
                tail_length = tail.len();
            } else {
                // `a/**/*` matches `a/b/` too.
                if !path.trailing || begin + tail.len() == length {
                    return false;
                }
                if !plain(path, length - tail.len() - 1, length, tail, partial) {
                    return false;
                }
                tail_length = tail.len() + 1;
            }
        }
        let end = length - tail_length;
        if body.is_empty() {
            return (begin..end).all(|index| !is_dots(path, index))
                && (partial || tail_length > 0 || begin < end);
        }
        let sections: Vec<&[Part]> = body.split(Part::is_globstar).collect();
        let bounds = section_bounds(&sections, end);
        let walk = Sections {
            path,
            parts: &sections,
            bounds: &bounds,
            partial,
        };
        walk.matches(begin, 0, tail_length > 0) == Outcome::Match
    }
}

/// Whether a part of the path is `.` or `..`, which `**` does not cross.
fn is_dots(path: &Path<'_>, index: usize) -> bool {
    path.part(index)
        .is_some_and(|name| matches!(name.text(), "." | ".."))
}

/// The last position at which each section may begin, as minimatch reckons it.
///
/// It subtracts the lengths of as many sections as follow, but counts them from the front.
fn section_bounds(sections: &[&[Part]], end: usize) -> Vec<Option<usize>> {
    let mut sums = Vec::with_capacity(sections.len());
    let mut sum = 0;
    for section in sections {
        sums.push(sum);
        sum += section.len();
    }
    sections
        .iter()
        .zip(sums.iter().rev())
        .map(|(section, before)| end.checked_sub(before + section.len()))
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Match,
    /// Not from here, but perhaps from further on.
    Retry,
    /// Not at all.
    Never,
}

/// The sections between `**`, to be found in order.
struct Sections<'a> {
    path: &'a Path<'a>,
    parts: &'a [&'a [Part]],
    bounds: &'a [Option<usize>],
    partial: bool,
}

impl Sections<'_> {
    fn matches(&self, from: usize, index: usize, saw_tail: bool) -> Outcome {
        let Some((section, bound)) = self.parts.get(index).zip(self.bounds.get(index)) else {
            let rest = from..self.path.len();
            if rest.clone().any(|index| is_dots(self.path, index)) {
                return Outcome::Retry;
            }
            return if saw_tail || !rest.is_empty() {
                Outcome::Match
            } else {
                Outcome::Retry
            };
        };
        let last = bound.map_or(0, |bound| bound + 1);
        for at in from..last {
            let until = self.path.len().min(at + section.len());
            if index < MAX_GLOBSTAR_SECTIONS && plain(self.path, at, until, section, self.partial) {
                let outcome = self.matches(at + section.len(), index + 1, saw_tail);
                if outcome != Outcome::Retry {
                    return outcome;
                }
            }
            if is_dots(self.path, at) {
                return Outcome::Retry;
            }
        }
        if self.partial {
            Outcome::Match
        } else {
            Outcome::Never
        }
    }
}

/// Matches path parts `from..until` against parts without `**`, one by one.
fn plain(path: &Path<'_>, from: usize, until: usize, parts: &[Part], partial: bool) -> bool {
    let length = until.saturating_sub(from);
    let common = length.min(parts.len());
    let agree = parts
        .iter()
        .take(common)
        .enumerate()
        .all(|(index, part)| part.matches(path.part(from + index)));
    agree
        && match length.cmp(&parts.len()) {
            std::cmp::Ordering::Equal => true,
            std::cmp::Ordering::Less => partial,
            // Only the empty part after a final `/` may be left over.
            std::cmp::Ordering::Greater => {
                length == parts.len() + 1 && path.part(until - 1).is_none()
            }
        }
}

#[cfg(test)]
mod tests;
