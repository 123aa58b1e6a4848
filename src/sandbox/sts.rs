//! The part of STS that publishing needs: `GetCallerIdentity`, `AssumeRole`,
//! `AssumeRoleWithWebIdentity`.
//!
//! STS speaks the query protocol: a form in, XML out (STS API reference, 2011-06-15).

mod assume;

use std::collections::BTreeMap;

use axum::response::Response;
use http_body_util::{BodyExt as _, Limited};
use sha2::{Digest as _, Sha256};

use super::form;
use super::identity::AccessKey;
use super::identity::sigv4::{Expectation, SignatureError, Signed, verify};
use super::random::{self, hex_of};
use super::reply;
use super::server::{Incoming, Shared};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// The largest body, in bytes.
const BODY: usize = 64 << 10;

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

/// The parameters of a call, from its query and its body.
struct Form(BTreeMap<String, String>);

impl Form {
    fn read(query: &str, body: &[u8]) -> Self {
        let mut form = form::parse(query);
        form.extend(form::parse(&String::from_utf8_lossy(body)));
        Self(form)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn required(&self, name: &'static str) -> Result<&str, StsError> {
        self.text(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| StsError::new(400, "ValidationError", format!("{name} is missing.")))
    }
}

async fn answer(shared: &Shared, incoming: &mut Incoming) -> Result<String, StsError> {
    let body = Limited::new(std::mem::take(&mut incoming.body), BODY)
        .collect()
        .await
        .map_err(|_| StsError::new(400, "MalformedInput", "The body could not be read."))?
        .to_bytes();
    let form = Form::read(&incoming.query, &body);
    let action = form.text("Action").unwrap_or_default();
    incoming.entry.action = (!action.is_empty()).then(|| format!("sts:{action}"));
    let result = match action {
        "GetCallerIdentity" => {
            let caller = caller(shared, incoming, &body)?.principal;
            incoming.entry.principal = Some(caller.arn.clone());
            format!(
                "<Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>",
                escape(&caller.arn),
                escape(&caller.user_id),
                caller.account
            )
        }
        "AssumeRole" => {
            let caller = caller(shared, incoming, &body)?.principal;
            assume::by_key(shared, &caller, &form, &mut incoming.entry)?
        }
        "AssumeRoleWithWebIdentity" => assume::by_web_identity(shared, &form, &mut incoming.entry)?,
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

fn request_id() -> String {
    random::hex::<16>().unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
