//! Reading a glob: braces, parts, classes and groups.

use super::{GroupKind, Part, Token};

/// Braces that would expand to more alternatives than this are not expanded further.
const MOST_ALTERNATIVES: usize = 10_000;
/// Groups nested deeper than this are read as text. minimatch stops at the same depth, except where
/// it can merge a group into the one around it.
const DEEPEST_GROUP: usize = 2;

pub(super) fn parse_tokens(characters: &[char], depth: usize) -> Vec<Token> {
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
            '\\' if index + 1 < characters.len() => {
                index += 1;
                tokens.extend(characters.get(index).copied().map(Token::Character));
            }
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

/// minimatch's optimisation levels 1 and 2: the second also drops `.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Simplify {
    Lightly,
    Fully,
}

/// Splits into parts and drops what changes nothing: slashes in a row, `a/..`, `**/**`.
pub(super) fn simplify(pattern: &str, how: Simplify) -> Vec<Part> {
    let mut texts: Vec<&str> = Vec::new();
    let count = pattern.split('/').count();
    for (index, text) in pattern.split('/').enumerate() {
        let is_last = index + 1 == count;
        match text {
            "" if index > 0 && !is_last => {}
            "." if how == Simplify::Fully && (index > 0 || !is_last) => {
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
pub(super) fn expand_braces(pattern: &str) -> Vec<String> {
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
        if pattern.get(..open)?.ends_with(['$', '\\']) {
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
