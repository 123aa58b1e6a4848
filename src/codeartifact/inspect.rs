//! What a repository holds of a package, and how versions may get into it. Only reads.

use aws_sdk_codeartifact::types::{
    AllowPublish, AllowUpstream, PackageFormat, PackageGroupOriginRestrictionMode as Mode,
    PackageGroupOriginRestrictionType as Way, PackageVersionOriginType, PackageVersionStatus,
};

use super::endpoint::Endpoint;
use super::service::{Aws, AwsError, Call};

/// A package in a repository.
#[derive(Debug, Clone, Copy)]
pub struct Package<'a> {
    /// The repository.
    pub endpoint: &'a Endpoint,
    /// npm's name, with its scope.
    pub name: &'a str,
}

/// How new versions of a package get into a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OriginControls {
    /// By being published there.
    pub publish: bool,
    /// From upstream repositories and external connections.
    pub upstream: bool,
}

/// A version that a repository itself holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldVersion {
    /// `Published`, `Unlisted`, `Archived`, `Disposed`, ...
    pub status: String,
    /// It came through an external connection.
    pub is_external: bool,
}

impl HeldVersion {
    /// Packuments list it.
    pub fn is_published(&self) -> bool {
        self.status == PackageVersionStatus::Published.as_str()
    }
}

impl<'a> Package<'a> {
    /// The scope without its `@`, and the name without its scope: what the API calls them.
    pub fn parts(&self) -> (Option<&'a str>, &'a str) {
        let scoped = self.name.strip_prefix('@');
        match scoped.and_then(|name| name.split_once('/')) {
            Some((scope, name)) => (Some(scope), name),
            None => (None, self.name),
        }
    }

    fn call(&self, what: String, action: &str) -> Call {
        let Endpoint {
            domain, repository, ..
        } = self.endpoint;
        Call {
            service: "CodeArtifact",
            what,
            needs: format!(
                "codeartifact:{action} on the package {} in {domain}/{repository}",
                self.name
            ),
        }
    }
}

/// A request about a package in its repository. The SDK's builders have these methods in common, but no trait.
macro_rules! about {
    ($package:expr, $request:expr) => {{
        let (scope, name) = $package.parts();
        let Endpoint {
            domain,
            owner,
            repository,
            ..
        } = $package.endpoint;
        $request
            .domain(domain)
            .domain_owner(owner)
            .repository(repository)
            .format(PackageFormat::Npm)
            .set_namespace(scope.map(str::to_owned))
            .package(name)
    }};
}

impl Aws {
    /// The origin controls of a package; `None` where the repository does not have the package.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn origin_controls(
        &self,
        package: Package<'_>,
    ) -> Result<Option<OriginControls>, AwsError> {
        let call = package.call(
            format!("origin controls of {}", package.name),
            "DescribePackage",
        );
        let region = package.endpoint.region.as_deref();
        let client = self.codeartifact(region, &call).await?;
        let reply = about!(package, client.describe_package()).send().await;
        let Some(reply) = found(reply.map_err(|error| self.error(&call, &error)))? else {
            return Ok(None);
        };
        let restrictions = reply
            .package
            .and_then(|package| package.origin_configuration?.restrictions);
        // Packages from before origin controls have none: both ways are open.
        Ok(Some(match restrictions {
            None => OriginControls {
                publish: true,
                upstream: true,
            },
            Some(restrictions) => OriginControls {
                publish: restrictions.publish != AllowPublish::Block,
                upstream: restrictions.upstream != AllowUpstream::Block,
            },
        }))
    }

    /// The pattern of the package group that keeps a package from being published to the
    /// repository; `None` where none does.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn blocking_group(&self, package: Package<'_>) -> Result<Option<String>, AwsError> {
        let call = Call {
            service: "CodeArtifact",
            what: format!("package group of {}", package.name),
            needs: format!(
                "codeartifact:GetAssociatedPackageGroup and codeartifact:ListAllowedRepositoriesForGroup in the \
                 domain {}",
                package.endpoint.domain
            ),
        };
        let (scope, name) = package.parts();
        let Endpoint {
            domain,
            owner,
            repository,
            region,
            ..
        } = package.endpoint;
        let client = self.codeartifact(region.as_deref(), &call).await?;
        let reply = client
            .get_associated_package_group()
            .domain(domain)
            .domain_owner(owner)
            .format(PackageFormat::Npm)
            .set_namespace(scope.map(str::to_owned))
            .package(name)
            .send()
            .await
            .map_err(|error| self.error(&call, &error))?;
        let Some(group) = reply.package_group else {
            return Ok(None);
        };
        let publish = group
            .origin_configuration
            .and_then(|configuration| configuration.restrictions?.remove(&Way::Publish));
        let Some(publish) = publish else {
            return Ok(None);
        };
        let decides = publish.inherited_from.and_then(|parent| parent.pattern);
        let pattern = decides.or(group.pattern).unwrap_or_default();
        match publish.effective_mode {
            Some(Mode::Block) => Ok(Some(pattern)),
            Some(Mode::AllowSpecificRepositories) => {
                let mut pages = client
                    .list_allowed_repositories_for_group()
                    .domain(domain)
                    .domain_owner(owner)
                    .package_group(&pattern)
                    .origin_restriction_type(Way::Publish)
                    .into_paginator()
                    .items()
                    .send();
                while let Some(allowed) = pages.next().await {
                    if allowed.map_err(|error| self.error(&call, &error))? == *repository {
                        return Ok(None);
                    }
                }
                Ok(Some(pattern))
            }
            _ => Ok(None),
        }
    }

    /// What the repository itself holds of a version; `None` where that is nothing, whatever its
    /// upstreams have.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn held_version(
        &self,
        package: Package<'_>,
        version: &str,
    ) -> Result<Option<HeldVersion>, AwsError> {
        let call = package.call(
            format!("status of {}@{version}", package.name),
            "DescribePackageVersion",
        );
        let region = package.endpoint.region.as_deref();
        let client = self.codeartifact(region, &call).await?;
        let reply = about!(package, client.describe_package_version())
            .package_version(version)
            .send()
            .await;
        let reply = found(reply.map_err(|error| self.error(&call, &error)))?;
        let described = reply.and_then(|reply| reply.package_version);
        Ok(described.map(|described| {
            let origin = described.origin.and_then(|origin| origin.origin_type);
            HeldVersion {
                status: described
                    .status
                    .map(|status| status.as_str().to_owned())
                    .unwrap_or_default(),
                is_external: origin == Some(PackageVersionOriginType::External),
            }
        }))
    }
}

/// An answer that there is no such thing is an answer.
fn found<T>(reply: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(AwsError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]
mod tests {
    use super::*;
    use url::Url;

    #[test]
    fn names_are_taken_apart_as_the_api_has_them() {
        let url = Url::parse("http://127.0.0.1:1/npm/d/team-111122223333/repo/").unwrap();
        let endpoint = super::super::endpoint::parse(&url, Some(&url)).unwrap();
        let endpoint = &endpoint.unwrap();
        for (name, parts) in [
            ("tool", (None, "tool")),
            ("@acme/tool", (Some("acme"), "tool")),
            ("@acme", (None, "@acme")),
        ] {
            assert_eq!(Package { endpoint, name }.parts(), parts);
        }
    }
}
