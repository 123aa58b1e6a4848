//! Where and as what a release goes: the registry, what it is told, and how it is reached.

use std::time::Duration;

use url::Url;

use crate::cli::session::Session;
use crate::codeartifact::{AwsOptions, Endpoint, endpoint};
use crate::config::{ConfigValue, Flat, RequestSettings};
use crate::error::Error;
use crate::output::{Level, Log as _};
use crate::pack::Release;
use crate::registry::choice::Registry;
use crate::registry::credentials::{ClientCertificate, Credentials};
use crate::registry::url::RegistryUrl;
use crate::registry::{ClientOptions, ConnectionOptions, OneTimePassword, RetryPolicy};

/// Where and as what a release goes.
pub(super) struct Target {
    pub(super) flat: Flat,
    pub(super) settings: RequestSettings,
    pub(super) registry: Registry,
    pub(super) endpoint: Option<Endpoint>,
    pub(super) aws: AwsOptions,
    pub(super) scope: Option<String>,
    /// Nobody named a tag.
    pub(super) implicit_tag: bool,
}

impl Target {
    pub(super) fn of(session: &Session<'_>, release: &Release) -> Result<Self, Error> {
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
        let mut registry = Registry::choose(&flat, scope.as_deref())?;
        let aws = AwsOptions {
            service: service(session),
            ..AwsOptions::default()
        };
        let endpoint = endpoint::parse(registry.url.url(), aws.service.as_ref())?;
        if endpoint.is_some() && !registry.url.ends_with_slash() {
            session.printer.log(
                Level::Warn,
                "codeartifact",
                &format!(
                    "{} has no slash at its end, without which CodeArtifact cannot be reached by npm; it is added",
                    registry.url
                ),
            );
            registry.url = registry.url.with_slash();
        }
        let publish_tag = publish_config.and_then(|overrides| overrides.get("tag"));
        let is_named = publish_tag.is_some_and(|tag| {
            // What JavaScript takes for false names nothing.
            !(tag.is_null() || tag == false || tag == "" || tag.as_f64() == Some(0.0))
        });
        let implicit_tag = session.settings.tag_is_default && !is_named;
        Ok(Self {
            flat,
            settings,
            registry,
            endpoint,
            aws,
            scope,
            implicit_tag,
        })
    }

    pub(super) fn url(&self) -> &RegistryUrl {
        &self.registry.url
    }
}

/// The AWS service where it is not AWS's own.
fn service(session: &Session<'_>) -> Option<Url> {
    ["AWS_ENDPOINT_URL_CODEARTIFACT", "AWS_ENDPOINT_URL"]
        .iter()
        .find_map(|name| session.environment.non_empty(name))
        .and_then(|url| Url::parse(&url).ok())
}

pub(super) fn client_options(
    session: &Session<'_>,
    target: &Target,
    name: &str,
) -> Result<ClientOptions, Error> {
    let settings = &target.settings;
    let otp = settings.otp.as_ref();
    let scope = target.scope.as_deref();
    // The address of the requests: a registry without a slash at its end has fewer folders.
    let address = target.url().request(&name.replacen('/', "%2f", 1));
    let url = address.as_ref().unwrap_or_else(|_| target.url().url());
    let credentials = Credentials::for_request(&session.config, &target.flat, url, scope)?;
    // A registry's own certificate counts before the deprecated one for all.
    let common = || {
        Some(ClientCertificate {
            certificate: settings.tls.certificate.clone()?,
            key: settings.tls.key.clone()?,
        })
    };
    let local_address = target.flat.value("local-address");
    Ok(ClientOptions {
        user_agent: session.user_agent(),
        command: "publish",
        auth_type: settings.auth_type.clone(),
        scope: settings.scope.clone(),
        otp: otp.and_then(|otp| OneTimePassword::new(otp.expose())),
        timeout: settings.retry.timeout,
        connection: ConnectionOptions {
            tls: settings.tls.clone(),
            proxies: settings.proxies.clone(),
            certificate: credentials.client_certificate.or_else(common),
            local_address: local_address.and_then(|value| value.as_text()?.parse().ok()),
        },
    })
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
