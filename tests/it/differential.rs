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
mod orders;
mod patterns;
mod shrink;
mod tree;
mod trees;
