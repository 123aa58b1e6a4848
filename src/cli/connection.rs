//! How a registry is spoken to, from npm's configuration.

use url::Url;

use super::session::Session;
use crate::config::{Flat, RequestSettings};
use crate::error::Error;
use crate::registry::credentials::{ClientCertificate, Credentials};
use crate::registry::{Announced, ClientOptions, ConnectionOptions, OneTimePassword};

/// What decides how a registry is spoken to.
pub(super) struct Connection<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) flat: &'a Flat,
    pub(super) settings: &'a RequestSettings,
    /// The package's scope, with its @.
    pub(super) scope: Option<&'a str>,
    /// The address of the requests: a registry without a slash at its end has fewer folders.
    pub(super) url: &'a Url,
}

impl Connection<'_> {
    /// The client's options, for what npm's `command` asks for.
    pub(super) fn options(&self, command: &'static str) -> Result<ClientOptions, Error> {
        let Self {
            session,
            flat,
            settings,
            scope,
            url,
        } = *self;
        let credentials = Credentials::for_request(&session.config, flat, url, scope)?;
        // A registry's own certificate counts before the deprecated one for all.
        let common = || {
            Some(ClientCertificate {
                certificate: settings.tls.certificate.clone()?,
                key: settings.tls.key.clone()?,
            })
        };
        let local_address = flat.value("local-address");
        Ok(ClientOptions {
            user_agent: session.user_agent(),
            command,
            announced: announced(&session.config.request_settings(session.config.flat())?),
            announced_in_uploads: announced(settings),
            timeout: settings.retry.timeout,
            connection: ConnectionOptions {
                tls: settings.tls.clone(),
                proxies: settings.proxies.clone(),
                certificate: credentials.client_certificate.or_else(common),
                local_address: local_address.and_then(|value| value.as_text()?.parse().ok()),
            },
        })
    }
}

fn announced(settings: &RequestSettings) -> Announced {
    let otp = settings.otp.as_ref();
    Announced {
        auth_type: settings.auth_type.clone(),
        scope: settings.scope.clone(),
        otp: otp.and_then(|otp| OneTimePassword::new(otp.expose())),
    }
}
