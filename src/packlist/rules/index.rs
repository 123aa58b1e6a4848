//! A compiled rule list and the search for the last rule that hits.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt};

use super::super::minimatch::fold::{Name, canonical};
use super::super::minimatch::part::Part;
use super::super::minimatch::{Alternative, Path, Pattern, PatternError};

/// Position of a rule in its list; later ones win.
type Position = u32;

/// How an entry is asked about (npm-behaviour.md §1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Query {
    /// As a file: `/path` and `path`.
    File,
    /// As a directory that may hold something: those, the same with a final `/`, and for negated
    /// rules as a prefix of something.
    Directory,
    /// Only with a final `/`: whether a directory is itself wanted.
    ExactDirectory,
}

/// A list of rules, compiled.
#[derive(Debug, Default)]
pub(crate) struct RuleList {
    negated: Vec<bool>,
    names: HashMap<Box<str>, Position>,
    /// What names end with, by its length and in lower case, and the same for ASCII names in their
    /// canonical form, which is upper case.
    suffixes: Vec<(usize, HashMap<Box<str>, Position>)>,
    ascii_suffixes: Vec<(usize, HashMap<Box<str>, Position>)>,
    /// One-part alternatives of other shapes, last rule first.
    single: Vec<(Position, Part)>,
    /// How many parts the longest of the literal paths below has.
    longest_path: usize,
    /// Literal paths, in canonical form and joined by `/`.
    paths: HashMap<Box<str>, Position>,
    /// The same for those with a final `/`.
    directory_paths: HashMap<Box<str>, Position>,
    /// What negated literal paths begin with, themselves included.
    prefixes: HashMap<Box<str>, Position>,
    /// Names that a basename-like literal rule hits when a directory below is asked about.
    base_names: HashMap<Box<str>, Position>,
    /// `**/part/**`: hits whatever lies below a directory, last rule first.
    below: Vec<(Position, Part)>,
    /// Other alternatives by the canonical form of their literal first part, last rule first.
    anchored: HashMap<Box<str>, Vec<General>>,
    /// The rest, last rule first.
    general: Vec<General>,
}

#[derive(Debug, Clone)]
struct General {
    position: Position,
    negated: bool,
    basename_like: bool,
    has_globstar: bool,
    alternative: Arc<Alternative>,
}

fn note(map: &mut HashMap<Box<str>, Position>, key: &str, position: Position) {
    map.insert(key.into(), position);
}

fn note_suffix(
    maps: &mut Vec<(usize, HashMap<Box<str>, Position>)>,
    suffix: &str,
    position: Position,
) {
    let length = suffix.len();
    let map = match maps.iter_mut().position(|(known, _)| *known == length) {
        Some(index) => maps.get_mut(index),
        None => Some(maps.push_mut((length, HashMap::new()))),
    };
    if let Some((_, map)) = map {
        note(map, suffix, position);
    }
}

impl RuleList {
    /// Compiles trimmed lines. The error names the line it is about.
    pub(crate) fn compile<'a>(
        lines: impl Iterator<Item = &'a str>,
    ) -> Result<Self, (String, PatternError)> {
        let mut list = Self::default();
        for line in lines {
            let pattern = Pattern::new(line).map_err(|error| (line.to_owned(), error))?;
            let position = Position::try_from(list.negated.len()).unwrap_or(Position::MAX);
            list.negated.push(pattern.negated);
            for alternative in pattern.alternatives {
                list.add(
                    position,
                    pattern.negated,
                    pattern.basename_like,
                    alternative,
                );
            }
        }
        list.single.reverse();
        list.below.reverse();
        list.general.reverse();
        for bucket in list.anchored.values_mut() {
            bucket.reverse();
        }
        Ok(list)
    }

    fn add(
        &mut self,
        position: Position,
        negated: bool,
        basename_like: bool,
        mut alternative: Alternative,
    ) {
        match alternative.parts.as_slice() {
            [_] => {
                if let Some(part) = alternative.parts.pop() {
                    self.add_single(position, part);
                }
                return;
            }
            // Deeper or not, only the last part counts; as a prefix of something it would always
            // match, so negated ones stay general.
            [Part::Globstar, part] if !negated && !part.is_globstar() && !part.matches(None) => {
                if let Some(part) = alternative.parts.pop() {
                    self.add_single(position, part);
                }
                return;
            }
            [Part::Globstar, part, Part::Globstar] if !negated && !part.matches(None) => {
                alternative.parts.pop();
                if let Some(part) = alternative.parts.pop() {
                    self.below.push((position, part));
                }
                return;
            }
            _ => {}
        }
        if let Some((path, first, directory)) = literal_path(&alternative.parts) {
            let parts = 1 + path.matches('/').count();
            self.longest_path = self.longest_path.max(parts);
            note(
                if directory {
                    &mut self.directory_paths
                } else {
                    &mut self.paths
                },
                &path,
                position,
            );
            if negated {
                for (end, _) in path.match_indices('/') {
                    note(
                        &mut self.prefixes,
                        path.get(..end).unwrap_or_default(),
                        position,
                    );
                }
                note(&mut self.prefixes, &path, position);
            }
            if basename_like && (negated || first.len() == path.len()) {
                note(&mut self.base_names, &first, position);
            }
            return;
        }
        let general = General {
            position,
            negated,
            basename_like,
            has_globstar: alternative.parts.iter().any(Part::is_globstar),
            alternative: Arc::new(alternative),
        };
        match first_literal(&general.alternative.parts) {
            Some(first) => self.anchored.entry(first.into()).or_default().push(general),
            None => self.general.push(general),
        }
    }

    fn add_single(&mut self, position: Position, part: Part) {
        match part {
            // Letters or not, two names are equal in canonical form only if they are the same.
            Part::Literal(name) => note(&mut self.names, &name, position),
            Part::Exact(name) => note(&mut self.names, &canonical(&name), position),
            Part::Suffix(suffix) => {
                note_suffix(&mut self.suffixes, &suffix, position);
                if suffix.is_ascii() {
                    let upper = suffix.to_ascii_uppercase();
                    note_suffix(&mut self.ascii_suffixes, &upper, position);
                }
            }
            Part::Empty => {}
            other => self.single.push((position, other)),
        }
    }

    /// What the list says of any entry by its own name alone.
    fn by_name(&self, name: &Name) -> Option<Position> {
        let mut best = self.names.get(name.canonical()).copied();
        for (length, map) in &self.suffixes {
            let lower = name.lower();
            let suffix = lower
                .len()
                .checked_sub(*length)
                .and_then(|start| lower.get(start..));
            best = best.max(suffix.and_then(|suffix| map.get(suffix)).copied());
        }
        for (position, part) in &self.single {
            if best >= Some(*position) {
                break;
            }
            if part.matches(Some(name)) {
                best = Some(*position);
            }
        }
        best
    }
}

/// A fully literal alternative: its path in canonical form, the first part, whether it ends in `/`.
fn literal_path(parts: &[Part]) -> Option<(String, String, bool)> {
    let parts = match parts {
        [Part::Empty, rest @ ..] => rest,
        all => all,
    };
    let (parts, directory) = match parts {
        [rest @ .., Part::Empty] => (rest, true),
        all => (all, false),
    };
    let names: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Part::Literal(name) => Some(name.to_string()),
            Part::Exact(name) => Some(canonical(name).into_owned()),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let first = names.first()?.clone();
    Some((names.join("/"), first, directory))
}

/// The first part after a leading `/`, when it is literal.
fn first_literal(parts: &[Part]) -> Option<String> {
    match parts {
        [Part::Empty, part, ..] | [part, ..] => match part {
            Part::Literal(name) => Some(name.to_string()),
            Part::Exact(name) => Some(canonical(name).into_owned()),
            _ => None,
        },
        [] => None,
    }
}

/// A list as seen from one directory at or below the one that owns it: everything that does not
/// depend on the entry is worked out once.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) list: Arc<RuleList>,
    /// How many directories lie between the list's owner and the entries.
    depth: usize,
    /// The last `**/part/**` that one of those directories satisfies.
    below: Option<Position>,
    /// Alternatives that can still match something here.
    candidates: Vec<General>,
}

/// One entry, ready to be looked up.
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a Name,
    /// Directories from the packed root down to the entry's.
    pub(crate) directories: &'a [Arc<Name>],
    /// The canonical path from the packed root, and where in it each directory's own paths begin.
    pub(crate) canonical_path: &'a str,
    pub(crate) offsets: &'a [usize],
}

impl View {
    /// `directories` are those between the list's owner and the entries.
    pub(crate) fn new(list: Arc<RuleList>, directories: &[Arc<Name>]) -> Self {
        let depth = directories.len();
        let below = list
            .below
            .iter()
            .find(|(_, part)| directories.iter().any(|name| part.matches(Some(name))))
            .map(|(position, _)| *position);
        let reachable = |general: &&General| {
            // Without `**` a pattern needs a part for every part of the path.
            let parts = &general.alternative.parts;
            let leading = usize::from(matches!(parts.first(), Some(Part::Empty)));
            general.has_globstar || general.basename_like || parts.len() > depth + leading
        };
        let mut candidates: Vec<General> = Vec::new();
        if let Some(first) = directories.first() {
            let bucket = list.anchored.get(first.canonical());
            candidates.extend(bucket.into_iter().flatten().filter(reachable).cloned());
        }
        candidates.extend(list.general.iter().filter(reachable).cloned());
        candidates.sort_by_key(|general| std::cmp::Reverse(general.position));
        Self {
            list,
            depth,
            below,
            candidates,
        }
    }

    /// What the last rule that hits makes of the entry: `Some(true)` to include it. The entry's
    /// answer by name alone is taken from `by_name` when the list is the one it was made for.
    pub(crate) fn verdict(
        &self,
        entry: &Entry<'_>,
        query: Query,
        by_name: &mut Option<(*const RuleList, Option<Position>)>,
    ) -> Option<bool> {
        let list = &*self.list;
        let own = match by_name {
            Some((known, position)) if std::ptr::eq(*known, list) => *position,
            _ => {
                let position = list.by_name(entry.name);
                *by_name = Some((std::ptr::from_ref(list), position));
                position
            }
        };
        let mut best = own.max(self.below);
        if query != Query::File {
            best = best.max(
                list.below
                    .iter()
                    .take_while(|(position, _)| Some(*position) > best)
                    .find(|(_, part)| part.matches(Some(entry.name)))
                    .map(|(position, _)| *position),
            );
        }
        best = best.max(self.by_path(entry, query));
        let general = if self.depth == 0 {
            let bucket = list.anchored.get(entry.name.canonical());
            search(bucket.map_or(&[][..], Vec::as_slice), best, |general| {
                self.hits(general, entry, query)
            })
        } else if query == Query::Directory {
            // A directory below the list's owner is also tried by its own name.
            let bucket = list.anchored.get(entry.name.canonical());
            search(bucket.map_or(&[][..], Vec::as_slice), best, |general| {
                general.basename_like && hits_alone(general, entry)
            })
        } else {
            None
        };
        best = best.max(general);
        best = best.max(search(&self.candidates, best, |general| {
            self.hits(general, entry, query)
        }));
        best.and_then(|position| list.negated.get(position as usize).copied())
    }

    /// The last literal path that hits.
    fn by_path(&self, entry: &Entry<'_>, query: Query) -> Option<Position> {
        let list = &*self.list;
        let base_name = || {
            let applies = query == Query::Directory && self.depth > 0;
            applies
                .then(|| list.base_names.get(entry.name.canonical()).copied())
                .flatten()
        };
        if list.longest_path <= self.depth {
            return base_name();
        }
        let level = entry.directories.len() - self.depth;
        let offset = entry.offsets.get(level).copied().unwrap_or_default();
        let path = entry.canonical_path.get(offset..).unwrap_or_default();
        let mut best = list.paths.get(path).copied();
        if query != Query::File {
            best = best.max(list.directory_paths.get(path).copied());
        }
        if query == Query::Directory {
            best = best.max(list.prefixes.get(path).copied());
        }
        best.max(base_name())
    }

    fn hits(&self, general: &General, entry: &Entry<'_>, query: Query) -> bool {
        let skip = entry.directories.len() - self.depth;
        let directories = entry.directories.get(skip..).unwrap_or_default();
        let path = |leading, trailing| Path {
            leading,
            directories,
            last: entry.name,
            trailing,
        };
        let full = |trailing| {
            let alternative = &general.alternative;
            alternative.matches(&path(true, trailing), false)
                || alternative.matches(&path(false, trailing), false)
        };
        match query {
            Query::File => full(false),
            Query::ExactDirectory => full(true),
            Query::Directory => {
                full(false)
                    || full(true)
                    || (general.negated
                        && (general.alternative.matches(&path(true, false), true)
                            || general.alternative.matches(&path(false, false), true)))
                    || (self.depth > 0 && general.basename_like && hits_alone(general, entry))
            }
        }
    }
}

/// Whether the rule hits a directory by nothing but its own name.
fn hits_alone(general: &General, entry: &Entry<'_>) -> bool {
    let path = |leading, trailing| Path {
        leading,
        directories: &[],
        last: entry.name,
        trailing,
    };
    let alternative = &general.alternative;
    alternative.matches(&path(true, true), false)
        || alternative.matches(&path(false, true), false)
        || (general.negated
            && (alternative.matches(&path(true, false), true)
                || alternative.matches(&path(false, false), true)))
}

/// The first hit in a list ordered from its last rule, as long as it would change the outcome.
fn search(
    list: &[General],
    best: Option<Position>,
    hits: impl Fn(&General) -> bool,
) -> Option<Position> {
    list.iter()
        .take_while(|general| Some(general.position) > best)
        .find(|general| hits(general))
        .map(|general| general.position)
}
