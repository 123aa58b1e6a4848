//! What the registry holds of the package, and what a publish would make of it.

use super::{Checkup, Subject, aws};
use crate::codeartifact::{AwsError, Endpoint, Obstacle, Package};
use crate::error::Error;
use crate::publish::{PublishOptions, publish, tag_elsewhere};
use crate::registry::{Client, Outcome, Packument, RequestError};

/// From the packument on. `endpoint` is there where AWS can be asked.
pub(super) async fn examine(
    mut subject: Subject<'_>,
    endpoint: Option<&Endpoint>,
    checkup: &mut Checkup,
) {
    // A token is in hand already, so this asks nobody.
    let authority = std::mem::replace(&mut subject.authority, crate::publish::Authority::Missing);
    let Ok(authorize) = authority.obtain(subject.tokens, subject.log).await else {
        return;
    };
    let options = subject.client.clone();
    let client = Client::new(
        subject.url.clone(),
        options,
        authorize.as_ref(),
        subject.log,
    );
    let name = &subject.release.packed.name;
    let packument = match client.packument(name).await {
        Ok(packument) => packument,
        Err(error) => {
            checkup.fail("read", &unreadable(error));
            return;
        }
    };
    checkup.ok("read", said_of(name, packument.as_ref()));

    let package = endpoint.map(|endpoint| Package { endpoint, name });
    let Some(would_send) = examine_version(&subject, &client, package, checkup).await else {
        return;
    };
    if !would_send {
        let reason = "nothing would be sent";
        for name in ["origin", "tag", "permission"] {
            checkup.skip(name, reason);
        }
        return;
    }
    let mut upstreams_count = None;
    if let Some(endpoint) = endpoint {
        let is_new = packument.is_none();
        upstreams_count = aws::examine_origin(&subject, endpoint, is_new, checkup).await;
    }
    if checkup.has_failed() {
        return;
    }
    examine_tag(
        &subject,
        packument.as_ref(),
        package,
        upstreams_count,
        checkup,
    )
    .await;
    checkup.skip(
        "permission",
        match endpoint {
            Some(_) => {
                "codeartifact:PublishPackageVersion shows only when a version is published; nothing was tried that \
                 changes anything"
            }
            None => "the right to publish shows only when a version is published",
        },
    );
}

/// What a publish would end with where it cannot read.
fn unreadable(error: RequestError) -> Error {
    match error {
        RequestError::Refused(refusal) if refusal.status == 401 => {
            Error::Outcome(Outcome::Unauthenticated {
                message: refusal.to_string(),
                challenge: refusal.challenge,
            })
        }
        // A publish reads back what it sent, and would end without having seen it.
        RequestError::Refused(refusal) if refusal.status == 403 => {
            Error::Outcome(Outcome::AcceptedNotVisible {
                reason: refusal.to_string(),
                is_forbidden: true,
            })
        }
        error => error.into(),
    }
}

fn said_of(name: &str, packument: Option<&Packument>) -> String {
    match packument {
        None => format!("the registry has no {name} yet"),
        Some(packument) => {
            let count = packument.versions.len();
            let versions = if count == 1 { "version" } else { "versions" };
            let latest = packument.dist_tags.get("latest");
            let latest = latest.map_or_else(String::new, |latest| format!(", latest is {latest}"));
            format!("the registry shows {count} {versions} of {name}{latest}")
        }
    }
}

/// Whether the version is free; `None` where a publish would fail, `false` where it would send
/// nothing.
async fn examine_version(
    subject: &Subject<'_>,
    client: &Client<'_>,
    package: Option<Package<'_>>,
    checkup: &mut Checkup,
) -> Option<bool> {
    let check = "version";
    let upload = subject.upload();
    let options = PublishOptions {
        dry_run: true,
        // With --force a publish finds out only after it sent everything.
        force: false,
        implicit_tag: subject.publish.implicit_tag && !subject.publish.force,
        ..subject.publish
    };
    let outcome = match publish(client, &upload, &options, subject.log).await {
        Ok(outcome) => outcome,
        Err(error) => {
            checkup.fail(check, &error.into());
            return None;
        }
    };
    match outcome {
        Some(Outcome::AlreadyPublished) => {
            let id = &subject.release.packed.id;
            checkup.ok(
                check,
                format!("{id} is already there with identical contents"),
            );
            return Some(false);
        }
        Some(outcome) => {
            checkup.fail(check, &Error::Outcome(outcome));
            return None;
        }
        None => {}
    }
    let is_free = format!("{} is free", upload.version);
    let Some(package) = package else {
        checkup.ok(check, is_free);
        return Some(true);
    };
    match subject
        .tokens
        .aws()
        .held_version(package, upload.version)
        .await
    {
        Ok(None) => checkup.ok(check, is_free),
        Ok(Some(held)) => match Obstacle::of_version(package, upload.version, &held) {
            Some(obstacle) => {
                checkup.obstructed(check, &obstacle);
                return None;
            }
            // Published a moment ago, or filtered on the way: the registry will tell.
            None => checkup.warn(
                check,
                format!("{} is there, but not in the packument yet", upload.version),
                Some("look again in a minute".to_owned()),
            ),
        },
        Err(error) => warn_of_status(check, &is_free, &error, checkup),
    }
    Some(true)
}

fn warn_of_status(check: &'static str, is_free: &str, error: &AwsError, checkup: &mut Checkup) {
    checkup.warn(
        check,
        format!("{is_free} as far as packuments show, which leave out archived and unlisted versions: {error}"),
        error.hint(),
    );
}

/// Where the tag would lead consumers.
async fn examine_tag(
    subject: &Subject<'_>,
    packument: Option<&Packument>,
    package: Option<Package<'_>>,
    upstreams_count: Option<bool>,
    checkup: &mut Checkup,
) {
    let check = "tag";
    let upload = subject.upload();
    let (tag, version) = (upload.document.tag(), upload.version);
    let now = packument.and_then(|packument| packument.dist_tags.get(tag));
    let moves = match now {
        None => format!("{tag} would be {version}"),
        Some(now) => format!("{tag} is {now} and would be {version}"),
    };
    let (Some(now), Some(package), Some(true)) = (now, package, upstreams_count) else {
        checkup.ok(check, moves);
        return;
    };
    // What is not the repository's own came from an upstream, and there the tag counts first.
    match subject.tokens.aws().held_version(package, now).await {
        Ok(Some(held)) if !held.is_external => checkup.ok(check, moves),
        Ok(_) => {
            let next = format!(
                "consumers ask for {version} by its number or by another --tag; or upstreams are closed to the \
                 package, with upstream=BLOCK in its origin controls"
            );
            checkup.warn(check, tag_elsewhere(tag, now, version), Some(next));
        }
        Err(error) => checkup.warn(
            check,
            format!("{moves}, unless {now} is an upstream's: {error}"),
            error.hint(),
        ),
    }
}
