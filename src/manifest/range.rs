//! Whether a text is a range of versions to npm, which a dist-tag must not be.
//!
//! Only validity is decided here, by the patterns of semver 7.8.5 (`internal/re.js`, `classes/range.js`). A general
//! semver library accepts a different set of texts, and in this place each text one of them takes more or less is a
//! tag that npm would or would not have refused.

use super::json::text;
use super::version::{MAX_SAFE_INTEGER, Version};

/// semver's `validRange`, as a yes or no.
///
/// `loose` also takes leading zeros and a prerelease without hyphen, and overlooks words that are no comparator as
/// long as one is left.
pub fn is_range(given: &str, loose: bool) -> bool {
    let mut has_comparator = false;
    for alternative in collapse_space(given).split("||") {
        match comparators(text::trim(alternative), loose) {
            Some(count) => has_comparator |= count > 0,
            None => return false,
        }
    }
    has_comparator
}

fn collapse_space(given: &str) -> String {
    given
        .split(text::is_space)
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// How many comparators an alternative has, or `None` if it is none at all.
fn comparators(alternative: &str, loose: bool) -> Option<usize> {
    let plain = without_build(alternative);
    match hyphen_range(&plain, loose) {
        Word::Comparator => return Some(1),
        Word::TooBig => return None,
        Word::Any | Word::Other => {}
    }
    let joined = join_operators(&plain);
    let words: Vec<&str> = joined.split(' ').collect();
    let mut count = 0;
    for (index, word) in words.iter().enumerate() {
        match judge_word(word, loose) {
            Word::Comparator => count += 1,
            // npm replaces the word by nothing, and then loses it unless it is the first or the last.
            Word::Any => count += usize::from(index == 0 || index + 1 == words.len()),
            Word::Other if loose => {}
            Word::TooBig | Word::Other => return None,
        }
    }
    Some(count)
}

fn is_identifier(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-'
}

/// Takes out each `+build.metadata`.
fn without_build(alternative: &str) -> String {
    let mut plain = String::new();
    let mut rest = alternative;
    while let Some((before, after)) = rest.split_once('+') {
        plain.push_str(before);
        let mut tail = after.trim_start_matches(is_identifier);
        if tail.len() == after.len() {
            plain.push('+');
        }
        while tail.len() < after.len()
            && let Some(next) = tail.strip_prefix('.')
            && next.starts_with(is_identifier)
        {
            tail = next.trim_start_matches(is_identifier);
        }
        rest = tail;
    }
    plain.push_str(rest);
    plain
}

/// Removes one space between an operator and the version it belongs to.
fn join_operators(alternative: &str) -> String {
    let mut joined = String::new();
    let mut rest = alternative;
    while let Some(character) = rest.chars().next() {
        let after = rest.get(character.len_utf8()..).unwrap_or_default();
        let (kept, skipped) = match character {
            '~' | '^' => {
                let version = after
                    .strip_prefix('>')
                    .filter(|_| character == '~')
                    .unwrap_or(after);
                match version.strip_prefix(' ') {
                    Some(version) => (1, version),
                    None => (rest.len() - version.len(), version),
                }
            }
            '<' | '>' | '=' => {
                let version = after
                    .strip_prefix('=')
                    .filter(|_| character != '=')
                    .unwrap_or(after);
                let spaced = version.strip_prefix(' ').unwrap_or(version);
                match decoration(spaced) {
                    Some(_) => (rest.len() - version.len(), spaced),
                    None => (1, after),
                }
            }
            other => (other.len_utf8(), after),
        };
        joined.push_str(rest.get(..kept).unwrap_or_default());
        rest = skipped;
        // What decorates a version stays as it is, spaces included.
        if matches!(character, '<' | '>' | '=' | 'v')
            && let Some(length) = decoration(rest)
        {
            let (taken, version) = rest.split_at(length);
            joined.push_str(taken);
            rest = version;
        }
    }
    joined
}

/// The length of a run of `v`, `=` and spaces before a version; `None` if no version follows.
fn decoration(text: &str) -> Option<usize> {
    let version = text.trim_start_matches(['v', '=', ' ']);
    let is_version = version
        .starts_with(|character: char| character.is_ascii_digit() || "xX*".contains(character));
    is_version.then(|| text.len() - version.len())
}

enum Word {
    Comparator,
    /// Any version will do.
    Any,
    /// One of its numbers, or the next after it, is beyond JavaScript's safe integers, which fails the whole range.
    TooBig,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator<'word> {
    Tilde,
    Caret,
    /// `<`, `>`, `<=`, `>=`, `=` or none.
    Bound(&'word str),
    /// The left side of ` - `.
    From,
    /// The right side of ` - `.
    UpTo,
}

fn judge_word(word: &str, loose: bool) -> Word {
    let tilde = word.strip_prefix("~>").or_else(|| word.strip_prefix('~'));
    let (operator, version) = if let Some(version) = tilde {
        (Operator::Tilde, version)
    } else if let Some(version) = word.strip_prefix('^') {
        (Operator::Caret, version)
    } else {
        let version = without_operator(word);
        (
            Operator::Bound(word.strip_suffix(version).unwrap_or_default()),
            version,
        )
    };
    match Partial::read(version, loose).under(operator) {
        // Behind a bound npm leaves a whole version, and a number behind a wild one, as they are.
        Word::Other => {}
        word => return word,
    }
    let starless = without_star(word);
    let version = without_operator(&starless);
    if starless.is_empty() {
        return Word::Any;
    }
    match grammar_of(version, loose) {
        Some(true) => Word::Comparator,
        Some(false) => Word::TooBig,
        None => Word::Other,
    }
}

/// Whether a text that has the form of a version is one, numbers included; `None` if it has not the form.
fn grammar_of(version: &str, loose: bool) -> Option<bool> {
    if is_version(version, loose) {
        return Some(true);
    }
    // Shorter numbers do not change the form.
    let mut small = String::new();
    for part in version.split_inclusive(|character: char| !character.is_ascii_digit()) {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        small.push_str(
            part.get(digits.saturating_sub(2)..)
                .filter(|_| digits > 15)
                .unwrap_or(part),
        );
    }
    is_version(&small, loose).then_some(false)
}

fn is_version(version: &str, loose: bool) -> bool {
    Version::parse(version, loose).is_some()
}

fn without_operator(word: &str) -> &str {
    let word = word.strip_prefix(['<', '>']).unwrap_or(word);
    word.strip_prefix('=').unwrap_or(word)
}

/// Takes out the first `*` with an operator before it.
fn without_star(word: &str) -> String {
    let Some((before, after)) = word.split_once('*') else {
        return word.to_owned();
    };
    let before = before.strip_suffix('=').unwrap_or(before);
    let before = before.strip_suffix(['<', '>']).unwrap_or(before);
    format!("{before}{after}")
}

/// Reads `1.2 - 3`; `Other` if it is not of that form.
fn hyphen_range(alternative: &str, loose: bool) -> Word {
    for (hyphen, separator) in alternative.match_indices(" - ") {
        let left = alternative.get(..hyphen).unwrap_or_default();
        let right = alternative
            .get(hyphen + separator.len()..)
            .unwrap_or_default();
        let (from, to) = (Partial::read(left, loose), Partial::read(right, loose));
        // npm copies a whole version as it is written, but for a prerelease on the right.
        let is_copied =
            |side: &Partial| matches!(side, Partial::Numbers(numbers, _) if numbers.len() == 3);
        let is_bad_copy = (is_copied(&from) && !is_version(left, loose))
            || (is_copied(&to) && !right.contains('-') && !is_version(right, loose));
        match (from.under(Operator::From), to.under(Operator::UpTo)) {
            (Word::Other, _) | (_, Word::Other) => {}
            (Word::TooBig, _) | (_, Word::TooBig) => return Word::TooBig,
            _ if is_bad_copy => {}
            _ => return Word::Comparator,
        }
    }
    Word::Other
}

/// A version of which numbers may be missing or wild.
enum Partial {
    Any,
    /// The numbers up to the first wild one; whether a number follows a wild one.
    Numbers(Vec<f64>, bool),
    Other,
}

impl Partial {
    /// Reads `1`, `1.2`, `1.2.3-a`, with `x`, `X` or `*` for a number.
    fn read(given: &str, loose: bool) -> Self {
        let given = given.trim_start_matches(['v', '=', ' ']);
        let mut numbers: Vec<f64> = Vec::new();
        let mut grammar: Vec<&str> = Vec::new();
        let mut wild_from = None;
        let mut is_disordered = false;
        let mut tail = String::new();
        for (place, part) in given.splitn(3, '.').enumerate() {
            let wild = part.strip_prefix(['x', 'X', '*']);
            let rest = wild.unwrap_or_else(|| {
                part.trim_start_matches(|character: char| character.is_ascii_digit())
            });
            // For the grammar a wild card is as good as a zero.
            let digits = if wild.is_some() {
                "0"
            } else {
                part.strip_suffix(rest).unwrap_or_default()
            };
            if digits.is_empty() || (place < 2 && !rest.is_empty()) {
                return Self::Other;
            }
            if wild.is_some() {
                wild_from.get_or_insert(place);
                // Digits behind it are a prerelease without hyphen.
                if rest.starts_with(|character: char| character.is_ascii_digit()) {
                    tail.push('-');
                }
                if !loose && !tail.is_empty() {
                    return Self::Other;
                }
            } else {
                is_disordered |= wild_from.is_some();
            }
            tail.push_str(rest);
            numbers.push(digits.parse().unwrap_or_default());
            grammar.push(
                if numbers
                    .last()
                    .is_some_and(|number| *number > MAX_SAFE_INTEGER)
                {
                    "11"
                } else {
                    digits
                },
            );
        }
        let wild_from = wild_from.unwrap_or(numbers.len());
        grammar.resize(3, "0");
        if !is_version(&format!("{}{tail}", grammar.join(".")), loose) {
            Self::Other
        } else if wild_from == 0 && !is_disordered {
            Self::Any
        } else {
            Self::Numbers(numbers.into_iter().take(wild_from).collect(), is_disordered)
        }
    }

    /// What becomes of it behind an operator: where the range ends before the next number, that must be safe too.
    fn under(self, operator: Operator<'_>) -> Word {
        let numbers = match self {
            Self::Any => {
                let is_bound = matches!(operator, Operator::Bound("<" | ">"));
                return if is_bound {
                    Word::Comparator
                } else {
                    Word::Any
                };
            }
            Self::Other => return Word::Other,
            Self::Numbers(numbers, is_disordered) => {
                if matches!(operator, Operator::Bound(_)) && (is_disordered || numbers.len() == 3) {
                    return Word::Other;
                }
                numbers
            }
        };
        let raised = match operator {
            Operator::Tilde => numbers.get(1).or(numbers.first()),
            Operator::Caret => numbers
                .iter()
                .find(|number| **number != 0.0)
                .or(numbers.last()),
            Operator::Bound("" | "=" | ">" | "<=") | Operator::UpTo if numbers.len() < 3 => {
                numbers.last()
            }
            Operator::Bound(_) | Operator::From | Operator::UpTo => None,
        };
        let is_raised_too_big = raised.is_some_and(|number| *number >= MAX_SAFE_INTEGER);
        if numbers.is_empty() {
            Word::Any
        } else if is_raised_too_big || numbers.iter().any(|number| *number > MAX_SAFE_INTEGER) {
            Word::TooBig
        } else {
            Word::Comparator
        }
    }
}
