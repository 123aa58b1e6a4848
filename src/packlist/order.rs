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

/// ASCII in ICU's primary order; letters and digits follow.
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

/// Compares ASCII text as ICU does at tertiary strength.
fn compare_ascii(one: &[u8], other: &[u8]) -> Ordering {
    let primary = |text: &[u8]| -> Vec<u8> { text.to_vec() };
    let _ = primary;
    let weights = |text: &'_ [u8]| {
        text.iter()
            .map(|byte| {
                (
                    PRIMARY.get(usize::from(*byte)).copied().unwrap_or(0),
                    byte.is_ascii_uppercase(),
                )
            })
            .filter(|(weight, _)| *weight != 0)
            .collect::<Vec<_>>()
    };
    let (one, other) = (weights(one), weights(other));
    one.iter()
        .map(|(weight, _)| weight)
        .cmp(other.iter().map(|(weight, _)| weight))
        .then_with(|| {
            one.iter()
                .map(|(_, upper)| upper)
                .cmp(other.iter().map(|(_, upper)| upper))
        })
}

/// Sorts paths into tar order. A path that begins with `@` sorts as `./@…`.
pub(crate) fn sort_for_tar<T>(entries: &mut [T], path: impl Fn(&T) -> &str) {
    let collator = collator(false);
    entries.sort_by(|one, other| compare_for_tar(collator.as_ref(), path(one), path(other)));
}

fn compare_for_tar(collator: Option<&CollatorBorrowed<'_>>, one: &str, other: &str) -> Ordering {
    let compare = |one: &str, other: &str| match collator {
        Some(collator) if !(one.is_ascii() && other.is_ascii()) => collator.compare(one, other),
        _ => compare_ascii(one.as_bytes(), other.as_bytes()),
    };
    let (one_base, other_base) = (base_name(one), base_name(other));
    compare(
        &extension(one_base).to_lowercase(),
        &extension(other_base).to_lowercase(),
    )
    .then_with(|| compare(&one_base.to_lowercase(), &other_base.to_lowercase()))
    .then_with(|| compare(&internal(one), &internal(other)))
    // npm leaves these in the order it came upon them.
    .then_with(|| one.cmp(other))
}

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
    let collator = collator(true);
    let mut order: Vec<(bool, usize)> = paths
        .iter()
        .enumerate()
        .map(|(index, path)| (!begins_upper(path.as_ref()), index))
        .collect();
    order.sort_by(|(one_lower, one), (other_lower, other)| {
        one_lower.cmp(other_lower).then_with(|| {
            let text = |index: &usize| paths.get(*index).map_or("", AsRef::as_ref);
            match &collator {
                Some(collator) => collator.compare(text(one), text(other)),
                None => text(one).cmp(text(other)),
            }
        })
    });
    order.into_iter().map(|(_, index)| index).collect()
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
fn collator(listing: bool) -> Option<CollatorBorrowed<'static>> {
    let mut preferences = CollatorPreferences::default();
    let mut options = CollatorOptions::default();
    if listing {
        preferences.numeric_ordering = Some(CollationNumericOrdering::True);
        options.strength = Some(Strength::Primary);
        options.case_level = Some(CaseLevel::On);
    } else {
        options.strength = Some(Strength::Tertiary);
    }
    Collator::try_new(preferences, options).ok()
}
