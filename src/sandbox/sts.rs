//! The part of STS that publishing needs: `GetCallerIdentity`, `AssumeRoleWithWebIdentity`.
//!
//! STS speaks the query protocol: a form in, XML out (STS API reference, 2011-06-15).

use axum::response::Response;
use http_body_util::{BodyExt as _, Limited};
use sha2::{Digest as _, Sha256};

use super::clock::iso8601;
use super::form;
use super::identity::policy::like;
use super::identity::sigv4::{Expectation, SignatureError, Signed, verify};
use super::identity::{AccessKey, Role};
use super::random::{self, hex_of};
use super::reply;
use super::server::{Incoming, Shared};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// The largest body, in bytes.
const BODY: usize = 64 << 10;
/// A session's length when none is asked for, in seconds.
const SESSION: i64 = 3600;

struct StsError {
    status: u16,
    code: &'static str,
    message: String,
}

impl StsError {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    fn signature(error: &SignatureError) -> Self {
        let code = match error {
            SignatureError::Missing => "MissingAuthenticationToken",
            SignatureError::Incomplete(_) => "IncompleteSignature",
            SignatureError::UnknownKey => "InvalidClientTokenId",
            SignatureError::ExpiredSession => "ExpiredToken",
            _ => "SignatureDoesNotMatch",
        };
        Self::new(403, code, error.to_string())
    }
}

pub(super) async fn handle(shared: &Shared, incoming: &mut Incoming) -> Response {
    match answer(shared, incoming).await {
        Ok(body) => reply::bytes(200, "text/xml", body),
        Err(error) => {
            incoming.entry.error = Some(error.code.to_owned());
            let body = format!(
                "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>{}</RequestId></ErrorResponse>",
                error.code,
                escape(&error.message),
                request_id()
            );
            reply::bytes(error.status, "text/xml", body)
        }
    }
}

async fn answer(shared: &Shared, incoming: &mut Incoming) -> Result<String, StsError> {
    let body = Limited::new(std::mem::take(&mut incoming.body), BODY)
        .collect()
        .await
        .map_err(|_| StsError::new(400, "MalformedInput", "The body could not be read."))?
        .to_bytes();
    let mut form = form::parse(&incoming.query);
    form.extend(form::parse(&String::from_utf8_lossy(&body)));
    let text = |name: &str| form.get(name).map(String::as_str);
    incoming.entry.action = text("Action").map(|action| format!("sts:{action}"));
    let (action, result) = match text("Action") {
        Some("GetCallerIdentity") => {
            let key = caller(shared, incoming, &body)?;
            incoming.entry.principal = Some(key.principal.arn.clone());
            let result = format!(
                "<Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>",
                escape(&key.principal.arn),
                escape(&key.principal.user_id),
                key.principal.account
            );
            ("GetCallerIdentity", result)
        }
        Some("AssumeRoleWithWebIdentity") => {
            let required = |name: &'static str| {
                text(name).filter(|value| !value.is_empty()).ok_or_else(|| {
                    StsError::new(400, "ValidationError", format!("{name} is missing."))
                })
            };
            let key = assume(
                shared,
                required("RoleArn")?,
                required("RoleSessionName")?,
                required("WebIdentityToken")?,
                text("DurationSeconds"),
            )?;
            incoming.entry.principal = Some(key.principal.arn.clone());
            ("AssumeRoleWithWebIdentity", session(&key))
        }
        _ => {
            return Err(StsError::new(
                400,
                "InvalidAction",
                "Could not find operation for version 2011-06-15",
            ));
        }
    };
    Ok(format!(
        "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{result}</{action}Result><ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></{action}Response>",
        request_id()
    ))
}

fn caller(shared: &Shared, incoming: &Incoming, body: &[u8]) -> Result<AccessKey, StsError> {
    let signed = Signed {
        method: &incoming.method,
        path: &incoming.path,
        query: &incoming.query,
        headers: &incoming.headers,
        body_sha256: &hex_of(&Sha256::digest(body)),
    };
    let expected = Expectation {
        directory: &shared.directory,
        region: &shared.config.region,
        service: "sts",
        now: shared.clock.now_seconds(),
    };
    verify(&signed, &expected).map_err(|error| StsError::signature(&error))
}

/// Opens a session for whoever the web identity token speaks for, if the role trusts them.
fn assume(
    shared: &Shared,
    role: &str,
    session: &str,
    token: &str,
    duration: Option<&str>,
) -> Result<AccessKey, StsError> {
    let refused = || {
        StsError::new(
            403,
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        )
    };
    let named = (2..=64).contains(&session.len())
        && session
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
    if !named {
        return Err(StsError::new(
            400,
            "ValidationError",
            "RoleSessionName must be 2 to 64 of letters, digits and _+=,.@-",
        ));
    }
    let identity = shared.provider.verify(token).ok_or_else(|| {
        StsError::new(
            400,
            "InvalidIdentityToken",
            "The web identity token is not one of a trusted provider",
        )
    })?;
    let now = shared.clock.now_seconds();
    if identity.exp <= now {
        return Err(StsError::new(
            400,
            "ExpiredTokenException",
            "Token expired: the web identity token is no longer good",
        ));
    }
    let role: &Role = shared.directory.role(role).ok_or_else(refused)?;
    let trusted = role.config.trusted_audience.as_deref() == Some(identity.aud.as_str())
        && role
            .config
            .trusted_subjects
            .iter()
            .any(|pattern| like(pattern, &identity.sub));
    if !trusted {
        return Err(refused());
    }
    let seconds = match duration {
        None => SESSION.min(role.config.longest_session),
        Some(text) => text
            .parse()
            .ok()
            .filter(|seconds| (900..=role.config.longest_session).contains(seconds))
            .ok_or_else(|| {
                StsError::new(
                    400,
                    "ValidationError",
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                )
            })?,
    };
    shared
        .directory
        .assume(role, session, now + seconds)
        .map_err(|error| StsError::new(500, "InternalFailure", error.to_string()))
}

fn session(key: &AccessKey) -> String {
    let end = key.principal.session_end.unwrap_or_default();
    format!(
        "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials><AssumedRoleUser><Arn>{}</Arn><AssumedRoleId>{}</AssumedRoleId></AssumedRoleUser>",
        key.id,
        key.secret,
        key.session_token.as_deref().unwrap_or_default(),
        iso8601(end * 1000),
        escape(&key.principal.arn),
        escape(&key.principal.user_id)
    )
}

fn request_id() -> String {
    random::hex::<16>().unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
