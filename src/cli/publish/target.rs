//! Where and as what a release goes: the registry, what it is told, and how it is reached.

use std::time::Duration;

use super::Run;
use crate::cli::place::Place;
use crate::cli::session::Session;
use crate::config::{ConfigValue, Flat, RequestSettings};
use crate::error::Error;
use crate::output::{Level, Log as _};
use crate::pack::Release;
use crate::registry::RetryPolicy;
use crate::registry::url::RegistryUrl;

/// Where and as what a release goes.
pub(super) struct Target {
    pub(super) flat: Flat,
    pub(super) settings: RequestSettings,
    pub(super) place: Place,
    pub(super) scope: Option<String>,
    /// Nobody named a tag.
    pub(super) implicit_tag: bool,
}

impl Target {
    pub(super) fn of(run: &Run<'_>, release: &Release) -> Result<Self, Error> {
        let session = run.session;
        let config = &session.config;
        let publish_config = release.publish_config.as_ref();
        let flat = match publish_config {
            Some(overrides) => {
                for warning in config.publish_config_warnings(overrides) {
                    session
                        .printer
                        .log(Level::Warn, warning.prefix, &warning.text);
                }
                config.flat_with(overrides)?
            }
            None => config.flat().clone(),
        };
        let settings = config.request_settings(&flat)?;
        let scope = release
            .packed
            .name
            .split_once('/')
            .map(|(scope, _)| scope.to_owned());
        let place = Place::choose(session, &flat, scope.as_deref(), run.tokens.aws());
        let place = run.runtime.block_on(place)?;
        let publish_tag = publish_config.and_then(|overrides| overrides.get("tag"));
        let is_named = publish_tag.is_some_and(|tag| {
            // What JavaScript takes for false names nothing.
            !(tag.is_null() || tag == false || tag == "" || tag.as_f64() == Some(0.0))
        });
        let implicit_tag = session.settings.tag_is_default && !is_named;
        Ok(Self {
            flat,
            settings,
            place,
            scope,
            implicit_tag,
        })
    }

    pub(super) fn url(&self) -> &RegistryUrl {
        &self.place.registry.url
    }
}

/// npm's settings where somebody set them; consign's own waits otherwise.
pub(super) fn retry_policy(session: &Session<'_>, target: &Target) -> RetryPolicy {
    let (default, npm) = (RetryPolicy::default(), target.settings.retry);
    let is_set = |key: &str| !session.config.is_default(key);
    RetryPolicy {
        retries: npm.retries,
        factor: npm.factor,
        first_wait: if is_set("fetch-retry-mintimeout") {
            npm.first_wait
        } else {
            default.first_wait
        },
        longest_wait: if is_set("fetch-retry-maxtimeout") {
            npm.longest_wait
        } else {
            default.longest_wait
        },
    }
}

/// How long an accepted version may take to become readable.
pub(super) fn wait(session: &Session<'_>) -> Duration {
    let wait = session.config.value("wait");
    let seconds = wait.map_or(60.0, ConfigValue::to_number);
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
