//! In whose name a registry is spoken to: with what `.npmrc` and its like say
//! for it, or with a `CodeArtifact` token that is fetched when it is needed.

use http::HeaderValue;
use url::Url;

use crate::codeartifact::{AwsOptions, Endpoint, Token, token};
use crate::config::{Config, Flat};
use crate::error::Error;
use crate::output::{Level, Log};
use crate::registry::Authorize;
use crate::registry::credentials::{Check, Credentials, check};
use crate::registry::url::{RegistryUrl, host_with_port};

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
        let configured = Self::Configured(Configured {
            config,
            flat,
            scope,
        });
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

    /// Gets what there is to get: for `CodeArtifact`, a token.
    ///
    /// # Errors
    /// [`Error::Token`].
    pub async fn obtain(self, aws: &AwsOptions) -> Result<Box<dyn Authorize + 'a>, Error> {
        Ok(match self {
            Self::Configured(configured) => Box::new(configured),
            Self::CodeArtifact(endpoint) => {
                let token = token::fetch(&endpoint, aws).await?;
                Box::new(HostToken {
                    host: host_with_port(&endpoint.url),
                    token,
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
struct HostToken {
    host: String,
    token: Token,
}

impl Authorize for HostToken {
    fn authorization(&self, url: &Url) -> Option<HeaderValue> {
        (host_with_port(url) == self.host)
            .then(|| self.token.authorization())
            .flatten()
    }
}

struct Nobody;

impl Authorize for Nobody {
    fn authorization(&self, _: &Url) -> Option<HeaderValue> {
        None
    }
}
