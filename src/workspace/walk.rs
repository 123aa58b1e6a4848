//! The directories that a list of workspace globs names, in npm's order (`@npmcli/map-workspaces`
//! 5.0.3, `glob` 13.0.6).

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use icu_collator::options::CollatorOptions;
use icu_collator::{Collator, CollatorPreferences};

use super::pattern::{Glob, Part};
use crate::collation;

/// A workspaces list, sorted into what is wanted and what is not.
pub(super) struct Patterns {
    wanted: Vec<String>,
    ignored: Vec<Glob>,
}

impl Patterns {
    /// An odd number of `!` excludes; leading `/` and `./` go. A wanted pattern that an earlier
    /// exclusion matches, as text, cancels that exclusion; later exclusions cancel wanted patterns
    /// the same way.
    pub(super) fn new(declared: &[&str]) -> Self {
        let mut wanted: Vec<String> = Vec::new();
        let mut excluded: Vec<String> = Vec::new();
        for pattern in declared {
            let plain = pattern.trim_start_matches('!');
            let bangs = pattern.len() - plain.len();
            let plain = strip_root(plain).to_owned();
            if bangs % 2 == 1 {
                excluded.push(plain);
                continue;
            }
            // npm removes while it counts on, so the one behind a removed exclusion is passed over.
            let mut index = 0;
            while index < excluded.len() {
                let matches = excluded
                    .get(index)
                    .is_some_and(|excluded| Glob::exclusion(excluded).matches(&plain));
                if matches {
                    excluded.remove(index);
                }
                index += 1;
            }
            wanted.push(plain);
        }
        for pattern in &excluded {
            let glob = Glob::exclusion(pattern);
            wanted.retain(|wanted| !glob.matches(wanted));
        }
        let ignored = std::iter::once("**/node_modules/**")
            .chain(excluded.iter().map(String::as_str))
            .map(Glob::ignored)
            .collect();
        Self { wanted, ignored }
    }

    /// Whether a pattern excludes the root itself, on which npm's glob stops.
    pub(super) fn excludes_root(&self) -> bool {
        let root = Part::Literal(".".to_owned());
        self.ignored
            .iter()
            .flat_map(Glob::alternatives)
            .any(|parts| *parts == [root.clone()])
    }

    fn ignores(&self, path: &str) -> bool {
        let as_directory = format!("{path}/");
        self.ignored
            .iter()
            .any(|glob| glob.matches(path) || glob.matches(&as_directory))
    }
}

/// What an empty pattern finds.
const ROOT: &str = "/";

/// A pattern without `/` or `./` in front.
fn strip_root(pattern: &str) -> &str {
    let rest = pattern.strip_prefix('.').unwrap_or(pattern);
    if rest.starts_with('/') {
        rest.trim_start_matches('/')
    } else {
        pattern
    }
}

/// The directories below `root`, relative to it, without those in `node_modules`. A directory that
/// two patterns name comes twice.
pub(super) fn directories(root: &Path, patterns: &Patterns) -> Vec<String> {
    let mut found = BTreeSet::new();
    for pattern in &patterns.wanted {
        let pattern = format!("{}/", pattern.replace('\\', "/").trim_end_matches('/'));
        for alternative in Glob::for_walk(&pattern).alternatives() {
            let empty = Part::Literal(String::new());
            match alternative.as_slice() {
                // An empty pattern means the file system's root to npm's glob, which npm then
                // takes relative to the workspace root.
                [first, last] if *first == empty && *last == empty => {
                    found.insert(ROOT.to_owned());
                    continue;
                }
                // No member has an absolute path.
                [first, _, ..] if *first == empty => continue,
                _ => {}
            }
            let mut walk = Walk {
                root,
                patterns,
                found: &mut found,
                seen: HashSet::new(),
            };
            walk.descend("", alternative, true);
        }
    }
    let mut found: Vec<String> = found.into_iter().collect();
    let collator = collation::english(CollatorPreferences::default(), CollatorOptions::default());
    if let Some(collator) = collator.as_ref().map(Collator::as_borrowed) {
        found.sort_by(|left, right| collator.compare(left, right));
    }
    let mut ordered = Vec::new();
    for pattern in &patterns.wanted {
        let glob = Glob::new(pattern);
        ordered.extend(
            found
                .iter()
                .filter(|path| {
                    // The beginning of any path, but not of none.
                    let is_root = *path == ROOT;
                    !pattern.is_empty() && (is_root || glob.matches_partially(path))
                })
                .cloned(),
        );
    }
    ordered
}

struct Walk<'a> {
    root: &'a Path,
    patterns: &'a Patterns,
    found: &'a mut BTreeSet<String>,
    /// Directories with how many parts were left there: several `**` lead there more than once.
    seen: HashSet<(String, usize)>,
}

impl Walk<'_> {
    /// Follows `parts` from `path`, which is empty for the root. `is_start` holds until a part is
    /// used up: a `**` at the very beginning does not enter links.
    fn descend(&mut self, path: &str, parts: &[Part], is_start: bool) {
        let Some((part, after)) = parts.split_first() else {
            return;
        };
        if !self.seen.insert((path.to_owned(), parts.len())) {
            return;
        }
        match part {
            Part::Literal(text) if text.is_empty() && after.is_empty() => self.take(path),
            Part::Literal(text) => self.descend(&joined(path, text), after, false),
            Part::Wild(_) => {
                for entry in self.entries(path) {
                    if part.matches(&entry.name, false) {
                        self.descend(&joined(path, &entry.name), after, false);
                    }
                }
            }
            Part::Globstar => {
                self.descend(path, after, is_start);
                for entry in self.entries(path) {
                    if entry.name.starts_with('.') {
                        continue;
                    }
                    let below = joined(path, &entry.name);
                    if !entry.is_link {
                        self.descend(&below, parts, is_start);
                    } else if !is_start {
                        // A link uses the ** up.
                        self.descend(&below, after, false);
                    }
                }
            }
        }
    }

    fn take(&mut self, path: &str) {
        let shown = if path.is_empty() { "." } else { path };
        let full = self.root.join(path);
        // A link that leads nowhere is found too; reading its manifest tells a missing directory, which
        // is no member, from links in a circle, which are an error.
        if (full.is_dir() || full.is_symlink()) && !self.patterns.ignores(shown) {
            self.found.insert(shown.to_owned());
        }
    }

    fn entries(&self, path: &str) -> Vec<Entry> {
        let is_below_node_modules = path.split('/').any(|name| name == "node_modules");
        if is_below_node_modules {
            return Vec::new();
        }
        let Ok(entries) = std::fs::read_dir(self.root.join(path)) else {
            return Vec::new();
        };
        entries
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let kind = entry.file_type().ok()?;
                let is_link = kind.is_symlink();
                (is_link || kind.is_dir()).then(|| Entry {
                    name: entry.file_name().to_string_lossy().into_owned(),
                    is_link,
                })
            })
            .collect()
    }
}

struct Entry {
    name: String,
    is_link: bool,
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}/{name}")
    }
}
