//! What in a repository keeps a version from being published, with the way around it.
//!
//! The npm side of the service answers 403, 404 or 409 and little more; the API knows why. These
//! are the words for it: `doctor` says them before a publish, `publish` after a refusal.

use std::fmt;

use super::endpoint::Endpoint;
use super::inspect::{HeldVersion, OriginControls, Package};
use super::service::{Aws, AwsError};

/// Why a version cannot be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The package in the repository.
    place: Place,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// There is no such repository, or no such domain.
    Missing(AwsError),
    /// The package's origin controls.
    Origin { upstream: bool },
    /// The origin controls of a package group.
    Group { pattern: String },
    /// The version is there and not shown.
    Hidden { version: String, status: String },
}

/// What commands name the package by.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    domain: String,
    owner: String,
    repository: String,
    package: String,
    scope: Option<String>,
    name: String,
}

impl Place {
    fn of(package: Package<'_>) -> Self {
        let Endpoint {
            domain,
            owner,
            repository,
            ..
        } = package.endpoint;
        let (scope, name) = package.parts();
        Self {
            domain: domain.clone(),
            owner: owner.clone(),
            repository: repository.clone(),
            package: package.name.to_owned(),
            scope: scope.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    fn domain(&self) -> String {
        format!("--domain {} --domain-owner {}", self.domain, self.owner)
    }

    /// The command that lets versions be published.
    fn set_controls(&self, upstream: &str) -> String {
        format!(
            "aws codeartifact put-package-origin-configuration {} --restrictions publish=ALLOW,upstream={upstream}",
            self.flags()
        )
    }

    fn flags(&self) -> String {
        let scope = self.scope.as_ref();
        let namespace = scope.map(|scope| format!(" --namespace {scope}"));
        format!(
            "{} --repository {} --format npm{} --package {}",
            self.domain(),
            self.repository,
            namespace.unwrap_or_default(),
            self.name
        )
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place {
            package,
            repository,
            ..
        } = &self.place;
        match &self.kind {
            Kind::Missing(error) => error.fmt(f),
            Kind::Origin { .. } => write!(
                f,
                "the origin controls of {package} in the repository {repository} block publishing (publish=BLOCK)"
            ),
            Kind::Group { pattern } => write!(
                f,
                "the package group {pattern} blocks publishing {package} to the repository {repository}"
            ),
            Kind::Hidden { version, status } => write!(
                f,
                "{package}@{version} is already in the repository {repository}, with the status {status}: it is not \
                 shown, and its number is taken"
            ),
        }
    }
}

impl Obstacle {
    /// The repository, or its domain, is not there.
    pub fn missing(package: Package<'_>, error: AwsError) -> Self {
        Self {
            place: Place::of(package),
            kind: Kind::Missing(error),
        }
    }

    /// What origin controls stand in the way of.
    pub fn of_controls(package: Package<'_>, controls: OriginControls) -> Option<Self> {
        let OriginControls { publish, upstream } = controls;
        (!publish).then(|| Self {
            place: Place::of(package),
            kind: Kind::Origin { upstream },
        })
    }

    /// A package group that blocks.
    pub fn of_group(package: Package<'_>, pattern: String) -> Self {
        Self {
            place: Place::of(package),
            kind: Kind::Group { pattern },
        }
    }

    /// What a version that is there stands in the way of: one that is shown is compared by its
    /// contents instead.
    pub fn of_version(package: Package<'_>, version: &str, held: &HeldVersion) -> Option<Self> {
        (!held.is_published()).then(|| Self {
            place: Place::of(package),
            kind: Kind::Hidden {
                version: version.to_owned(),
                status: held.status.clone(),
            },
        })
    }

    /// The command that opens a package to publishing and to upstreams.
    pub fn allow_both(package: Package<'_>) -> String {
        Place::of(package).set_controls("ALLOW")
    }

    /// The exit status of a publish that runs into it.
    pub fn exit_status(&self) -> u8 {
        match self.kind {
            Kind::Missing(_) => 14,
            Kind::Origin { .. } | Kind::Group { .. } => 13,
            Kind::Hidden { .. } => 10,
        }
    }

    /// The next step.
    pub fn hint(&self) -> String {
        let flags = self.place.flags();
        match &self.kind {
            Kind::Missing(error) => error.hint().unwrap_or_default(),
            Kind::Origin { upstream } => {
                let upstream = if *upstream { "ALLOW" } else { "BLOCK" };
                format!(
                    "if it is meant to be published there: {}",
                    self.place.set_controls(upstream)
                )
            }
            Kind::Group { pattern } => format!(
                "if it is meant to be published there: aws codeartifact update-package-group-origin-configuration \
                 {} --package-group '{pattern}' --restrictions PUBLISH=ALLOW",
                self.place.domain()
            ),
            Kind::Hidden { version, status } => {
                let instead = if status == "Disposed" {
                    format!("delete-package-versions {flags} --versions {version}")
                } else {
                    format!(
                        "update-package-versions-status {flags} --versions {version} --target-status Published"
                    )
                };
                let does = if status == "Disposed" {
                    "to free the number"
                } else {
                    "to show what is there again"
                };
                format!("raise the version in package.json; or, {does}: aws codeartifact {instead}")
            }
        }
    }
}

impl Aws {
    /// What keeps a version from being published, as far as the caller may see it.
    pub async fn obstacle(&self, package: Package<'_>, version: &str) -> Option<Obstacle> {
        if let Err(error @ AwsError::NotFound { .. }) = self.named_endpoint(package.endpoint).await
        {
            return Some(Obstacle::missing(package, error));
        }
        if let Ok(Some(held)) = self.held_version(package, version).await
            && let Some(obstacle) = Obstacle::of_version(package, version, &held)
        {
            return Some(obstacle);
        }
        if let Ok(Some(controls)) = self.origin_controls(package).await
            && let Some(obstacle) = Obstacle::of_controls(package, controls)
        {
            return Some(obstacle);
        }
        let group = self.blocking_group(package).await.ok().flatten()?;
        Some(Obstacle::of_group(package, group))
    }
}
