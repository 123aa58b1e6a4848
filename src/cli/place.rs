//! Which registry a command speaks to: npm's choice, or a repository of `CodeArtifact` by its name.

use super::session::Session;
use crate::codeartifact::{Aws, AwsOptions, Endpoint, endpoint};
use crate::config::{Flat, Layer, Origin};
use crate::error::Error;
use crate::output::{Level, Log as _};
use crate::registry::RegistryUrl;
use crate::registry::choice::Registry;

/// A registry, and what it is to `CodeArtifact`.
pub(super) struct Place {
    pub(super) registry: Registry,
    /// `None` where it is another registry than `CodeArtifact`.
    pub(super) endpoint: Option<Endpoint>,
}

impl Place {
    /// Chooses. Flags count first: `--registry`, or `--domain` with `--repository`. Then npm's
    /// configuration, and where that names no registry, `CONSIGN_DOMAIN` with
    /// `CONSIGN_REPOSITORY`.
    pub(super) async fn choose(
        session: &Session<'_>,
        flat: &Flat,
        scope: Option<&str>,
        aws: &Aws,
    ) -> Result<Self, Error> {
        Self::choose_among(session, flat, scope, aws, false).await
    }

    /// The same for a command that is about `CodeArtifact` alone: there the variables also count
    /// before another registry that npm's configuration names.
    pub(super) async fn choose_of_codeartifact(
        session: &Session<'_>,
        scope: Option<&str>,
        aws: &Aws,
    ) -> Result<(Self, Endpoint), Error> {
        let flat = session.config.flat();
        let place = Self::choose_among(session, flat, scope, aws, true).await?;
        match place.endpoint.clone() {
            Some(endpoint) => Ok((place, endpoint)),
            None => Err(Error::Refused {
                code: None,
                message: format!(
                    "{}, which `{}` from {} names, is not a registry of CodeArtifact",
                    place.registry.url, place.registry.key, place.registry.origin
                ),
                hint: Some("give --registry, or --domain with --repository".into()),
            }),
        }
    }

    /// Whether npm's configuration names a registry of `CodeArtifact`.
    pub(super) fn is_configured(
        session: &Session<'_>,
        scope: Option<&str>,
        options: &AwsOptions,
    ) -> Result<bool, Error> {
        let registry = Registry::choose(session.config.flat(), scope)?;
        Ok(endpoint::parse(registry.url.url(), options.service.as_ref())?.is_some())
    }

    async fn choose_among(
        session: &Session<'_>,
        flat: &Flat,
        scope: Option<&str>,
        aws: &Aws,
        only_codeartifact: bool,
    ) -> Result<Self, Error> {
        let options = aws.options();
        let has_registry = session
            .config
            .layer_entries(Layer::Cli)
            .any(|(key, _)| key == "registry");
        let mut registry = Registry::choose(flat, scope)?;
        let names = options.domain.as_deref().zip(options.repository.as_deref());
        match names {
            _ if options.is_named_by_flag && has_registry => {
                return Err(Error::Usage(
                    "--registry names a registry, and so do --domain and --repository: give one of the two".into(),
                ));
            }
            None if options.is_named_by_flag => {
                return Err(Error::Usage(
                    "--domain and --repository name a registry only together".into(),
                ));
            }
            Some((domain, repository))
                if options.is_named_by_flag
                    || registry.origin == Origin::Default
                    || (only_codeartifact
                        && !has_registry
                        && !Self::is_configured(session, scope, options)?) =>
            {
                let endpoint = aws.locate(domain, repository).await?;
                let url = RegistryUrl::parse(endpoint.url.as_str());
                let url = url.map_err(|error| Error::Usage(error.to_string()))?;
                let registry = Registry {
                    url,
                    key: "repository".to_owned(),
                    origin: if options.is_named_by_flag {
                        Origin::Flag {
                            name: "repository".to_owned(),
                        }
                    } else {
                        Origin::Variable {
                            name: "CONSIGN_REPOSITORY".to_owned(),
                        }
                    },
                };
                return Ok(Self {
                    registry,
                    endpoint: Some(endpoint),
                });
            }
            _ => {}
        }
        let mut endpoint = endpoint::parse(registry.url.url(), options.service.as_ref())?;
        let Some(found) = &mut endpoint else {
            return Ok(Self { registry, endpoint });
        };
        let warn = |text: &str| session.printer.log(Level::Warn, "codeartifact", text);
        if !registry.url.ends_with_slash() {
            warn(&format!(
                "{} has no slash at its end, without which CodeArtifact cannot be reached by npm; it is added",
                registry.url
            ));
            registry.url = registry.url.with_slash();
        }
        match (&found.region, &options.region) {
            (Some(region), Some(said)) if region != said => warn(&format!(
                "the registry is in the region {region}; {said} does not count for it"
            )),
            (None, said) => found.region.clone_from(said),
            _ => {}
        }
        Ok(Self { registry, endpoint })
    }
}
