//! A small random generator (SplitMix64): the same seed gives the same cases everywhere.

use std::env;

/// How many cases a differential test tries, and from which seed on: `CONSIGN_DIFFERENTIAL_CASES` and
/// `CONSIGN_DIFFERENTIAL_SEED` make a campaign of it.
pub(crate) fn campaign(cases: usize) -> (usize, u64) {
    let read = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
    let cases = read("CONSIGN_DIFFERENTIAL_CASES").map_or(cases, |cases: u64| {
        usize::try_from(cases).unwrap_or(usize::MAX)
    });
    (
        cases,
        read("CONSIGN_DIFFERENTIAL_SEED").unwrap_or(20_261_122),
    )
}

/// The first failures of a campaign, and how many there are: a test's last word.
#[track_caller]
pub(crate) fn no_failures(failures: &[String], cases: usize) {
    const SHOWN: usize = 8;
    assert!(
        failures.is_empty(),
        "{} of {cases} differ\n{}",
        failures.len(),
        failures[..failures.len().min(SHOWN)].join("\n")
    );
}

#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The generator of one case of a campaign, so that the case is found again by seed and number.
    pub(crate) fn of_case(seed: u64, number: usize) -> Self {
        let number = number as u64;
        let mut random = Self(
            seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number.wrapping_mul(0xD1B5_4A32_D192_ED03),
        );
        random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// True once in `odds` times.
    pub(crate) fn one_in(&mut self, odds: usize) -> bool {
        self.below(odds) == 0
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// One of the items of a list written with ` ¦ ` or a line end between them.
    pub(crate) fn one_of<'text>(&mut self, list: &'text str) -> &'text str {
        let items: Vec<&str> = list
            .split(" ¦ ")
            .flat_map(|line| line.split('\n'))
            .collect();
        self.pick(&items)
    }
}
