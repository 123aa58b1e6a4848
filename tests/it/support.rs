//! What the tests stand on: a home of their own, the programs they run, and the registries they talk to.
//!
//! Nothing of the machine leaks into a test: every program gets an environment built from nothing (`home`), every
//! server listens on a port the system picks and ends with the tests, and nothing is kept in the user's folders.

mod authority;
mod home;
mod judge;
mod peer;
mod program;
mod random;
mod real_package;
mod registry;
mod root;
mod sandbox;
mod scripted;
#[cfg(target_os = "linux")]
mod terminal;
mod verdaccio;

pub(crate) use authority::Authority;
pub(crate) use home::{Home, consign_binary};
pub(crate) use judge::{Judge, npm_directory, real_npm};
pub(crate) use peer::{Peer, Peers, need};
pub(crate) use program::{Ran, run};
pub(crate) use random::{Random, campaign, no_failures};
pub(crate) use real_package::{RealPackage, files_below, files_in};
pub(crate) use registry::{Registry, Target};
pub(crate) use root::{Root, confine, static_binary};
pub(crate) use sandbox::Sandbox;
pub(crate) use scripted::{Answer, Asked, Gate, Scripted, packument};
#[cfg(target_os = "linux")]
pub(crate) use terminal::{Shown, Streams, Terminal, run_on_terminal, screen};
pub(crate) use verdaccio::Verdaccio;
