//! The library against the real npm.
//!
//! Random patterns, path orders and package trees are answered by the library and by
//! `tests/differential/judge.mjs`, which runs npm's own modules in one Node process. A seed
//! reproduces a run. A package tree that differs is reduced to a minimal one and written to
//! `tests/differential/regressions/`, from where every later run replays it.
//!
//! `CONSIGN_DIFFERENTIAL_CASES` and `CONSIGN_DIFFERENTIAL_SEED` make a campaign of it.

mod compare;
mod generate;
mod judge;
mod orders;
mod patterns;
mod random;
mod shrink;
mod tree;
mod trees;

use random::Random;

/// How many cases and from which seed, unless the environment says otherwise.
pub(crate) fn campaign(cases: usize) -> (usize, u64) {
    let read = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let cases = read("CONSIGN_DIFFERENTIAL_CASES").map_or(cases, |cases: u64| {
        usize::try_from(cases).unwrap_or(usize::MAX)
    });
    (
        cases,
        read("CONSIGN_DIFFERENTIAL_SEED").unwrap_or(20_261_122),
    )
}
