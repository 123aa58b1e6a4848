//! Who AWS takes the publisher for, whether it gives a token, and what it calls the repository.

use url::Url;

use super::{Checkup, Subject};
use crate::codeartifact::{AwsError, DomainName, Endpoint, Obstacle, Package};

/// Credentials and token; whether there is a token.
pub(super) async fn examine_identity(
    subject: &Subject<'_>,
    endpoint: &Endpoint,
    checkup: &mut Checkup,
) -> bool {
    let name = "identity";
    match subject
        .tokens
        .aws()
        .caller(endpoint.region.as_deref())
        .await
    {
        Ok(caller) => {
            let text = format!("{}, by {}", caller.arn, caller.source);
            if caller.arn.ends_with(":root") {
                let next = "CodeArtifact gives no tokens to an account's root user: use a role or an IAM user";
                checkup.warn(name, text, Some(next.to_owned()));
            } else {
                checkup.ok(name, text);
            }
        }
        Err(
            error @ (AwsError::NoRegion { .. }
            | AwsError::NoCredentials { .. }
            | AwsError::NotBelieved { .. }),
        ) => {
            checkup.fail(name, &error.into());
            return false;
        }
        // A publish does not ask STS.
        Err(error) => checkup.warn(name, error.to_string(), error.hint()),
    }
    let name = "token";
    let domain = DomainName::from(endpoint);
    match subject.tokens.token(&domain, subject.log).await {
        Ok(token) => {
            checkup.ok(name, format!("for {domain}, {}", token.good_until()));
            true
        }
        Err(error) => {
            checkup.fail(name, &error.into());
            false
        }
    }
}

/// Whether the repository is there.
pub(super) async fn examine_endpoint(
    subject: &Subject<'_>,
    endpoint: &Endpoint,
    checkup: &mut Checkup,
) -> bool {
    let name = "endpoint";
    match subject.tokens.aws().named_endpoint(endpoint).await {
        Ok(named) => {
            let is_same = Url::parse(&named).is_ok_and(|named| named == endpoint.url);
            if is_same {
                checkup.ok(name, format!("{named} is the repository's"));
            } else {
                // A VPC endpoint has another host and is right.
                checkup.warn(
                    name,
                    format!("the service names {named} as the repository's endpoint"),
                    Some("use that URL, unless yours is that of a VPC endpoint".to_owned()),
                );
            }
        }
        Err(error @ AwsError::NotFound { .. }) => {
            let package = Package {
                endpoint,
                name: &subject.release.packed.name,
            };
            checkup.obstructed(name, &Obstacle::missing(package, error));
            return false;
        }
        Err(error) => checkup.warn(name, error.to_string(), error.hint()),
    }
    true
}

/// Whether the origin controls let the version in; and whether upstreams take part in what
/// consumers see, where that can be told.
pub(super) async fn examine_origin(
    subject: &Subject<'_>,
    endpoint: &Endpoint,
    is_new: bool,
    checkup: &mut Checkup,
) -> Option<bool> {
    let name = "origin";
    let package = Package {
        endpoint,
        name: &subject.release.packed.name,
    };
    let aws = subject.tokens.aws();
    let controls = match aws.origin_controls(package).await {
        Ok(controls) => controls,
        Err(error) => {
            checkup.warn(name, error.to_string(), error.hint());
            return None;
        }
    };
    if let Some(obstacle) = controls.and_then(|controls| Obstacle::of_controls(package, controls)) {
        checkup.obstructed(name, &obstacle);
        return None;
    }
    let group = aws.blocking_group(package).await;
    match (group, controls) {
        (Ok(Some(pattern)), _) => {
            checkup.obstructed(name, &Obstacle::of_group(package, pattern));
            return None;
        }
        (Err(error), _) => checkup.warn(name, error.to_string(), error.hint()),
        // The first publish closes the package to upstreams.
        (Ok(None), None) if !is_new => {
            let next = format!(
                "to keep both, set its origin controls to publish=ALLOW,upstream=ALLOW: {}",
                Obstacle::allow_both(package)
            );
            checkup.warn(
                name,
                format!(
                    "only upstreams have {} so far: with the first publish their versions are no longer served by \
                     the repository {}",
                    package.name, endpoint.repository
                ),
                Some(next),
            );
        }
        (Ok(None), None) => checkup.ok(name, "a new package: nothing blocks publishing"),
        (Ok(None), Some(controls)) => {
            let upstream = if controls.upstream { "ALLOW" } else { "BLOCK" };
            checkup.ok(name, format!("publish=ALLOW, upstream={upstream}"));
        }
    }
    // Without controls of its own the package gets those of a published one: upstream=BLOCK.
    Some(controls.is_some_and(|controls| controls.upstream))
}
