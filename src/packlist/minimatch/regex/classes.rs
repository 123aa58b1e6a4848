//! Character classes and Unicode categories, as sets of canonical units or code points.

use std::sync::OnceLock;

use icu_properties::props::{ChangesWhenCasefolded, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::super::fold::{canonical_unit, simple_fold};

/// Up to so many members are folded one by one: making the table of all takes longer than a small package.
const FEW: u32 = 4_096;

/// A set of canonical units (or code points).
#[derive(Debug)]
pub(super) struct Class {
    pub(super) negated: bool,
    /// Sorted, not overlapping, both ends included.
    pub(super) ranges: Vec<(u32, u32)>,
}

impl Class {
    pub(super) fn holds(&self, point: u32) -> bool {
        let index = self.ranges.partition_point(|(_, last)| *last < point);
        let inside = self
            .ranges
            .get(index)
            .is_some_and(|(first, _)| *first <= point);
        inside != self.negated
    }
}

use GeneralCategory as Category;

/// The properties that POSIX classes are translated to.
pub(super) const CATEGORIES: [(&str, &[Category]); 11] = [
    (
        "p{L}",
        &[
            Category::UppercaseLetter,
            Category::LowercaseLetter,
            Category::TitlecaseLetter,
            Category::ModifierLetter,
            Category::OtherLetter,
        ],
    ),
    ("p{Nl}", &[Category::LetterNumber]),
    ("p{Nd}", &[Category::DecimalNumber]),
    ("p{Zs}", &[Category::SpaceSeparator]),
    (
        "p{Z}",
        &[
            Category::SpaceSeparator,
            Category::LineSeparator,
            Category::ParagraphSeparator,
        ],
    ),
    ("p{Cc}", &[Category::Control]),
    (
        "p{C}",
        &[
            Category::Control,
            Category::Format,
            Category::Surrogate,
            Category::PrivateUse,
            Category::Unassigned,
        ],
    ),
    ("p{Ll}", &[Category::LowercaseLetter]),
    ("p{Lu}", &[Category::UppercaseLetter]),
    ("p{Pc}", &[Category::ConnectorPunctuation]),
    (
        "p{P}",
        &[
            Category::ConnectorPunctuation,
            Category::DashPunctuation,
            Category::OpenPunctuation,
            Category::ClosePunctuation,
            Category::InitialPunctuation,
            Category::FinalPunctuation,
            Category::OtherPunctuation,
        ],
    ),
];
/// The canonical form of a unit, or under `u` of a code point.
pub(super) fn fold(point: u32, unicode: bool) -> u32 {
    if unicode {
        return simple_fold(point);
    }
    u16::try_from(point).map_or(point, |unit| u32::from(canonical_unit(unit)))
}

/// A set that holds the canonical form of every member.
///
/// It keeps the members too: one that is not canonical is never asked for.
pub(super) fn canonical_ranges(
    members: &[(u32, u32)],
    categories: &[Category],
    unicode: bool,
) -> Vec<(u32, u32)> {
    let mut points = members.to_vec();
    for category in categories {
        points.extend_from_slice(category_ranges(*category));
    }
    let ranges = merged(points);
    let count: u32 = ranges.iter().map(|(first, last)| last - first + 1).sum();
    let canonical = |point: u32| (point, point);
    let folded: Vec<(u32, u32)> = if count <= FEW {
        let members = ranges.iter().flat_map(|&(first, last)| first..=last);
        members
            .map(|point| canonical(fold(point, unicode)))
            .collect()
    } else {
        let is_member = |point: u32| {
            let index = ranges.partition_point(|&(_, last)| last < point);
            ranges.get(index).is_some_and(|&(first, _)| first <= point)
        };
        let folding = folding(unicode)
            .iter()
            .filter(|(point, _)| is_member(*point));
        folding.map(|(_, folded)| canonical(*folded)).collect()
    };
    merged([ranges, folded].concat())
}

/// The code points of a category. Scanning them takes a while, so it is done once for all.
fn category_ranges(category: Category) -> &'static [(u32, u32)] {
    static RANGES: [OnceLock<Vec<(u32, u32)>>; 32] = [const { OnceLock::new() }; 32];
    let scan = || {
        CodePointMapData::<GeneralCategory>::new()
            .iter_ranges_for_value(category)
            .map(|range| (*range.start(), *range.end()))
            .collect()
    };
    RANGES
        .get(category as usize)
        .map_or(&[], |ranges| ranges.get_or_init(scan))
}

/// Sorts ranges and joins those that touch.
fn merged(mut points: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    points.sort_unstable();
    let mut ranges: Vec<(u32, u32)> = Vec::with_capacity(points.len());
    for (first, last) in points {
        match ranges.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => ranges.push((first, last)),
        }
    }
    ranges
}

/// Everything that is not its own canonical form, with that form.
fn folding(unicode: bool) -> &'static [(u32, u32)] {
    static UNITS: OnceLock<Vec<(u32, u32)>> = OnceLock::new();
    static POINTS: OnceLock<Vec<(u32, u32)>> = OnceLock::new();
    let table = if unicode { &POINTS } else { &UNITS };
    table.get_or_init(|| {
        let pair = |point: u32| (point, fold(point, unicode));
        let changes = |(point, canonical): &(u32, u32)| point != canonical;
        if unicode {
            let cased = CodePointSetData::new::<ChangesWhenCasefolded>();
            cased
                .iter_ranges()
                .flatten()
                .map(pair)
                .filter(changes)
                .collect()
        } else {
            (0..=0xFFFF).map(pair).filter(changes).collect()
        }
    })
}
