//! From names to an endpoint: where a repository is that was given without its URL.

use aws_sdk_codeartifact::types::{EndpointType as SdkEndpointType, PackageFormat};
use url::Url;

use super::endpoint::{self, Endpoint};
use super::options::EndpointType;
use super::service::{Aws, AwsError, Call};

/// The one partition that has the service. Other suffixes are for AWS to tell.
const SUFFIXES: (&str, &str) = ("amazonaws.com", "on.aws");

impl Aws {
    /// The npm endpoint of a repository. Where account and region are known it is written down by
    /// the service's rule; else the service is asked.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn locate(&self, domain: &str, repository: &str) -> Result<Endpoint, AwsError> {
        let options = self.options();
        let region = options.region.as_deref();
        let region = match region {
            Some(region) => Some(region.to_owned()),
            None => self.region(None).await,
        };
        if let (Some(owner), Some(region), None) =
            (&options.domain_owner, &region, &options.service)
            && let Some(url) = written(domain, owner, region, repository, options.endpoint_type)
        {
            return Ok(Endpoint {
                domain: domain.to_owned(),
                owner: owner.clone(),
                repository: repository.to_owned(),
                region: Some(region.clone()),
                url,
            });
        }
        let asked = self
            .ask_endpoint(&Named {
                domain,
                owner: options.domain_owner.as_deref(),
                repository,
                region: region.as_deref(),
                kind: options.endpoint_type,
            })
            .await?;
        let endpoint = Url::parse(&asked)
            .ok()
            .and_then(|url| endpoint::parse(&url, options.service.as_ref()).ok()?);
        let endpoint = endpoint.ok_or_else(|| AwsError::Refused {
            what: format!("endpoint of {repository}"),
            message: format!("{asked} is not an npm endpoint"),
        })?;
        Ok(Endpoint {
            region: endpoint.region.or(region),
            ..endpoint
        })
    }

    /// The npm endpoint that the service has for the repository of an endpoint.
    ///
    /// # Errors
    /// [`AwsError::NotFound`] where there is no such repository, or no such domain.
    pub async fn named_endpoint(&self, endpoint: &Endpoint) -> Result<String, AwsError> {
        let host = endpoint.url.host_str().unwrap_or_default();
        self.ask_endpoint(&Named {
            domain: &endpoint.domain,
            owner: Some(&endpoint.owner),
            repository: &endpoint.repository,
            region: endpoint.region.as_deref(),
            kind: if host.ends_with(SUFFIXES.1) {
                EndpointType::Dualstack
            } else {
                EndpointType::Ipv4
            },
        })
        .await
    }

    async fn ask_endpoint(&self, named: &Named<'_>) -> Result<String, AwsError> {
        let Named {
            domain, repository, ..
        } = named;
        let call = Call {
            service: "CodeArtifact",
            what: format!("endpoint of the repository {repository} in the domain {domain}"),
            needs: format!(
                "codeartifact:GetRepositoryEndpoint on the repository {domain}/{repository}; with --domain-owner and \
                 --region AWS need not be asked"
            ),
        };
        let reply = self
            .codeartifact(named.region, &call)
            .await?
            .get_repository_endpoint()
            .domain(*domain)
            .set_domain_owner(named.owner.map(str::to_owned))
            .repository(*repository)
            .format(PackageFormat::Npm)
            .set_endpoint_type(match named.kind {
                EndpointType::Ipv4 => None,
                EndpointType::Dualstack => Some(SdkEndpointType::Dualstack),
            })
            .send()
            .await
            .map_err(|error| self.error(&call, &error))?;
        reply.repository_endpoint.ok_or_else(|| AwsError::Refused {
            what: call.what,
            message: "the answer holds none".to_owned(),
        })
    }
}

/// A repository by its names.
struct Named<'a> {
    domain: &'a str,
    owner: Option<&'a str>,
    repository: &'a str,
    region: Option<&'a str>,
    kind: EndpointType,
}

/// The endpoint by the service's documented form, in the regions whose suffix is known.
fn written(
    domain: &str,
    owner: &str,
    region: &str,
    repository: &str,
    kind: EndpointType,
) -> Option<Url> {
    let other_partitions = ["cn-", "us-gov-", "us-iso", "eu-iso", "eusc-"];
    if other_partitions
        .iter()
        .any(|prefix| region.starts_with(prefix))
    {
        return None;
    }
    let (ipv4, dualstack) = SUFFIXES;
    let host = match kind {
        EndpointType::Ipv4 => format!("{domain}-{owner}.d.codeartifact.{region}.{ipv4}"),
        EndpointType::Dualstack => format!("{domain}-{owner}.codeartifact.{region}.{dualstack}"),
    };
    Url::parse(&format!("https://{host}/npm/{repository}/")).ok()
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_is_read_back_alike() {
        for kind in [EndpointType::Ipv4, EndpointType::Dualstack] {
            let url =
                written("my-team", "111122223333", "eu-west-1", "Rel_1", kind).expect("a URL");
            let read = endpoint::parse(&url, None).expect("right").expect("ours");
            assert_eq!(
                (
                    read.domain.as_str(),
                    read.owner.as_str(),
                    read.repository.as_str()
                ),
                ("my-team", "111122223333", "Rel_1")
            );
            assert_eq!(read.region.as_deref(), Some("eu-west-1"));
            assert_eq!(read.url, url);
        }
        assert_eq!(
            written("a1", "111122223333", "cn-north-1", "r1", EndpointType::Ipv4),
            None
        );
    }
}
