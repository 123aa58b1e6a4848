//! Everything that would make a publish fail, found before it. Nothing is changed anywhere.
//!
//! A check that fails holds the very error that the publish would end with: its words, its next
//! step, its exit status. [`Checkup`] collects them in the order in which a publish would run into
//! them; what one of them makes pointless is told as skipped.

mod aws;
mod registry;
mod version;

use serde::Serialize;

use crate::codeartifact::{Endpoint, Obstacle, Tokens};
use crate::document::Document;
use crate::error::Error;
use crate::output::Log;
use crate::output::redact::redact;
use crate::pack::Release;
use crate::publish::{Authority, PublishOptions, Upload};
use crate::registry::{ClientOptions, RegistryUrl};

/// What is looked at, in this order.
pub const CHECKS: [&str; 13] = [
    "package",
    "registry",
    "credentials",
    "size",
    "identity",
    "token",
    "clock",
    "endpoint",
    "read",
    "version",
    "origin",
    "tag",
    "permission",
];

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing stands in the way.
    Ok,
    /// A publish would go through; there is something to know about it.
    Warn,
    /// A publish would fail.
    Fail,
    /// Not looked at.
    Skip,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// One of [`CHECKS`].
    pub name: &'static str,
    /// What came of it.
    pub verdict: Verdict,
    /// What was seen.
    pub text: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The exit status that a publish would end with.
    #[serde(skip)]
    status: u8,
}

/// The checks of one package.
#[derive(Debug, Clone, Default)]
pub struct Checkup {
    checks: Vec<Check>,
}

impl Checkup {
    /// All checks, those that were not made included.
    pub fn into_checks(mut self) -> Vec<Check> {
        let failed = self.first_failure().map(|check| check.name);
        CHECKS
            .iter()
            .map(|&name| {
                let index = self.checks.iter().position(|check| check.name == name);
                index.map_or_else(
                    || Check::new(name, Verdict::Skip, &skip_reason(failed), None),
                    |index| self.checks.remove(index),
                )
            })
            .collect()
    }

    /// The exit status that a publish would end with, as far as that shows.
    pub fn exit_status(&self) -> u8 {
        self.first_failure().map_or(0, |check| check.status)
    }

    /// Nothing stands in the way.
    pub fn ok(&mut self, name: &'static str, text: impl AsRef<str>) {
        self.checks
            .push(Check::new(name, Verdict::Ok, text.as_ref(), None));
    }

    /// A publish would go through, but.
    pub fn warn(&mut self, name: &'static str, text: impl AsRef<str>, next: Option<String>) {
        self.checks
            .push(Check::new(name, Verdict::Warn, text.as_ref(), next));
    }

    /// Not looked at, for a reason of its own.
    pub fn skip(&mut self, name: &'static str, reason: impl AsRef<str>) {
        self.checks
            .push(Check::new(name, Verdict::Skip, reason.as_ref(), None));
    }

    /// A publish would end with this error.
    pub fn fail(&mut self, name: &'static str, error: &Error) {
        let check = Check::new(name, Verdict::Fail, &error.chain(), error.hint());
        self.checks.push(Check {
            status: error.exit_status(),
            ..check
        });
    }

    /// A publish would be refused for this reason.
    fn obstructed(&mut self, name: &'static str, obstacle: &Obstacle) {
        let text = obstacle.to_string();
        let check = Check::new(name, Verdict::Fail, &text, Some(obstacle.hint()));
        self.checks.push(Check {
            status: obstacle.exit_status(),
            ..check
        });
    }

    /// Whether a check failed.
    pub fn has_failed(&self) -> bool {
        self.first_failure().is_some()
    }

    /// The failure that a publish would run into first.
    fn first_failure(&self) -> Option<&Check> {
        let failed = |check: &&Check| check.verdict == Verdict::Fail;
        self.checks.iter().find(failed)
    }
}

fn skip_reason(failed: Option<&str>) -> String {
    match failed {
        Some(name) => format!("not looked at, because of `{name}`"),
        None => "not looked at".to_owned(),
    }
}

impl Check {
    fn new(name: &'static str, verdict: Verdict, text: &str, next: Option<String>) -> Self {
        Self {
            name,
            verdict,
            text: redact(text),
            next: next.map(|next| redact(&next)),
            status: 1,
        }
    }
}

/// A publish that is ready, but for being sent.
pub struct Subject<'a> {
    /// The package.
    pub release: &'a Release,
    /// What would be sent.
    pub document: &'a Document,
    /// Where to.
    pub url: &'a RegistryUrl,
    /// The same to `CodeArtifact`; `None` elsewhere.
    pub endpoint: Option<&'a Endpoint>,
    /// In whose name.
    pub authority: Authority<'a>,
    /// How the registry would be spoken to.
    pub client: ClientOptions,
    /// How the publish would go.
    pub publish: PublishOptions<'a>,
    /// Tokens, and the way to AWS.
    pub tokens: &'a Tokens,
    /// Who hears what there is to say.
    pub log: &'a dyn Log,
}

impl<'a> Subject<'a> {
    fn upload(&self) -> Upload<'a> {
        let Release {
            packed, tarball, ..
        } = self.release;
        Upload {
            name: &packed.name,
            version: &packed.version,
            document: self.document,
            tarball,
            digests: packed.digests,
        }
    }

    /// `CodeArtifact`, where AWS credentials are what a publish would use.
    fn asks_aws(&self) -> Option<&'a Endpoint> {
        match self.authority {
            Authority::CodeArtifact(_) => self.endpoint,
            Authority::Configured(_) | Authority::Missing => None,
        }
    }
}

/// Makes all checks that need the network, and those that follow from them.
pub async fn examine(subject: Subject<'_>, checkup: &mut Checkup) {
    let endpoint = subject.asks_aws();
    let is_known = if let Some(endpoint) = endpoint {
        aws::examine_identity(&subject, endpoint, checkup).await
    } else {
        let reason = match subject.endpoint {
            Some(_) => "the configured token is used, AWS credentials are not needed",
            None => "the registry is not one of CodeArtifact",
        };
        for name in ["identity", "token", "endpoint", "origin"] {
            checkup.skip(name, reason);
        }
        true
    };
    let answers = registry::examine_clock(&subject, checkup).await;
    if !is_known || !answers {
        return;
    }
    if let Some(endpoint) = endpoint
        && !aws::examine_endpoint(&subject, endpoint, checkup).await
    {
        return;
    }
    version::examine(subject, endpoint, checkup).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_looked_at_is_told_with_the_reason() {
        let mut checkup = Checkup::default();
        checkup.ok("package", "a@1.0.0");
        checkup.fail("registry", &Error::Usage("no".into()));
        checkup.skip("identity", "of its own");
        checkup.fail("clock", &Error::Usage("late".into()));
        assert_eq!(checkup.exit_status(), 2);
        let checks = checkup.into_checks();
        assert_eq!(checks.len(), CHECKS.len());
        let told = |name| {
            let check = checks.iter().find(|check| check.name == name);
            check.map(|check| (check.verdict, check.text.as_str()))
        };
        assert_eq!(told("package"), Some((Verdict::Ok, "a@1.0.0")));
        assert_eq!(told("identity"), Some((Verdict::Skip, "of its own")));
        assert_eq!(
            told("token"),
            Some((Verdict::Skip, "not looked at, because of `registry`"))
        );
    }

    #[test]
    fn what_is_shown_is_redacted() {
        let mut checkup = Checkup::default();
        checkup.ok("registry", "https://u:planted@host/");
        assert!(!format!("{:?}", checkup.into_checks()).contains("planted"));
    }
}
