//! Globs as npm matches workspaces with them (minimatch 10.2.5, default options).
//!
//! Braces are expanded into alternatives, each split at `/` into parts; `**` is a part of its own.
//! Wild cards do not match a leading dot unless told to. File lists have their own matcher with
//! other options (`packlist`).

mod matching;
mod parse;

use matching::{match_parts, matches_tokens, path_parts};
use parse::{Simplify, expand_braces, parse_tokens, simplify};

/// A compiled glob.
#[derive(Debug, Clone)]
pub struct Glob {
    alternatives: Vec<Vec<Part>>,
    dot: bool,
}

/// One part of a pattern, between two slashes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// `**`.
    Globstar,
    /// Text without wild cards.
    Literal(String),
    /// Anything else.
    Wild(Vec<Token>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Character(char),
    /// `?`.
    One,
    /// `*`.
    Any,
    /// `[...]`.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    /// `@(a|b)` and its kin.
    Group {
        kind: GroupKind,
        choices: Vec<Vec<Token>>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupKind {
    One,
    Optional,
    AtLeastOne,
    AnyNumber,
    Not,
}

impl Glob {
    /// Compiles a pattern. Backslashes count as slashes.
    pub fn new(pattern: &str) -> Self {
        Self::compile(&pattern.replace('\\', "/"), false, Simplify::Lightly)
    }

    /// Compiles an exclusion: there a backslash takes the meaning off the next character.
    pub(super) fn exclusion(pattern: &str) -> Self {
        Self::compile(pattern, false, Simplify::Lightly)
    }

    /// An exclusion to walk directories by: wild cards match names that start with a dot.
    pub(super) fn ignored(pattern: &str) -> Self {
        Self::compile(pattern, true, Simplify::Fully)
    }

    /// A pattern to walk directories by: `.` counts for nothing.
    pub(super) fn for_walk(pattern: &str) -> Self {
        Self::compile(&pattern.replace('\\', "/"), false, Simplify::Fully)
    }

    fn compile(pattern: &str, dot: bool, how: Simplify) -> Self {
        let alternatives = expand_braces(pattern)
            .into_iter()
            .map(|alternative| simplify(&alternative, how))
            .collect();
        Self { alternatives, dot }
    }

    /// The alternatives, as parts.
    pub(super) fn alternatives(&self) -> &[Vec<Part>] {
        &self.alternatives
    }

    /// Whether the whole path matches. A slash at the path's end counts as an empty part.
    pub fn matches(&self, path: &str) -> bool {
        self.matches_as(path, false)
    }

    /// Whether the path matches or could be the beginning of one that does.
    pub fn matches_partially(&self, path: &str) -> bool {
        self.matches_as(path, true)
    }

    fn matches_as(&self, path: &str, partial: bool) -> bool {
        let names = path_parts(path);
        self.alternatives
            .iter()
            .any(|parts| match_parts(parts, &names, self.dot, partial))
    }
}

impl Part {
    fn parse(text: &str) -> Self {
        if text == "**" {
            return Self::Globstar;
        }
        let characters: Vec<char> = text.chars().collect();
        let tokens = parse_tokens(&characters, 0);
        let literal: Option<String> = tokens
            .iter()
            .map(|token| match token {
                Token::Character(character) => Some(*character),
                _ => None,
            })
            .collect();
        literal.map_or(Self::Wild(tokens), Self::Literal)
    }

    /// Whether a name matches this part, which is not `**`.
    pub(super) fn matches(&self, name: &str, dot: bool) -> bool {
        match self {
            Self::Globstar => dot || !name.starts_with('.'),
            Self::Literal(text) => text == name,
            Self::Wild(tokens) => {
                if name.is_empty() || matches!(name, "." | "..") {
                    return false;
                }
                let characters: Vec<char> = name.chars().collect();
                matches_tokens(tokens, &characters, dot)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_by_part() {
        for (pattern, path, expected) in [
            ("packages/*", "packages/a", true),
            ("packages/*", "packages/a/b", false),
            ("packages/*", "packages/.a", false),
            ("packages/.*", "packages/.a", true),
            ("packages/**", "packages/a/b", true),
            ("packages/**", "packages", false),
            ("packages/{a,b}", "packages/b", true),
            ("packages/{1..3}", "packages/2", true),
            ("packages/{a}", "packages/{a}", true),
            ("packages/@(a|b)", "packages/a", true),
            ("packages/@(a|b)", "packages/c", false),
            ("packages/!(a)", "packages/ab", true),
            ("packages/!(a)", "packages/a", false),
            ("packages/+(a|b)x", "packages/ababx", true),
            ("packages/?(a)b", "packages/b", true),
            ("packages/[ab]", "packages/b", true),
            ("packages/[!ab]", "packages/b", false),
            ("packages/?", "packages/x", true),
            ("./packages/a", "packages/a", false),
            ("./packages//a/", "./packages/a/", true),
            ("x/../packages/a", "packages/a", true),
        ] {
            assert_eq!(
                Glob::new(pattern).matches(path),
                expected,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn a_partial_match_is_a_beginning() {
        for (pattern, path, expected) in [
            ("packages/*/sub", "packages/a", true),
            ("packages/**", "packages", true),
            ("packages/*", "other", false),
            ("packages/*/", "packages/a", true),
        ] {
            assert_eq!(
                Glob::new(pattern).matches_partially(path),
                expected,
                "{pattern} {path}"
            );
        }
    }
}
