//! The process's surroundings as a value: variables, working directory, home, platform and terminals.
//!
//! npm's configuration, its scripts and the AWS chain all depend on the environment. They take it
//! from here, so that a test can give them any environment and so that `main` is the only place
//! that asks the operating system.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// A snapshot of what the process was started with.
#[derive(Clone)]
pub struct Environment {
    variables: Vec<(OsString, OsString)>,
    current_directory: PathBuf,
    home: PathBuf,
    platform: Platform,
    terminals: Terminals,
}

/// Which of the process's streams somebody looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminals {
    /// Standard output is a terminal.
    pub stdout: bool,
    /// Standard error is a terminal.
    pub stderr: bool,
}

/// The names Node gives to operating system and processor, as npm prints them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Platform {
    /// `process.platform`: `linux`, `darwin`, `win32`, ...
    pub os: &'static str,
    /// `process.arch`: `x64`, `arm64`, ...
    pub architecture: &'static str,
}

impl Platform {
    /// The platform this program was built for.
    pub const fn current() -> Self {
        let os = if cfg!(target_os = "macos") {
            "darwin"
        } else if cfg!(windows) {
            "win32"
        } else if cfg!(target_os = "freebsd") {
            "freebsd"
        } else if cfg!(target_os = "openbsd") {
            "openbsd"
        } else {
            "linux"
        };
        let architecture = if cfg!(target_arch = "x86_64") {
            "x64"
        } else if cfg!(target_arch = "aarch64") {
            "arm64"
        } else if cfg!(target_arch = "x86") {
            "ia32"
        } else if cfg!(target_arch = "arm") {
            "arm"
        } else if cfg!(target_arch = "riscv64") {
            "riscv64"
        } else if cfg!(target_arch = "powerpc64") {
            "ppc64"
        } else if cfg!(target_arch = "s390x") {
            "s390x"
        } else if cfg!(target_arch = "loongarch64") {
            "loong64"
        } else {
            "unknown"
        };
        Self { os, architecture }
    }

    /// Whether paths, shells and variable names follow Windows' rules.
    pub fn is_windows(self) -> bool {
        self.os == "win32"
    }
}

impl Environment {
    /// Takes the variables in the order the system lists them; `home` is the account's home
    /// directory, used where `HOME` is not set.
    pub fn new(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        current_directory: impl Into<PathBuf>,
        home: impl Into<PathBuf>,
    ) -> Self {
        Self {
            variables: variables.into_iter().collect(),
            current_directory: current_directory.into(),
            home: home.into(),
            platform: Platform::current(),
            terminals: Terminals::default(),
        }
    }

    /// The same surroundings with these terminals; there are none unless it is said.
    #[must_use]
    pub fn with_terminals(mut self, terminals: Terminals) -> Self {
        self.terminals = terminals;
        self
    }

    /// All variables, in the system's order.
    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// The value of one variable. On Windows the name is compared without regard to case.
    pub fn variable_os(&self, name: &str) -> Option<&OsStr> {
        let windows = self.platform.is_windows();
        self.variables
            .iter()
            .find(|(key, _)| {
                key == name || (windows && key.to_string_lossy().eq_ignore_ascii_case(name))
            })
            .map(|(_, value)| value.as_os_str())
    }

    /// The value of one variable as Node would show it: what is not Unicode becomes U+FFFD.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.variable_os(name)
            .map(|value| value.to_string_lossy().into_owned())
    }

    /// The value of one variable unless it is unset or empty, which npm treats alike in most
    /// places.
    pub fn non_empty(&self, name: &str) -> Option<String> {
        self.variable(name).filter(|value| !value.is_empty())
    }

    /// The working directory, absolute.
    pub fn current_directory(&self) -> &Path {
        &self.current_directory
    }

    /// `HOME`, or the account's home directory where it is unset or empty.
    pub fn home(&self) -> PathBuf {
        match self.variable_os("HOME") {
            Some(home) if !home.is_empty() => PathBuf::from(home),
            _ => self.home.clone(),
        }
    }

    /// The platform's names.
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// Which streams are terminals.
    pub fn terminals(&self) -> Terminals {
        self.terminals
    }

    /// The same surroundings in another directory.
    #[must_use]
    pub fn in_directory(&self, directory: impl Into<PathBuf>) -> Self {
        let mut moved = self.clone();
        moved.current_directory = directory.into();
        moved
    }
}

/// The home directory of an account, by its number, from a file like `/etc/passwd`.
pub fn home_of(account: u32, passwd: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(passwd).ok()?;
    let account = account.to_string();
    text.lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&account.as_str()))
        .and_then(|fields| {
            fields
                .get(5)
                .filter(|home| !home.is_empty())
                .map(PathBuf::from)
        })
}

/// Values of variables may be credentials: only the names are shown.
impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.variables.iter().map(|(name, _)| name).collect();
        formatter
            .debug_struct("Environment")
            .field("variables", &names)
            .field("current_directory", &self.current_directory)
            .field("home", &self.home)
            .field("platform", &self.platform)
            .field("terminals", &self.terminals)
            .finish()
    }
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_number() {
        let directory = tempfile::tempdir().expect("a directory");
        let passwd = directory.path().join("passwd");
        let text = "# a comment\nroot:x:0:0:root:/root:/bin/sh\nci:x:1000:0::/home/ci:\n\
                    nobody:x:65534:65534:::\nbroken:x:7\n";
        std::fs::write(&passwd, text).expect("write");
        for (account, home) in [
            (0, Some("/root")),
            (1000, Some("/home/ci")),
            (65534, None),
            (7, None),
            (100, None),
        ] {
            assert_eq!(home_of(account, &passwd), home.map(PathBuf::from));
        }
        assert_eq!(home_of(0, &directory.path().join("missing")), None);
    }
}
