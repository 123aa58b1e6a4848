//! The pinned peers that `tests/peers/setup` installs, and the rule for when they are not there.

use std::env;
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Home;

/// Passes on what a test needs; when it is missing, the test says `skipped: needs WHAT` and ends well on a developer's
/// machine, and fails where `CI` is set, so that no test is silently left out there.
///
/// Written past the capturing of test output: a skipped test is seen without `--nocapture`.
#[track_caller]
pub(crate) fn need<T>(what: impl fmt::Display, found: Option<T>) -> Option<T> {
    if found.is_none() {
        let message = format!("skipped: needs {what}");
        assert!(
            env::var_os("CI").is_none_or(|ci| ci.is_empty()),
            "{message}"
        );
        // Not `eprintln!`, which a test's captured output would swallow.
        let mut stderr = io::stderr();
        writeln!(stderr, "{message}").unwrap();
    }
    found
}

/// A client that `tests/peers/setup` installs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// The AWS CLI, version 1.
    Aws,
    /// bun.
    Bun,
    /// npm 11.
    Npm,
    /// pnpm 12.
    Pnpm,
    /// yarn 4.
    Yarn,
    /// yarn 1.
    Yarn1,
}

impl Peer {
    const fn program(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Bun => "bun",
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn => "yarn",
            Self::Yarn1 => "yarn1",
        }
    }
}

/// The installed peers.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    scripts: PathBuf,
}

impl Peers {
    /// The peers, all of them; or `None` after the rule of [`need`].
    #[track_caller]
    pub(crate) fn installed() -> Option<Self> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        let whole = ["clients", "packages", "aws"]
            .iter()
            .all(|part| scripts.join(format!(".installed/{part}.stamp")).is_file());
        let node = Command::new("node").arg("--version").output().is_ok();
        need("Node", node.then_some(()))?;
        need(
            "the peers: run tests/peers/setup",
            whole.then_some(Self { scripts }),
        )
    }

    /// A script beside `tests/peers/setup`.
    pub(crate) fn script(&self, name: &str) -> PathBuf {
        self.scripts.join(name)
    }

    /// A tarball of a real package.
    pub(crate) fn tarball(&self, file: &str) -> PathBuf {
        self.scripts.join(".installed/packages").join(file)
    }

    /// A file of a peer's package, to be loaded into Node.
    pub(crate) fn module(&self, file: &str) -> PathBuf {
        self.scripts
            .join(".installed/clients/node_modules")
            .join(file)
    }

    /// A peer's program, in `home`.
    pub(crate) fn command(&self, peer: Peer, home: &Home) -> Command {
        home.command(self.scripts.join(".installed/bin").join(peer.program()))
    }
}
