//! The summary of a step of GitHub Actions.

use super::target::Target;
use crate::cli::report::on_github;
use crate::cli::session::Session;
use crate::error::Error;
use crate::output::github::add_to_summary;
use crate::output::redact::redact;
use crate::output::{Level, Log as _};
use crate::pack::Release;
use crate::registry::Outcome;

/// Adds how a publish ended to the summary of a step of GitHub Actions.
pub(super) fn add(
    session: &Session<'_>,
    release: &Release,
    target: &Target,
    ended: &Result<Option<Outcome>, Error>,
) {
    let environment = session.environment;
    let Some(file) = environment
        .non_empty("GITHUB_STEP_SUMMARY")
        .filter(|_| on_github(environment))
    else {
        return;
    };
    let (outcome, rest) = match ended {
        Ok(outcome) => {
            let name = outcome.as_ref().map_or("not sent (dry run)", Outcome::name);
            (name, target.url().to_string())
        }
        Err(error) => (
            error.outcome().unwrap_or("failed"),
            redact(&error.to_string()),
        ),
    };
    let package = redact(&release.packed.id);
    if let Err(error) = add_to_summary(file.as_ref(), &package, outcome, &rest) {
        let text = format!("GITHUB_STEP_SUMMARY ({file}) could not be written: {error}");
        session.printer.log(Level::Warn, "publish", &text);
    }
}
