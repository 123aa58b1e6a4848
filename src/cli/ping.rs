//! `consign ping`: whether a registry answers.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::ask::{Question, ask, shown};
use super::aws::AwsArguments;
use super::run::Run;
use super::session::Session;
use crate::error::Error;
use crate::output::{Level, Log as _};

/// Ask the registry whether it is there, as `npm ping`. On `CodeArtifact` that also proves the
/// credentials and `codeartifact:ReadFromRepository`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    consign ping\n  \
    consign ping --registry https://registry.npmjs.org/")]
pub(super) struct Arguments {
    #[command(flatten)]
    configuration: super::ConfigurationArguments,
    #[command(flatten)]
    aws: AwsArguments,
    /// Print an object: registry, time in milliseconds, and what it answered
    #[arg(long, help_heading = "Output")]
    json: bool,
}

pub(super) fn run(session: &Session<'_>) -> Result<u8, Error> {
    let run = Run::start(session)?;
    let (registry, time, details) = run.wait(async {
        let place = run.place().await?;
        let registry = shown(place.registry.url.url());
        session.printer.log(Level::Notice, "PING", &registry);
        let question = Question {
            command: "ping",
            path: "-/ping",
            needs_login: false,
        };
        let started = Instant::now();
        let body = ask(&run, &place, question).await?;
        let time = started.elapsed().as_millis();
        // As with npm, an answer that is no JSON is an answer.
        let details: Value = serde_json::from_slice(&body).unwrap_or(Value::Object(Map::new()));
        Ok::<_, Error>((registry, time, details))
    })?;
    session
        .printer
        .log(Level::Notice, "PONG", &format!("{time}ms"));
    if session.settings.json {
        let object = json!({"registry": registry, "time": time, "details": details});
        session
            .printer
            .json(&object)
            .map_err(|source| Error::System {
                doing: "could not print the answer",
                source,
            })?;
    } else if details
        .as_object()
        .is_none_or(|details| !details.is_empty())
    {
        session
            .printer
            .log(Level::Notice, "PONG", &format!("{details:#}"));
    }
    Ok(0)
}
