//! Whether a text is a range of versions to npm, which a dist-tag must not be.
//!
//! Only validity is decided here, by the patterns of semver 7.8.5 (`internal/re.js`, `classes/range.js`). A general
//! semver library accepts a different set of texts, and in this place each text one of them takes more or less is a
//! tag that npm would or would not have refused.

use super::json::text;
use super::version::Version;

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
    if is_hyphen_range(&plain, loose) {
        return Some(2);
    }
    let mut count = 0;
    for word in join_operators(&plain).split(' ') {
        match judge_word(word, loose) {
            Word::Comparator => count += 1,
            Word::TooBig => return None,
            Word::Other if loose => {}
            Word::Other => return None,
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

/// Removes the space between an operator and the version it belongs to.
fn join_operators(alternative: &str) -> String {
    let mut joined = String::new();
    let mut rest = alternative;
    while let Some(character) = rest.chars().next() {
        let (operator, after) = match character {
            '~' => (
                "~",
                rest.strip_prefix("~>")
                    .unwrap_or(rest.get(1..).unwrap_or_default()),
            ),
            '^' => ("^", rest.get(1..).unwrap_or_default()),
            '<' | '>' | '=' => {
                let length = if rest.starts_with("<=") || rest.starts_with(">=") {
                    2
                } else {
                    1
                };
                rest.split_at(length)
            }
            other => {
                joined.push(other);
                rest = rest.get(other.len_utf8()..).unwrap_or_default();
                continue;
            }
        };
        let next = after.trim_start_matches(' ');
        let is_spaced = next.len() < after.len();
        let is_version = next
            .trim_start_matches(|character| matches!(character, 'v' | '=' | ' '))
            .starts_with(|character: char| {
                character.is_ascii_digit() || matches!(character, 'x' | 'X' | '*')
            });
        if is_spaced && (matches!(character, '~' | '^') || is_version) {
            joined.push_str(operator);
            rest = next;
        } else {
            let (taken, left) = rest.split_at(rest.len() - after.len());
            joined.push_str(taken);
            rest = left;
        }
    }
    joined
}

enum Word {
    Comparator,
    /// One of its numbers is beyond JavaScript's safe integers, which fails the whole range.
    TooBig,
    Other,
}

fn judge_word(word: &str, loose: bool) -> Word {
    let tilde = word.strip_prefix("~>").or_else(|| word.strip_prefix('~'));
    let unsigned = tilde
        .or_else(|| word.strip_prefix('^'))
        .unwrap_or_else(|| without_operator(word));
    match partial_version(unsigned, loose) {
        Partial::Version => return Word::Comparator,
        Partial::TooBig => return Word::TooBig,
        Partial::Other => {}
    }
    let starless = without_star(word);
    let version = without_operator(&starless);
    if starless.is_empty() || is_version(version, loose) {
        Word::Comparator
    } else {
        Word::Other
    }
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

fn is_hyphen_range(alternative: &str, loose: bool) -> bool {
    alternative.match_indices(" - ").any(|(hyphen, separator)| {
        let (from, to) = (
            alternative.get(..hyphen),
            alternative.get(hyphen + separator.len()..),
        );
        let is_partial = |side: Option<&str>| {
            side.is_some_and(|side| matches!(partial_version(side, loose), Partial::Version))
        };
        is_partial(from) && is_partial(to)
    })
}

enum Partial {
    Version,
    TooBig,
    Other,
}

/// Reads `1`, `1.2`, `1.2.3-a`, with `x`, `X` or `*` for a number.
fn partial_version(given: &str, loose: bool) -> Partial {
    let given = given.trim_start_matches(|character| matches!(character, 'v' | '=' | ' '));
    let mut numbers = given.splitn(3, '.');
    // A wild card is as good as a zero here, and an absent number as a wild card.
    let mut whole: Vec<String> = Vec::new();
    for number in numbers.by_ref() {
        let wild = number.strip_prefix(['x', 'X', '*']);
        let is_last = whole.len() == 2;
        whole.push(match wild {
            Some("") => "0".to_owned(),
            Some(rest) if is_last => format!("0{rest}"),
            Some(_) => return Partial::Other,
            None => number.to_owned(),
        });
    }
    let is_number =
        |number: &String| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if !whole.iter().take(2).all(is_number) || whole.len() < 3 && !whole.iter().all(is_number) {
        return Partial::Other;
    }
    whole.resize(3, "0".to_owned());
    let version = whole.join(".");
    if is_version(&version, loose) {
        return Partial::Version;
    }
    let is_big = |number: &str| {
        number
            .parse::<f64>()
            .is_ok_and(|number| number > 9_007_199_254_740_991.0)
    };
    let digits = |number: &String| {
        number
            .bytes()
            .take_while(u8::is_ascii_digit)
            .map(char::from)
            .collect::<String>()
    };
    if whole.iter().map(digits).any(|number| is_big(&number)) {
        Partial::TooBig
    } else {
        Partial::Other
    }
}
