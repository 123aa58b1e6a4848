//! Drives the built program, as a user and as a registry see it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "a test that cannot go on says where and stops"
)]

mod aws;
mod bad_input;
mod codeartifact;
mod config;
mod credentials;
mod deflate;
mod differential;
mod empty_root;
mod json_errors;
mod lifecycle;
mod manifest;
mod manners;
mod outcomes;
mod pack;
mod peers;
mod policy;
mod publishing;
mod ready_tarball;
mod rewriting;
mod sandbox;
mod second_factor;
mod secrets;
mod support;
mod transport;
mod workspaces;
