//! `consign ping`: whether a registry answers.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::ask::{Question, ask, shown};
use super::aws::{self, AwsArguments};
use super::place::Place;
use super::session::{Session, current_thread};
use crate::codeartifact::{Aws, Tokens};
use crate::error::Error;
use crate::output::{Level, Log as _};
use crate::publish::PUBLISH_TOKEN;

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
    let options = aws::options(session)?.with_default_duration(PUBLISH_TOKEN);
    let tokens = Tokens::new(Aws::new(options));
    let (registry, time, details) = current_thread()?.block_on(async {
        let flat = session.config.flat();
        let place = Place::choose(session, flat, None, tokens.aws()).await?;
        let registry = shown(place.registry.url.url());
        session.printer.log(Level::Notice, "PING", &registry);
        let question = Question {
            command: "ping",
            path: "-/ping",
            needs_login: false,
        };
        let started = Instant::now();
        let body = ask(session, &place, &tokens, question).await?;
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
