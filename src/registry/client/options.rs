//! How a registry is spoken to.

use std::net::IpAddr;
use std::time::Duration;

use http::HeaderValue;

use crate::config::{Proxies, Tls};
use crate::registry::credentials::ClientCertificate;

/// How a registry is spoken to.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// `user-agent`.
    pub user_agent: String,
    /// `npm-command`: the npm command this stands for.
    pub command: &'static str,
    /// What every request tells.
    pub announced: Announced,
    /// What an upload tells in its stead: to npm a package's `publishConfig` counts for that alone.
    pub announced_in_uploads: Announced,
    /// No answer, and no progress of one, for this long ends a request.
    pub timeout: Duration,
    /// How connections are made.
    pub connection: ConnectionOptions,
}

/// What a registry is told beside a request.
#[derive(Debug, Clone)]
pub struct Announced {
    /// `npm-auth-type`: `web` or `legacy`.
    pub auth_type: String,
    /// `npm-scope`: the configured scope, if there is one.
    pub scope: Option<String>,
    /// `npm-otp`: a one-time password.
    pub otp: Option<OneTimePassword>,
}

/// How connections to a registry are made.
#[derive(Debug, Clone, Default)]
pub struct ConnectionOptions {
    /// Whom to trust.
    pub tls: Tls,
    /// What to go through.
    pub proxies: Proxies,
    /// What to show a server that asks who is there.
    pub certificate: Option<ClientCertificate>,
    /// The address to connect from (`local-address`).
    pub local_address: Option<IpAddr>,
}

/// A one-time password: sent, never shown.
#[derive(Clone)]
pub struct OneTimePassword(pub(super) HeaderValue);

impl OneTimePassword {
    /// `None` where the text cannot stand in a header.
    pub fn new(text: &str) -> Option<Self> {
        let mut value = HeaderValue::from_str(text).ok()?;
        value.set_sensitive(true);
        Some(Self(value))
    }
}

impl std::fmt::Debug for OneTimePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("****")
    }
}
