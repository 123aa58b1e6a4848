//! In whose name a registry is spoken to: with what `.npmrc` and its like say
//! for it, or with a `CodeArtifact` token that is fetched when it is needed.

use std::cell::RefCell;

use http::HeaderValue;
use url::Url;

use crate::codeartifact::{DomainName, Endpoint, Token, Tokens};
use crate::config::{Config, Flat};
use crate::error::Error;
use crate::output::{Level, Log};
use crate::registry::credentials::{Check, Credentials, check};
use crate::registry::url::{RegistryUrl, host_with_port};
use crate::registry::{Authorize, Renewal};

/// Where credentials for one registry come from.
pub enum Authority<'a> {
    /// npm's configuration, looked up for each request as npm does.
    Configured(Configured<'a>),
    /// A token for the domain of this endpoint.
    CodeArtifact(Endpoint),
    /// Nowhere.
    Missing,
}

/// npm's configuration as a source of credentials.
pub struct Configured<'a> {
    config: &'a Config,
    flat: &'a Flat,
    scope: Option<&'a str>,
}

impl<'a> Authority<'a> {
    /// Decides for a registry, without asking anybody. `endpoint` is the
    /// registry as `CodeArtifact` sees it, `scope` the package's, with its `@`.
    ///
    /// # Errors
    /// [`Error::Credential`] where configured credentials cannot be read.
    pub fn find(
        config: &'a Config,
        flat: &'a Flat,
        registry: &RegistryUrl,
        endpoint: Option<Endpoint>,
        scope: Option<&'a str>,
        log: &dyn Log,
    ) -> Result<Self, Error> {
        let configured = Self::unchecked(config, flat, scope);
        let Some(endpoint) = endpoint else {
            // npm's own check: exactly this registry, nothing above it.
            return Ok(match check(config, registry)? {
                Check::Present => configured,
                Check::Missing => Self::Missing,
            });
        };
        let found = Credentials::for_request(config, flat, registry.url(), scope)?;
        let unset = found
            .source
            .as_ref()
            .filter(|source| !source.unset_variables.is_empty());
        Ok(match (found.authorization, unset) {
            (Some(_), None) => configured,
            (Some(_), Some(source)) => {
                log.log(
                    Level::Info,
                    "codeartifact",
                    &format!(
                        "{} from {} refers to {}, which is not set: AWS credentials are used",
                        source.key,
                        source.origin,
                        source.unset_variables.join(", ")
                    ),
                );
                Self::CodeArtifact(endpoint)
            }
            (None, _) => Self::CodeArtifact(endpoint),
        })
    }

    /// npm's configuration without npm's check: whatever a request finds in it, which may be nothing.
    pub fn unchecked(config: &'a Config, flat: &'a Flat, scope: Option<&'a str>) -> Self {
        Self::Configured(Configured {
            config,
            flat,
            scope,
        })
    }

    /// Gets what there is to get: for `CodeArtifact`, a token.
    ///
    /// # Errors
    /// [`Error::Aws`].
    pub async fn obtain(
        self,
        tokens: &'a Tokens,
        log: &'a dyn Log,
    ) -> Result<Box<dyn Authorize + 'a>, Error> {
        Ok(match self {
            Self::Configured(configured) => Box::new(configured),
            Self::CodeArtifact(endpoint) => {
                let domain = DomainName::from(&endpoint);
                let token = tokens.token(&domain, log).await?;
                Box::new(HostToken {
                    host: host_with_port(&endpoint.url),
                    domain,
                    tokens,
                    token: RefCell::new(token),
                    log,
                })
            }
            Self::Missing => Box::new(Nobody),
        })
    }
}

impl Authorize for Configured<'_> {
    fn authorization(&self, url: &Url) -> Option<HeaderValue> {
        // What cannot be read was reported when the authority was looked for.
        let credentials = Credentials::for_request(self.config, self.flat, url, self.scope).ok()?;
        let header = credentials.authorization?.header_value();
        let mut value = HeaderValue::from_str(header.expose()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// A token that is shown to one host only.
struct HostToken<'a> {
    host: String,
    domain: DomainName,
    tokens: &'a Tokens,
    token: RefCell<Token>,
    log: &'a dyn Log,
}

impl Authorize for HostToken<'_> {
    fn authorization(&self, url: &Url) -> Option<HeaderValue> {
        (host_with_port(url) == self.host)
            .then(|| self.token.borrow().authorization())
            .flatten()
    }

    fn renew<'s>(&'s self, url: &'s Url) -> Renewal<'s> {
        Box::pin(async move {
            if host_with_port(url) != self.host {
                return false;
            }
            let refused = self.token.borrow().clone();
            let renewed = self
                .tokens
                .instead_of(&refused, &self.domain, self.log)
                .await;
            match renewed {
                Ok(token) => {
                    self.token.replace(token);
                    true
                }
                // The registry's refusal stands, and is what the command ends with.
                Err(error) => {
                    self.log
                        .log(Level::Warn, "codeartifact", &error.to_string());
                    false
                }
            }
        })
    }
}

struct Nobody;

impl Authorize for Nobody {
    fn authorization(&self, _: &Url) -> Option<HeaderValue> {
        None
    }
}
