//! The order of tar entries, and of the `files` that `--json` lists.
//!
//! npm sorts with ICU's collation for English: entries by lower-cased extension, lower-cased base
//! name, then path; the listing by path with digits as numbers, capitals apart. ASCII text, nearly
//! all of it, takes a table instead of the collator; a test holds the two together.
//!
//! Source: npm-packlist 10.0.4 (`sort`), npm 11.19.1 `lib/utils/tar.js`; npm-behaviour.md §1.8, §3.

use std::borrow::Cow;
use std::cmp::Ordering;

use icu_collator::options::{CaseLevel, CollatorOptions, Strength};
use icu_collator::preferences::CollationNumericOrdering;
use icu_collator::{Collator, CollatorBorrowed, CollatorPreferences};

use crate::collation;

/// ASCII punctuation in ICU's primary order; digits and letters follow.
const PUNCTUATION: &[u8] = b"\t\n\x0b\x0c\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

/// Primary weights of ASCII: zero for what is ignored.
const PRIMARY: [u8; 128] = primary_weights();

const fn primary_weights() -> [u8; 128] {
    let mut weights = [0; 128];
    let mut weight = 1;
    let mut index = 0;
    while index < PUNCTUATION.len() {
        weights[PUNCTUATION[index] as usize] = weight;
        weight += 1;
        index += 1;
    }
    let mut digit = b'0';
    while digit <= b'9' {
        weights[digit as usize] = weight;
        weight += 1;
        digit += 1;
    }
    let mut letter = b'a';
    while letter <= b'z' {
        weights[letter as usize] = weight;
        weights[letter.to_ascii_uppercase() as usize] = weight;
        weight += 1;
        letter += 1;
    }
    weights
}

fn primary(byte: u8) -> u8 {
    PRIMARY.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The weights of ASCII text: what is ignored is left out.
fn weights(text: &[u8]) -> impl Iterator<Item = u8> {
    text.iter()
        .map(|byte| primary(*byte))
        .filter(|weight| *weight != 0)
}

/// Which of the characters that count are capitals.
fn capitals(text: &[u8]) -> impl Iterator<Item = bool> {
    text.iter()
        .filter(|byte| primary(**byte) != 0)
        .map(u8::is_ascii_uppercase)
}

/// Compares ASCII text as ICU does at tertiary strength: letters first, then lower before upper.
fn compare_ascii(one: &[u8], other: &[u8]) -> Ordering {
    weights(one)
        .cmp(weights(other))
        .then_with(|| capitals(one).cmp(capitals(other)))
}

/// Appends what an ASCII path sorts by: bytes that compare like the path.
///
/// Extension, base name and path at primary strength, then the path's capitals, then the path; the
/// first two are lower-cased, so they have no capitals. A zero ends each, and no weight is zero.
fn push_ascii_key(path: &str, key: &mut Vec<u8>) {
    let base = base_name(path);
    let internal = internal(path);
    for text in [extension(base), base, &internal] {
        key.extend(weights(text.as_bytes()));
        key.push(0);
    }
    key.extend(capitals(internal.as_bytes()).map(u8::from));
    key.extend_from_slice(path.as_bytes());
}

/// Sorts entries into tar order by their paths. A path that begins with `@` sorts as `./@…`. Paths
/// that collate equal, which npm leaves as it came upon them, go by their bytes.
pub(crate) fn sort_for_tar<T>(entries: Vec<T>, path: impl Fn(&T) -> &str) -> Vec<T> {
    if entries.iter().all(|entry| path(entry).is_ascii()) {
        return sort_ascii(entries, path);
    }
    let mut entries = entries;
    let collator = collator(false);
    let collator = collator.as_ref().map(Collator::as_borrowed);
    entries.sort_by(|one, other| {
        let (one, other) = (path(one), path(other));
        compare_for_tar(collator.as_ref(), one, other).then_with(|| one.cmp(other))
    });
    entries
}

/// The same for ASCII paths, with all keys side by side in one buffer.
fn sort_ascii<T>(entries: Vec<T>, path: impl Fn(&T) -> &str) -> Vec<T> {
    let mut keys = Vec::new();
    let mut ranges: Vec<(std::ops::Range<usize>, T)> = Vec::with_capacity(entries.len());
    for entry in entries {
        let start = keys.len();
        push_ascii_key(path(&entry), &mut keys);
        ranges.push((start..keys.len(), entry));
    }
    let key = |range: &std::ops::Range<usize>| keys.get(range.clone()).unwrap_or_default();
    ranges.sort_unstable_by(|(one, _), (other, _)| key(one).cmp(key(other)));
    ranges.into_iter().map(|(_, entry)| entry).collect()
}

/// The tar order of paths: positions into `paths`.
pub fn tar_order<S: AsRef<str>>(paths: &[S]) -> Vec<usize> {
    let order: Vec<(usize, &str)> = paths.iter().map(AsRef::as_ref).enumerate().collect();
    let order = sort_for_tar(order, |(_, path)| path);
    order.into_iter().map(|(index, _)| index).collect()
}

fn compare_for_tar(collator: Option<&CollatorBorrowed<'_>>, one: &str, other: &str) -> Ordering {
    let compare = |one: &str, other: &str| match collator {
        Some(collator) if !(one.is_ascii() && other.is_ascii()) => collator.compare(one, other),
        _ => compare_ascii(one.as_bytes(), other.as_bytes()),
    };
    let (one_base, other_base) = (base_name(one), base_name(other));
    compare(&lower(extension(one_base)), &lower(extension(other_base)))
        .then_with(|| compare(&lower(one_base), &lower(other_base)))
        .then_with(|| compare(&internal(one), &internal(other)))
}

fn lower(text: &str) -> Cow<'_, str> {
    // The table ignores the case of ASCII until everything else is equal.
    if text
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

/// The path as npm sorts it.
fn internal(path: &str) -> Cow<'_, str> {
    if path.starts_with('@') {
        Cow::Owned(format!("./{path}"))
    } else {
        Cow::Borrowed(path)
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Node's `path.extname`, of a base name.
fn extension(base: &str) -> &str {
    match base.rfind('.') {
        Some(at) if at > 0 => base.get(at..).unwrap_or_default(),
        _ => "",
    }
}

/// The order in which `--json` lists files: positions into `paths`, which are in tar order and as
/// they stand in the tarball, without `package/`.
///
/// Paths whose first character is its own upper case (capitals, digits, `_`, `.`) come first; each
/// group is collated with digits as numbers and capitals apart. Paths that compare equal keep their
/// order.
pub fn listing_order<S: AsRef<str>>(paths: &[S]) -> Vec<usize> {
    let paths: Vec<&str> = paths.iter().map(AsRef::as_ref).collect();
    let mut order: Vec<usize> = (0..paths.len()).collect();
    if paths.iter().all(|path| has_listing_key(path)) {
        let mut keys = Vec::new();
        let ranges: Vec<std::ops::Range<usize>> = paths
            .iter()
            .map(|path| {
                let start = keys.len();
                push_listing_key(path, &mut keys);
                start..keys.len()
            })
            .collect();
        let key = |index: &usize| ranges.get(*index).and_then(|range| keys.get(range.clone()));
        order.sort_by(|one, other| key(one).cmp(&key(other)));
        return order;
    }
    let collator = collator(true);
    let collator = collator.as_ref().map(Collator::as_borrowed);
    let groups: Vec<(bool, &str)> = paths
        .iter()
        .map(|path| (!begins_upper(path), *path))
        .collect();
    let group = |index: &usize| groups.get(*index).copied().unwrap_or_default();
    order.sort_by(|one, other| {
        let ((one_lower, one), (other_lower, other)) = (group(one), group(other));
        one_lower.cmp(&other_lower).then_with(|| match &collator {
            Some(collator) => collator.compare(one, other),
            None => one.cmp(other),
        })
    });
    order
}

/// Whether [`push_listing_key`] can stand for the collator: for ASCII, with numbers that ICU takes whole.
fn has_listing_key(path: &str) -> bool {
    const LONGEST_NUMBER: usize = 200;
    path.is_ascii()
        && path
            .as_bytes()
            .chunk_by(|one, other| one.is_ascii_digit() && other.is_ascii_digit())
            .all(|run| run.len() <= LONGEST_NUMBER)
}

/// Appends what an ASCII path is listed by: bytes that compare as ICU compares the paths with digits as numbers,
/// capitals apart and all else alike, behind the group that npm makes of first letters.
fn push_listing_key(path: &str, key: &mut Vec<u8>) {
    key.push(u8::from(!begins_upper(path)));
    let runs = || {
        path.as_bytes()
            .chunk_by(|one, other| one.is_ascii_digit() && other.is_ascii_digit())
            .filter(|run| run.first().is_some_and(|byte| primary(*byte) != 0))
    };
    for run in runs() {
        let Some(first) = run.first().copied() else {
            continue;
        };
        if !first.is_ascii_digit() {
            key.push(primary(first));
            continue;
        }
        let zeros = run.iter().take_while(|digit| **digit == b'0').count();
        let number = run.get(zeros.min(run.len() - 1)..).unwrap_or_default();
        key.push(primary(b'0'));
        key.push(u8::try_from(number.len()).unwrap_or(u8::MAX));
        key.extend_from_slice(number);
    }
    key.push(0);
    key.extend(runs().map(|run| u8::from(run.first().is_some_and(u8::is_ascii_uppercase))));
}

/// Whether the first UTF-16 unit is its own upper case.
fn begins_upper(path: &str) -> bool {
    match path.chars().next() {
        // A surrogate has no case.
        Some(first) if u32::from(first) <= 0xFFFF => {
            let mut upper = first.to_uppercase();
            upper.next() == Some(first) && upper.next().is_none()
        }
        _ => true,
    }
}

/// ICU's English collator; `None` only if its compiled-in data were missing.
fn collator(listing: bool) -> Option<Collator> {
    let mut preferences = CollatorPreferences::default();
    let mut options = CollatorOptions::default();
    if listing {
        preferences.numeric_ordering = Some(CollationNumericOrdering::True);
        options.strength = Some(Strength::Primary);
        options.case_level = Some(CaseLevel::On);
    } else {
        options.strength = Some(Strength::Tertiary);
    }
    collation::english(preferences, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_those_of_node() {
        for (base, expected) in [
            (".a", ""),
            ("a.", "."),
            ("a.b.c", ".c"),
            ("a", ""),
            ("..a", ".a"),
            ("...", "."),
        ] {
            assert_eq!(extension(base), expected, "{base}");
        }
    }

    /// Random ASCII paths, the listing's keys against ICU.
    #[test]
    fn the_listing_of_ascii_is_icus() {
        let Some(collator) = collator(true) else {
            panic!("the collator's data are compiled in");
        };
        let collator = collator.as_borrowed();
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 20).unwrap_or_default() % bound
        };
        let common = b"0012919aAbBzZ/._-";
        for _ in 0..200_000 {
            let mut text = || -> String {
                let byte = |random: &mut dyn FnMut(usize) -> usize| match random(5) {
                    0 => char::from(u8::try_from(random(128)).unwrap_or_default()),
                    _ => char::from(common.get(random(common.len())).copied().unwrap_or(b'a')),
                };
                (0..random(9)).map(|_| byte(&mut random)).collect()
            };
            let (one, other) = (text(), text());
            let key = |text: &str| {
                let mut key = Vec::new();
                push_listing_key(text, &mut key);
                key
            };
            let icu = begins_upper(&other)
                .cmp(&begins_upper(&one))
                .then_with(|| collator.compare(&one, &other));
            assert_eq!(key(&one).cmp(&key(&other)), icu, "{one:?} {other:?}");
        }
    }

    /// Random ASCII text, the table against ICU.
    #[test]
    fn the_ascii_table_is_icu() {
        let Some(collator) = collator(false) else {
            panic!("the collator's data are compiled in");
        };
        let collator = collator.as_borrowed();
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut byte = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            u8::try_from(state % 128).unwrap_or_default()
        };
        for _ in 0..200_000 {
            let mut text = || -> String {
                let length = byte() % 6;
                (0..length).map(|_| char::from(byte())).collect()
            };
            let (one, other) = (text(), text());
            let table = compare_ascii(one.as_bytes(), other.as_bytes());
            assert_eq!(table, collator.compare(&one, &other), "{one:?} {other:?}");
        }
    }
}
