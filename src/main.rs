//! consign: arguments and environment in, an exit status out.

use std::path::PathBuf;
use std::process::ExitCode;

use consign::environment::Environment;

fn main() -> ExitCode {
    // A working directory that is gone shows when something is looked for in it.
    let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let home = std::env::home_dir().unwrap_or_else(|| PathBuf::from("/"));
    let environment = Environment::new(std::env::vars_os(), directory, home);
    ExitCode::from(consign::cli::run(std::env::args_os(), &environment))
}
