//! Credentials for machines: the container endpoint (ECS, Pod Identity, `CodeBuild`) and the
//! instance metadata service (`IMDSv2`).
//!
//! Both hand out sessions of the configured role that has `instance_role`. The metadata service
//! answers only with a token, as an instance that requires `IMDSv2` does.

use std::sync::{Mutex, PoisonError};

use axum::response::Response;
use serde_json::{Value, json};

use super::clock::iso8601;
use super::identity::AccessKey;
use super::random::{self, NoRandomness};
use super::reply;
use super::server::{Incoming, Shared};

const SESSION_NAME: &str = "i-0sandbox";

/// The tokens that give access.
#[derive(Debug)]
pub(crate) struct MachineTokens {
    pub(crate) container: String,
    /// `IMDSv2` tokens and their ends, in seconds since 1970.
    instance: Mutex<Vec<(String, i64)>>,
}

impl MachineTokens {
    pub(crate) fn new() -> Result<Self, NoRandomness> {
        Ok(Self {
            container: random::hex::<24>()?,
            instance: Mutex::default(),
        })
    }
}

pub(super) fn handle(shared: &Shared, incoming: &mut Incoming) -> Response {
    match (incoming.method.as_str(), incoming.path.as_str()) {
        ("GET", "/credentials/container") => container(shared, incoming),
        ("PUT", "/latest/api/token") => instance_token(shared, incoming),
        ("GET", path) if path.starts_with("/latest/") => {
            let path = path.to_owned();
            instance(shared, &path, incoming)
        }
        _ => reply::bytes(404, "text/plain", ""),
    }
}

fn container(shared: &Shared, incoming: &mut Incoming) -> Response {
    if incoming.header("authorization") != Some(shared.machine_tokens.container.as_str()) {
        return reply::json(401, &json!({"message": "the authorization token is wrong"}));
    }
    match session(shared, incoming) {
        Some((role, key)) => reply::json(200, &credentials(&key, &[("RoleArn", role.into())])),
        None => reply::json(
            404,
            &json!({"message": "no role is configured for machines"}),
        ),
    }
}

fn instance_token(shared: &Shared, incoming: &Incoming) -> Response {
    let seconds = incoming
        .header("x-aws-ec2-metadata-token-ttl-seconds")
        .and_then(|seconds| seconds.parse::<i64>().ok())
        .filter(|seconds| (1..=21_600).contains(seconds));
    let (Some(seconds), Ok(token)) = (seconds, random::hex::<28>()) else {
        return reply::bytes(400, "text/plain", "");
    };
    let now = shared.clock.now_seconds();
    let mut tokens = shared
        .machine_tokens
        .instance
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    tokens.retain(|(_, end)| *end > now);
    tokens.push((token.clone(), now + seconds));
    let response = reply::bytes(200, "text/plain", token);
    reply::with(
        response,
        http::HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds"),
        &seconds.to_string(),
    )
}

fn instance(shared: &Shared, path: &str, incoming: &mut Incoming) -> Response {
    let now = shared.clock.now_seconds();
    let sent = incoming.header("x-aws-ec2-metadata-token");
    let known = {
        let tokens = shared
            .machine_tokens
            .instance
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        tokens
            .iter()
            .any(|(token, end)| Some(token.as_str()) == sent && *end > now)
    };
    if !known {
        return reply::bytes(401, "text/plain", "");
    }
    let region = &shared.config.region;
    let text = |text: String| reply::bytes(200, "text/plain", text);
    let role = shared.config.roles.iter().find(|role| role.instance_role);
    match (path.trim_end_matches('/'), role) {
        ("/latest/meta-data/placement/region", _) => text(region.clone()),
        ("/latest/meta-data/placement/availability-zone", _) => text(format!("{region}a")),
        ("/latest/meta-data/iam/security-credentials", Some(role)) => text(role.name.clone()),
        (path, Some(role))
            if path.strip_prefix("/latest/meta-data/iam/security-credentials/")
                == Some(&role.name) =>
        {
            match session(shared, incoming) {
                Some((_, key)) => reply::json(
                    200,
                    &credentials(
                        &key,
                        &[
                            ("Code", "Success".into()),
                            ("Type", "AWS-HMAC".into()),
                            ("LastUpdated", iso8601(shared.clock.now()).into()),
                        ],
                    ),
                ),
                None => reply::bytes(404, "text/plain", ""),
            }
        }
        _ => reply::bytes(404, "text/plain", ""),
    }
}

/// A fresh session of the machines' role, and the role's ARN.
fn session(shared: &Shared, incoming: &mut Incoming) -> Option<(String, AccessKey)> {
    let name = &shared
        .config
        .roles
        .iter()
        .find(|role| role.instance_role)?
        .name;
    let role = shared.directory.role_named(name)?;
    let end = shared.clock.now_seconds() + role.config.longest_session;
    let key = shared.directory.assume(role, SESSION_NAME, end).ok()?;
    incoming.entry.principal = Some(key.principal.arn.clone());
    Some((role.arn(), key))
}

fn credentials(key: &AccessKey, more: &[(&str, Value)]) -> Value {
    let end = key.principal.session_end.unwrap_or_default();
    let mut members = json!({
        "AccessKeyId": key.id,
        "SecretAccessKey": key.secret,
        "Token": key.session_token,
        "Expiration": iso8601(end * 1000),
    });
    if let Value::Object(members) = &mut members {
        for (name, value) in more {
            members.insert((*name).to_owned(), value.clone());
        }
    }
    members
}
