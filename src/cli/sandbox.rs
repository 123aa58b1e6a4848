//! `consign sandbox`: the look-alike of `CodeArtifact` as a server.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::display::DisplayArguments;
use super::report;
use super::session::current_thread;
use crate::environment::Environment;
use crate::error::Error;
use crate::output::{Level, Log as _, Printer};
use crate::sandbox::{Config, Sandbox};

/// Serves a look-alike of `CodeArtifact` on 127.0.0.1, for any client, until interrupted.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    consign sandbox --port 8080 --data ./registry\n  \
    consign sandbox --env-file sandbox.env &  # then: . ./sandbox.env; npm publish")]
pub(super) struct Arguments {
    /// Port to listen on; without it the system picks one
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Keep domains, repositories and packages in this directory; without it, in memory
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Read principals, policies, upstreams, faults and switches from this TOML file
    #[arg(long, value_name = "F")]
    config: Option<PathBuf>,
    /// Domain that is there from the start
    #[arg(long, value_name = "D", env = "CONSIGN_DOMAIN")]
    domain: Option<String>,
    /// Repository that is there from the start
    #[arg(long, value_name = "R", env = "CONSIGN_REPOSITORY")]
    repository: Option<String>,
    /// Write the environment as KEY=VALUE lines to this file once connections are accepted
    #[arg(long, value_name = "F")]
    env_file: Option<PathBuf>,
    /// Write the variables of GitHub's, a container's, an instance's and a signed-in user's identity to this file
    #[arg(long, value_name = "F")]
    identity_env_file: Option<PathBuf>,
    #[command(flatten)]
    display: DisplayArguments,
}

pub(super) fn run(arguments: &Arguments, environment: &Environment) -> u8 {
    let printer = arguments.display.printer(environment, false);
    match serve(arguments, environment, &printer) {
        Ok(()) => 0,
        Err(error) => report::error(&printer, false, &error),
    }
}

fn serve(arguments: &Arguments, environment: &Environment, printer: &Printer) -> Result<(), Error> {
    let in_directory = |path: &Path| environment.current_directory().join(path);
    let mut config = match &arguments.config {
        Some(path) => Config::read(&in_directory(path))?,
        None => Config::default(),
    };
    if let Some(port) = arguments.port {
        config.port = port;
    }
    if let Some(data) = &arguments.data {
        config.data = Some(in_directory(data));
    }
    if let Some(domain) = &arguments.domain {
        config.domain.clone_from(domain);
    }
    if let Some(repository) = &arguments.repository {
        config.repository.clone_from(repository);
    }
    current_thread()?.block_on(async {
        let sandbox = Sandbox::bind(config).await?;
        for warning in sandbox.warnings() {
            printer.log(Level::Warn, "sandbox", &warning);
        }
        let mut variables = sandbox.environment();
        // The AWS CLI v1 reads no other variable for the region.
        if let Some((_, region)) = variables.iter().find(|(name, _)| *name == "AWS_REGION") {
            variables.push(("AWS_DEFAULT_REGION", region.clone()));
        }
        if let Some(file) = &arguments.env_file {
            write_env_file(&in_directory(file), &variables)?;
        }
        if let Some(file) = &arguments.identity_env_file {
            write_env_file(&in_directory(file), &sandbox.identity_environment())?;
        }
        for (name, value) in &variables {
            // Values are names, keys and URLs of the sandbox: nothing a shell would read.
            printer
                .data(&format!("export {name}={value}"))
                .map_err(|source| Error::System {
                    doing: "could not print the environment",
                    source,
                })?;
        }
        printer.log(
            Level::Notice,
            "sandbox",
            &format!("listening on {}; Ctrl-C ends it", sandbox.address()),
        );
        sandbox.serve(interrupted()).await?;
        Ok(())
    })
}

/// Ends on Ctrl-C and on the signal with which service managers end a process.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a handler the system's own way of ending a process remains.
    let _ = tokio::signal::ctrl_c().await;
}

/// Writes the whole file or none: a waiting reader never sees half of it. It
/// holds a secret, if one of a sandbox, so only its owner may read it.
fn write_env_file(path: &Path, variables: &[(&str, String)]) -> Result<(), Error> {
    let text = variables
        .iter()
        .fold(String::new(), |mut text, (name, value)| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}={value}");
            text
        });
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
        std::io::Write::write_all(&mut file, text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}
