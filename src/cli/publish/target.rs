//! Where and as what a release goes: the registry, what it is told, and how it is reached.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::cli::connection::Connection;
use crate::cli::place::Place;
use crate::cli::session::Session;
use crate::codeartifact::{Aws, PUBLISH_REQUEST_LIMIT};
use crate::config::{ConfigValue, Flat, RequestSettings};
use crate::document::{Document, Publication};
use crate::error::Error;
use crate::manifest::{is_prerelease, json};
use crate::output::{Level, Log as _};
use crate::pack::Release;
use crate::publish::{Authority, PublishOptions};
use crate::registry::diagnosis::explain;
use crate::registry::url::RegistryUrl;
use crate::registry::{ClientOptions, RetryPolicy};

/// Where and as what a release goes.
pub(in crate::cli) struct Target {
    pub(in crate::cli) flat: Flat,
    pub(in crate::cli) settings: RequestSettings,
    pub(in crate::cli) place: Place,
    pub(in crate::cli) scope: Option<String>,
    /// Nobody named a tag.
    pub(in crate::cli) implicit_tag: bool,
}

impl Target {
    pub(in crate::cli) async fn of(
        session: &Session<'_>,
        release: &Release,
        aws: &Aws,
    ) -> Result<Self, Error> {
        let config = &session.config;
        let publish_config = release.publish_config.as_ref();
        if let Some(overrides) = publish_config {
            for warning in config.publish_config_warnings(overrides) {
                let printer = &session.printer;
                printer.log(Level::Warn, warning.prefix, &warning.text);
            }
        }
        let flat = match release.configuration() {
            Some(overrides) => config.flat_with(&overrides)?,
            None => config.flat().clone(),
        };
        let settings = config.request_settings(&flat)?;
        let scope = release
            .packed
            .name
            .split_once('/')
            .map(|(scope, _)| scope.to_owned());
        let place = Place::choose(session, &flat, scope.as_deref(), aws).await?;
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

    pub(in crate::cli) fn url(&self) -> &RegistryUrl {
        &self.place.registry.url
    }

    /// npm's refusal of a prerelease that would become `latest` by default.
    pub(in crate::cli) fn check_tag(
        &self,
        session: &Session<'_>,
        release: &Release,
    ) -> Result<(), Error> {
        // Whatever the tag, a manifest without a version is refused here.
        if !session.settings.force && is_prerelease(&release.manifest)? && self.implicit_tag {
            return Err(Error::Refused {
                code: None,
                message: "You must specify a tag using --tag when publishing a prerelease version."
                    .into(),
                hint: Some("for example --tag next".into()),
            });
        }
        Ok(())
    }

    /// npm's refusal of a private package without a scope.
    pub(in crate::cli) fn check_access(&self) -> Result<(), Error> {
        if self.settings.access.as_text() == Some("restricted") && self.scope.is_none() {
            return Err(Error::Refused {
                code: Some("EUNSCOPED"),
                message: "Can't restrict access to unscoped packages.".into(),
                hint: Some("give the package a scope, or leave out --access".into()),
            });
        }
        Ok(())
    }

    /// In whose name the registry is spoken to.
    pub(in crate::cli) fn authority<'s>(
        &'s self,
        session: &'s Session<'_>,
    ) -> Result<Authority<'s>, Error> {
        Authority::find(
            &session.config,
            &self.flat,
            self.url(),
            self.place.endpoint.clone(),
            self.scope.as_deref(),
            &session.printer,
        )
    }

    /// npm's refusal to publish in nobody's name, with the reason.
    pub(in crate::cli) fn needs_login(&self, session: &Session<'_>) -> Error {
        let diagnosis = explain(&session.config, &self.flat, &self.place.registry);
        Error::Refused {
            code: Some("ENEEDAUTH"),
            message: format!(
                "This command requires you to be logged in to {}",
                self.url()
            ),
            hint: Some(diagnosis.to_string()),
        }
    }

    /// `access`, as the document has it.
    fn access(&self) -> Value {
        let text = self.settings.access.to_json();
        json::parse(text.as_bytes()).unwrap_or_default()
    }

    /// The publish document, for a version object.
    pub(in crate::cli) fn document(
        &self,
        release: &Release,
        version_object: &Map<String, Value>,
    ) -> Result<Document, Error> {
        let packed = &release.packed;
        Ok(Document::new(
            &Publication {
                manifest: version_object,
                name: &packed.name,
                version: &packed.version,
                tag: &self.settings.tag,
                access: self.access(),
                registry: self.url(),
                digests: packed.digests,
            },
            release.tarball.clone(),
        )?)
    }

    /// How the registry is spoken to about a package.
    pub(in crate::cli) fn client_options(
        &self,
        session: &Session<'_>,
        release: &Release,
    ) -> Result<ClientOptions, Error> {
        let url = self.url();
        let address = url.request(&release.packed.name.replacen('/', "%2f", 1));
        let connection = Connection {
            session,
            flat: &self.flat,
            settings: &self.settings,
            scope: self.scope.as_deref(),
            url: address.as_ref().unwrap_or_else(|_| url.url()),
        };
        connection.options("publish")
    }

    /// How a publish goes about it, with nobody to be asked for a one-time password.
    pub(in crate::cli) fn publish_options(&self, session: &Session<'_>) -> PublishOptions<'static> {
        PublishOptions {
            retry: self.retry_policy(session),
            wait: wait(session),
            implicit_tag: self.implicit_tag,
            force: session.settings.force,
            dry_run: session.settings.dry_run,
            second_factor: None,
            largest_request: self.largest_request(session),
        }
    }

    /// `--max-request`, else the service's own limit.
    fn largest_request(&self, session: &Session<'_>) -> Option<u64> {
        let said = session
            .config
            .value("max-request")
            .map_or(f64::NAN, ConfigValue::to_number);
        if said > 0.0 {
            return format!("{said:.0}").parse().ok();
        }
        let is_codeartifact = self.place.endpoint.is_some();
        is_codeartifact.then_some(PUBLISH_REQUEST_LIMIT)
    }

    /// npm's settings where somebody set them; consign's own waits otherwise.
    fn retry_policy(&self, session: &Session<'_>) -> RetryPolicy {
        let (default, npm) = (RetryPolicy::default(), self.settings.retry);
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
}

/// How long an accepted version may take to become readable.
fn wait(session: &Session<'_>) -> Duration {
    let wait = session.config.value("wait");
    let seconds = wait.map_or(60.0, ConfigValue::to_number);
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
