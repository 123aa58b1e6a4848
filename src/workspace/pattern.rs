//! Globs as npm matches workspaces with them (minimatch 10.2.5, default options).
//!
//! Braces are expanded into alternatives, each split at `/` into parts; `**` is a part of its own.
//! Wild cards do not match a leading dot unless told to. File lists have their own matcher with
//! other options (`packlist`).

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

/// Braces that would expand to more alternatives than this are not expanded further.
const MOST_ALTERNATIVES: usize = 10_000;
/// Groups nested deeper than this are read as text.
const DEEPEST_GROUP: usize = 20;

impl Glob {
    /// Compiles a pattern. Backslashes count as slashes.
    pub fn new(pattern: &str) -> Self {
        Self::with_dot(pattern, false)
    }

    /// As [`Glob::new`]; with `dot`, wild cards match names that start with a dot.
    pub(super) fn with_dot(pattern: &str, dot: bool) -> Self {
        let pattern = pattern.replace('\\', "/");
        let alternatives = expand_braces(&pattern)
            .into_iter()
            .map(|alternative| simplify(&alternative))
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
                let tokens: Vec<&Token> = tokens.iter().collect();
                matches_tokens(&tokens, &characters, 0, dot)
            }
        }
    }
}

fn path_parts(path: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
    let count = path.split('/').count();
    for (index, part) in path.split('/').enumerate() {
        // Empty parts inside are slashes in a row; the first and last one mean something.
        if !part.is_empty() || index == 0 || index + 1 == count {
            parts.push(part);
        }
    }
    parts
}

fn match_parts(parts: &[Part], names: &[&str], dot: bool, partial: bool) -> bool {
    match (parts.split_first(), names.split_first()) {
        (None, None) => true,
        // A path that ends in a slash matches what does not ask for one.
        (None, Some((name, rest))) => name.is_empty() && rest.is_empty(),
        (Some(_), None) => partial,
        (Some((Part::Globstar, after)), Some(_)) => {
            if after.is_empty() {
                return names
                    .iter()
                    .all(|name| !matches!(*name, "." | "..") && (dot || !name.starts_with('.')));
            }
            (0..=names.len()).any(|skipped| {
                let (over, rest) = names.split_at(skipped);
                over.iter()
                    .all(|name| !matches!(*name, "." | "..") && (dot || !name.starts_with('.')))
                    && match_parts(after, rest, dot, partial)
            })
        }
        (Some((part, after)), Some((name, rest))) => {
            part.matches(name, dot) && match_parts(after, rest, dot, partial)
        }
    }
}

/// Whether `tokens` match all of `name` from `start` on. At the name's first character wild cards
/// refuse a dot.
fn matches_tokens(tokens: &[&Token], name: &[char], start: usize, dot: bool) -> bool {
    let Some((token, after)) = tokens.split_first() else {
        return start == name.len();
    };
    let refuses = start == 0 && !dot && name.first() == Some(&'.');
    match token {
        Token::Character(character) => {
            name.get(start) == Some(character) && matches_tokens(after, name, start + 1, dot)
        }
        Token::One => !refuses && start < name.len() && matches_tokens(after, name, start + 1, dot),
        Token::Class { negated, ranges } => {
            !refuses
                && name.get(start).is_some_and(|character| {
                    let inside = ranges
                        .iter()
                        .any(|(low, high)| (low..=high).contains(&character));
                    inside != *negated
                })
                && matches_tokens(after, name, start + 1, dot)
        }
        Token::Any => {
            if refuses {
                return false;
            }
            // Stars in a row are one.
            let after = {
                let repeated = after
                    .iter()
                    .take_while(|token| matches!(token, Token::Any))
                    .count();
                after.get(repeated..).unwrap_or_default()
            };
            (start..=name.len()).any(|end| matches_tokens(after, name, end, dot))
        }
        Token::Group { kind, choices } => matches_group(*kind, choices, after, name, start, dot),
    }
}

fn matches_group(
    kind: GroupKind,
    choices: &[Vec<Token>],
    after: &[&Token],
    name: &[char],
    start: usize,
    dot: bool,
) -> bool {
    // Where the choices can end when they begin at `from`.
    let ends = |from: usize| -> Vec<usize> {
        (from..=name.len())
            .filter(|end| {
                let head = name.get(..*end).unwrap_or_default();
                choices.iter().any(|choice| {
                    let choice: Vec<&Token> = choice.iter().collect();
                    matches_tokens(&choice, head, from, dot)
                })
            })
            .collect()
    };
    match kind {
        GroupKind::One => ends(start)
            .into_iter()
            .any(|end| matches_tokens(after, name, end, dot)),
        GroupKind::Optional => {
            matches_tokens(after, name, start, dot)
                || ends(start)
                    .into_iter()
                    .any(|end| matches_tokens(after, name, end, dot))
        }
        GroupKind::AtLeastOne | GroupKind::AnyNumber => {
            let mut reached = if kind == GroupKind::AnyNumber {
                vec![start]
            } else {
                ends(start)
            };
            let mut next = 0;
            while let Some(end) = reached.get(next).copied() {
                next += 1;
                for further in ends(end) {
                    if !reached.contains(&further) {
                        reached.push(further);
                    }
                }
            }
            reached
                .into_iter()
                .any(|end| matches_tokens(after, name, end, dot))
        }
        GroupKind::Not => {
            let refuses = start == 0 && !dot && name.first() == Some(&'.');
            if refuses {
                return false;
            }
            // Nothing that the choices and the rest together match to the end.
            let forbidden = ends(start)
                .into_iter()
                .any(|end| matches_tokens(after, name, end, dot));
            !forbidden && (start..=name.len()).any(|end| matches_tokens(after, name, end, dot))
        }
    }
}

fn parse_tokens(characters: &[char], depth: usize) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut index = 0;
    while let Some(character) = characters.get(index).copied() {
        let kind = match character {
            '@' => Some(GroupKind::One),
            '?' => Some(GroupKind::Optional),
            '+' => Some(GroupKind::AtLeastOne),
            '*' => Some(GroupKind::AnyNumber),
            '!' => Some(GroupKind::Not),
            _ => None,
        };
        if let Some(kind) = kind
            && characters.get(index + 1) == Some(&'(')
            && depth < DEEPEST_GROUP
            && let Some((choices, length)) = parse_group(characters.get(index + 1..), depth)
        {
            tokens.push(Token::Group { kind, choices });
            index += 1 + length;
            continue;
        }
        match character {
            '*' => tokens.push(Token::Any),
            '?' => tokens.push(Token::One),
            '[' => {
                if let Some((class, length)) = parse_class(characters.get(index..)) {
                    tokens.push(class);
                    index += length;
                    continue;
                }
                tokens.push(Token::Character('['));
            }
            other => tokens.push(Token::Character(other)),
        }
        index += 1;
    }
    tokens
}

/// Reads `(a|b)`; returns the choices and how many characters they take.
fn parse_group(characters: Option<&[char]>, depth: usize) -> Option<(Vec<Vec<Token>>, usize)> {
    let characters = characters?;
    let mut level = 0_usize;
    let mut choices = Vec::new();
    let mut start = 1;
    for (index, character) in characters.iter().enumerate() {
        match character {
            '(' => level += 1,
            '|' if level == 1 => {
                choices.push(characters.get(start..index)?);
                start = index + 1;
            }
            ')' => {
                level -= 1;
                if level == 0 {
                    choices.push(characters.get(start..index)?);
                    let choices = choices
                        .into_iter()
                        .map(|choice| parse_tokens(choice, depth + 1))
                        .collect();
                    return Some((choices, index + 1));
                }
            }
            _ => {}
        }
    }
    None
}

/// Reads `[...]`; returns the class and how many characters it takes.
fn parse_class(characters: Option<&[char]>) -> Option<(Token, usize)> {
    let characters = characters?;
    let mut index = 1;
    let negated = matches!(characters.get(index), Some('!' | '^'));
    index += usize::from(negated);
    let first = index;
    let mut ranges = Vec::new();
    loop {
        let low = *characters.get(index)?;
        if low == ']' && index > first {
            break;
        }
        match (characters.get(index + 1), characters.get(index + 2)) {
            (Some('-'), Some(high)) if *high != ']' => {
                if low <= *high {
                    ranges.push((low, *high));
                }
                index += 3;
            }
            _ => {
                ranges.push((low, low));
                index += 1;
            }
        }
    }
    let length = index + 1;
    let token = match ranges.as_slice() {
        // One character in brackets is that character, a leading dot included.
        [(low, high)] if !negated && low == high => Token::Character(*low),
        _ => Token::Class { negated, ranges },
    };
    Some((token, length))
}

/// Splits into parts and drops what changes nothing: `.`, slashes in a row, `a/..`, `**/**`.
fn simplify(pattern: &str) -> Vec<Part> {
    let mut texts: Vec<&str> = Vec::new();
    let count = pattern.split('/').count();
    for (index, text) in pattern.split('/').enumerate() {
        let is_last = index + 1 == count;
        match text {
            "" if index > 0 && !is_last => {}
            "." if index > 0 || !is_last => {
                // `a/.` asks for a directory, as `a/` does.
                if is_last {
                    texts.push("");
                }
            }
            ".." if texts
                .last()
                .is_some_and(|last| !matches!(*last, "" | "." | ".." | "**")) =>
            {
                texts.pop();
            }
            "**" if texts.last() == Some(&"**") => {}
            text => texts.push(text),
        }
    }
    texts.into_iter().map(Part::parse).collect()
}

/// `{a,b}` and `{1..3}`, nested; braces without either are text.
fn expand_braces(pattern: &str) -> Vec<String> {
    let Some((head, inside, tail)) = first_braces(pattern) else {
        return vec![pattern.to_owned()];
    };
    let mut expanded = Vec::new();
    for choice in inside {
        for middle in expand_braces(&choice) {
            for rest in expand_braces(tail) {
                expanded.push(format!("{head}{middle}{rest}"));
                if expanded.len() >= MOST_ALTERNATIVES {
                    return expanded;
                }
            }
        }
    }
    expanded
}

/// The first braces that have choices: what stands before, the choices, what stands after.
fn first_braces(pattern: &str) -> Option<(&str, Vec<String>, &str)> {
    for (open, _) in pattern.match_indices('{') {
        if pattern.get(..open)?.ends_with('$') {
            continue;
        }
        let mut level = 0_usize;
        let mut commas = Vec::new();
        for (index, character) in pattern.get(open..)?.char_indices() {
            match character {
                '{' => level += 1,
                ',' if level == 1 => commas.push(open + index),
                '}' => {
                    level -= 1;
                    if level > 0 {
                        continue;
                    }
                    let close = open + index;
                    let inside = pattern.get(open + 1..close)?;
                    let choices = if commas.is_empty() {
                        sequence(inside)
                    } else {
                        let mut starts: Vec<usize> = commas.iter().map(|comma| comma + 1).collect();
                        starts.insert(0, open + 1);
                        commas.push(close);
                        Some(
                            starts
                                .iter()
                                .zip(&commas)
                                .filter_map(|(start, end)| pattern.get(*start..*end))
                                .map(str::to_owned)
                                .collect(),
                        )
                    };
                    if let Some(choices) = choices {
                        return Some((pattern.get(..open)?, choices, pattern.get(close + 1..)?));
                    }
                    break;
                }
                _ => {}
            }
        }
    }
    None
}

/// `1..3`, `1..9..2`, `a..c`.
fn sequence(text: &str) -> Option<Vec<String>> {
    let parts: Vec<&str> = text.split("..").collect();
    let (from, to, step) = match parts.as_slice() {
        [from, to] => (*from, *to, 1),
        [from, to, step] => (*from, *to, step.parse::<i64>().ok()?.abs().max(1)),
        _ => return None,
    };
    let letter = |text: &str| {
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(letter), None) if letter.is_ascii_alphabetic() => {
                Some(i64::from(u32::from(letter)))
            }
            _ => None,
        }
    };
    let (low, high, letters) = match (from.parse::<i64>(), to.parse::<i64>()) {
        (Ok(from), Ok(to)) => (from, to, false),
        _ => (letter(from)?, letter(to)?, true),
    };
    let is_padded = |text: &str| text.trim_start_matches('-').starts_with('0') && text.len() > 1;
    let width = if !letters && (is_padded(from) || is_padded(to)) {
        from.len().max(to.len())
    } else {
        0
    };
    let count = usize::try_from(low.abs_diff(high) / step.unsigned_abs()).ok()?;
    let mut items = Vec::new();
    for index in 0..=count.min(MOST_ALTERNATIVES) {
        let offset = i64::try_from(index).ok()?.checked_mul(step)?;
        let value = if low <= high {
            low + offset
        } else {
            low - offset
        };
        items.push(if letters {
            char::from_u32(u32::try_from(value).ok()?)?.to_string()
        } else {
            format!("{value:0width$}")
        });
    }
    Some(items)
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
            ("./packages//a/", "packages/a/", true),
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
