//! Drives the built program, as a user and as a registry see it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "a test that cannot go on says where and stops"
)]

mod bad_input;
mod codeartifact;
mod deflate;
mod differential;
mod outcomes;
mod pack;
mod peers;
mod policy;
mod sandbox;
mod support;
mod transport;
