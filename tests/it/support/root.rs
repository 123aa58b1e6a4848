//! Root directories that hold next to nothing, and the static binary in them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::peer::need;

/// A directory that the programs in it take for all there is: no libc, no `/etc`, no `/tmp`, no home.
#[derive(Debug)]
pub(crate) struct Root {
    directory: TempDir,
}

impl Root {
    /// A root that holds the static binary as `/consign`, or `None` after the rule of [`need`].
    #[track_caller]
    pub(crate) fn with_consign() -> Option<Self> {
        let binary = static_binary()?;
        let directory = tempfile::tempdir().unwrap();
        fs::copy(binary, directory.path().join("consign")).unwrap();
        Some(Self { directory })
    }

    /// Writes a file, with the directories above it, at its path from this root.
    pub(crate) fn file(&self, path: &str, contents: impl AsRef<[u8]>) {
        let path = self.directory.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// Reads a file at its path from this root.
    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.directory.path().join(path.trim_start_matches('/'))).unwrap()
    }

    /// The names that are there, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// `/consign`, with this root and no environment at all.
    pub(crate) fn consign(&self) -> Command {
        let mut command = confined(self.directory.path());
        command.arg("/consign").env_clear();
        command
    }
}

/// The command with `directory` as its root, running the static binary that is put there as `/consign`. Paths below
/// `directory` mean the same inside and outside.
#[track_caller]
pub(crate) fn confine(command: &Command, directory: &Path) -> Option<Command> {
    let inside = directory.join("consign");
    if !inside.exists() {
        fs::copy(static_binary()?, &inside).unwrap();
        // The directory's own path leads back to the root.
        let parent = directory.parent().unwrap().strip_prefix("/").unwrap();
        fs::create_dir_all(directory.join(parent)).unwrap();
        let name = directory.file_name().unwrap();
        std::os::unix::fs::symlink("/", directory.join(parent).join(name)).unwrap();
    }
    let mut confined = confined(directory);
    confined
        .arg("/consign")
        .args(command.get_args())
        .env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            confined.env(name, value);
        }
    }
    Some(confined)
}

/// The system's `unshare`, which changes the root. Who is not the superuser gets a namespace in which they are.
fn confined(root: &Path) -> Command {
    let mut command = Command::new("/usr/bin/unshare");
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    let mut option = std::ffi::OsString::from("--root=");
    option.push(root);
    command.arg(option);
    command
}

/// The static binary that `CONSIGN_STATIC` names; `.ci/run` builds it.
#[track_caller]
pub(crate) fn static_binary() -> Option<PathBuf> {
    let named = env::var_os("CONSIGN_STATIC").map(PathBuf::from);
    let named = need(
        "a static binary, named by CONSIGN_STATIC: see CONTRIBUTING.md",
        named,
    )?;
    assert!(named.is_file(), "{} is no file", named.display());
    // A path from the package's directory, where the tests start.
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).join(named))
}
