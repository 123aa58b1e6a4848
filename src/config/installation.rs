//! The Node and npm that are installed here, if any.
//!
//! consign runs without either. But npm's global configuration lies relative to the `node` that
//! runs it and its builtin configuration beside npm itself, so on a machine that has them the same
//! files have to be read; and scripts are told where they are.

use std::path::{Path, PathBuf};

use crate::environment::Environment;

/// What was found on `PATH`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Installation {
    /// The real path of `node` (Node's `process.execPath`).
    pub node: Option<PathBuf>,
    /// The directory of the npm package: it holds `bin/npm-cli.js`, and `npmrc` if there is a
    /// builtin configuration.
    pub npm: Option<PathBuf>,
}

impl Installation {
    /// Looks for `node` and `npm` along `PATH`.
    pub fn find(environment: &Environment) -> Self {
        let windows = environment.platform().is_windows();
        let node = find_program(environment, if windows { "node.exe" } else { "node" });
        let npm = find_program(environment, if windows { "npm.cmd" } else { "npm" })
            .and_then(|program| npm_package(&program));
        Self { node, npm }
    }
}

/// The first executable file of this name along `PATH`, with links resolved.
pub fn find_program(environment: &Environment, name: &str) -> Option<PathBuf> {
    let path = environment.variable_os("PATH")?;
    std::env::split_paths(path)
        .filter(|directory| !directory.as_os_str().is_empty())
        .map(|directory| environment.current_directory().join(directory).join(name))
        .find(|candidate| is_executable(candidate))
        .and_then(|candidate| std::fs::canonicalize(candidate).ok())
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file())
}

/// `.../npm/bin/npm-cli.js` names its package; `npm.cmd` has it in `node_modules` beside it.
fn npm_package(program: &Path) -> Option<PathBuf> {
    let directory = program.parent()?;
    let beside = directory.join("node_modules").join("npm");
    [directory.parent()?.to_path_buf(), beside]
        .into_iter()
        .find(|package| package.join("bin").join("npm-cli.js").is_file())
}
