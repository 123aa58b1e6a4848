//! A home directory that exists for one test, and programs that know of no other.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A temporary home directory: the user's `.npmrc`, npm's cache, and room for projects.
#[derive(Debug)]
pub(crate) struct Home {
    root: TempDir,
}

impl Home {
    /// An empty home.
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("consign-test-")
            .tempdir()
            .unwrap();
        fs::create_dir(root.path().join("home")).unwrap();
        fs::create_dir(root.path().join("tmp")).unwrap();
        Self { root }
    }

    /// Gives up the directory: whoever is told its path removes it.
    pub(crate) fn into_path(self) -> PathBuf {
        self.root.keep()
    }

    /// A path in the room for projects, below everything and beside the home directory.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.path().join(relative)
    }

    /// Makes an empty directory in the room for projects.
    pub(crate) fn folder(&self, relative: impl AsRef<Path>) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// Writes a file, with the directories above it, in the room for projects.
    pub(crate) fn file(&self, relative: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).unwrap();
        }
        fs::write(&path, contents).unwrap();
        path
    }

    /// Writes the user's `.npmrc`.
    pub(crate) fn npmrc(&self, contents: &str) {
        self.file("home/.npmrc", contents);
    }

    /// `program` with this home and with an environment built from nothing: the machine's `PATH`, this `HOME`, a UTF-8
    /// locale, and nothing else that a configuration could come from.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let home = self.path("home");
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("TMPDIR", self.path("tmp"))
            .env("LANG", "C.UTF-8")
            .env("npm_config_cache", self.path("npm-cache"))
            .env("npm_config_userconfig", home.join(".npmrc"))
            .env("npm_config_globalconfig", self.path("no-global-npmrc"))
            .env("npm_config_update_notifier", "false")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(self.root.path());
        command
    }

    /// The program under test: the one cargo built, or the one that `CONSIGN_BIN` names.
    pub(crate) fn consign(&self) -> Command {
        self.command(consign_binary())
    }
}

/// The program under test.
pub(crate) fn consign_binary() -> PathBuf {
    env::var_os("CONSIGN_BIN").map_or_else(
        || PathBuf::from(env!("CARGO_BIN_EXE_consign")),
        PathBuf::from,
    )
}
