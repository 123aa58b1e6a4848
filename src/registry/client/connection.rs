//! How connections are made: through what proxy, trusting whom.

use reqwest::redirect::Policy;
use url::Url;

use super::Client;
use super::answer::chain;
use super::error::TransportError;
use crate::registry::resolver::http_client;
use crate::registry::tls::{Trust, client_config};
use crate::registry::url::host_with_port;

impl Client<'_> {
    /// The HTTP client for a URL's scheme. Without TLS no roots are read.
    pub(super) fn http(&self, url: &Url) -> Result<&reqwest::Client, TransportError> {
        let connection = &self.options.connection;
        // A proxy may itself be spoken to by TLS.
        let by_tls = url.scheme() == "https"
            || connection
                .proxies
                .for_url(url)
                .is_some_and(|proxy| proxy.expose().scheme() == "https");
        let (slot, trust) = match (by_tls, &connection.tls) {
            (false, _) => (&self.plain, Trust::Nobody),
            (true, tls) if !tls.is_strict => (&self.secure, Trust::Everybody),
            (true, tls) => (&self.secure, Trust::Authorities(tls.authorities.clone())),
        };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let not_sent = |reason: String| TransportError::NotSent {
            host: host_with_port(url),
            reason,
        };
        let certificate = connection.certificate.as_ref().filter(|_| by_tls);
        let tls =
            client_config(&trust, certificate).map_err(|error| not_sent(error.to_string()))?;
        let proxies = connection.proxies.clone();
        let client = http_client()
            .user_agent(&self.options.user_agent)
            .redirect(Policy::none())
            .referer(false)
            .read_timeout(self.options.timeout)
            .connect_timeout(self.options.timeout)
            .local_address(connection.local_address)
            // What npm takes from the environment is in the options already.
            .no_proxy()
            .proxy(reqwest::Proxy::custom(move |url| {
                proxies.for_url(url).map(|proxy| proxy.expose().clone())
            }))
            .tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| not_sent(chain(&error)))?;
        Ok(slot.get_or_init(|| client))
    }
}
