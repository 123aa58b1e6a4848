//! consign: arguments and environment in, an exit status out.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use consign::environment::{Environment, Terminals};

fn main() -> ExitCode {
    // A working directory that is gone shows when something is looked for in it.
    let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let home = home().unwrap_or_else(|| PathBuf::from("/"));
    let terminals = Terminals {
        stdout: io::stdout().is_terminal(),
        stderr: io::stderr().is_terminal(),
    };
    let environment =
        Environment::new(std::env::vars_os(), directory, home).with_terminals(terminals);
    ExitCode::from(consign::cli::run(std::env::args_os(), &environment))
}

/// The account's home directory, where `HOME` does not name one.
#[cfg(not(all(unix, target_feature = "crt-static")))]
fn home() -> Option<PathBuf> {
    std::env::home_dir()
}

/// A static program must not ask libc for it: that would load the libraries of the system's name
/// services, which fit their own libc only.
#[cfg(all(unix, target_feature = "crt-static"))]
fn home() -> Option<PathBuf> {
    let account = rustix::process::getuid().as_raw();
    consign::environment::home_of(account, "/etc/passwd".as_ref())
}
