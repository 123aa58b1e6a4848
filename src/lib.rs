//! consign publishes npm packages without Node: npm's files in npm's order,
//! `CodeArtifact` tokens of its own, and one named outcome.
//!
//! ```text
//! package dir -> manifest -> packlist -> tarball (tar | gzip | digests) -> document -> registry -> Outcome
//! registry URL -> codeartifact (endpoint, identity, token) -> credentials ----------------^
//! ```
//!
//! [`pack`] goes from a directory to a tarball, [`publish`] from there to an
//! [`registry::Outcome`], [`rehearse`] does both against the look-alike of
//! `CodeArtifact` in [`sandbox`], and [`doctor`] looks for what would stop a publish.
//! [`cli`] is the command line over them; nothing
//! else prints or reads the environment.

pub mod cli;
pub mod codeartifact;
mod collation;
pub mod config;
pub mod doctor;
pub mod document;
pub mod environment;
pub mod error;
pub mod lifecycle;
pub mod manifest;
pub mod node;
pub mod output;
pub mod pack;
pub mod packlist;
pub mod publish;
pub mod registry;
pub mod rehearse;
pub mod sandbox;
mod signals;
pub mod tarball;
pub mod workspace;
