//! Rule lists: where they come from, and which of their rules speaks last about an entry.
//!
//! A directory's list is its default rules, the rules made of `files`, its ignore file and the
//! strict rules, in that order (npm-behaviour.md §1.1-§1.4). In a list the last rule that hits
//! decides; [`View::verdict`] finds it. Rules of the common shapes (a bare name, `*.ext`, a literal
//! path) sit in hash maps, so that a list of ten thousand of them costs no more per entry than a
//! list of ten.
//!
//! Source: npm-packlist 10.0.4, ignore-walk (`filterEntry`).

mod index;
mod sources;

pub(crate) use index::{Entry, Query, RuleList, View};
pub(crate) use sources::{DEFAULT, PackageRules, STRICT, lines, package_rules, required_in};
