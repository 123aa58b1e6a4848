//! Drives the built program, as a user and as a registry see it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on says where and stops"
)]

mod bad_input;
mod codeartifact;
mod outcomes;
mod pack;
mod peers;
mod policy;
mod sandbox;
mod support;
