//! IAM Identity Center, as far as a job with a cached sign-in needs it: `GetRoleCredentials` of the
//! portal, and `CreateToken` with a refresh token (service models `sso` and `sso-oidc`,
//! 2019-06-10).
//!
//! Nobody signs in here: the access token and the refresh token that a client would have cached
//! are given out with the sandbox's other identities.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::response::Response;
use http::header::HeaderName;
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use serde_json::{Value, json};

use super::form;
use super::random::{self, NoRandomness};
use super::reply;
use super::server::{Incoming, Shared};

/// An access token is good for this many seconds.
const LIFETIME: i64 = 8 * 3600;
/// The largest body, in bytes.
const BODY: usize = 64 << 10;
const SESSION_NAME: &str = "sandbox-user";
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The tokens of whoever is signed in.
#[derive(Debug)]
pub(crate) struct SignIn {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    /// Access tokens and their ends, in seconds since 1970.
    good: Mutex<BTreeMap<String, i64>>,
}

impl SignIn {
    /// Signs in at `now`, in seconds since 1970.
    pub(crate) fn new(now: i64) -> Result<Self, NoRandomness> {
        let access_token = random::hex::<32>()?;
        Ok(Self {
            good: Mutex::new(BTreeMap::from([(access_token.clone(), now + LIFETIME)])),
            access_token,
            refresh_token: random::hex::<32>()?,
        })
    }

    fn is_good(&self, token: &str, now: i64) -> bool {
        let good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        good.get(token).is_some_and(|end| *end > now)
    }

    fn renew(&self, now: i64) -> Result<String, NoRandomness> {
        let token = random::hex::<32>()?;
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        good.insert(token.clone(), now + LIFETIME);
        Ok(token)
    }
}

pub(super) async fn handle(shared: &Shared, incoming: &mut Incoming) -> Response {
    match (incoming.method.as_str(), incoming.path.as_str()) {
        ("GET", "/federation/credentials") => role_credentials(shared, incoming),
        ("POST", "/token") => create_token(shared, incoming).await,
        _ => refuse(incoming, 404, "ResourceNotFoundException", "Not served"),
    }
}

/// `GetRoleCredentials`.
fn role_credentials(shared: &Shared, incoming: &mut Incoming) -> Response {
    incoming.entry.action = Some("sso:GetRoleCredentials".to_owned());
    let now = shared.clock.now_seconds();
    let token = incoming
        .header("x-amz-sso_bearer_token")
        .unwrap_or_default();
    if !shared.sign_in.is_good(token, now) {
        let message = "Session token not found or invalid";
        return refuse(incoming, 401, "UnauthorizedException", message);
    }
    let query = form::parse(&incoming.query);
    let (Some(name), Some(account)) = (query.get("role_name"), query.get("account_id")) else {
        let message = "role_name and account_id are required";
        return refuse(incoming, 400, "InvalidRequestException", message);
    };
    let role = shared
        .directory
        .role_named(name)
        .filter(|role| role.config.single_sign_on && role.account == *account);
    let Some(role) = role else {
        let message = "No access";
        return refuse(incoming, 403, "ForbiddenException", message);
    };
    let end = now + role.config.longest_session;
    match shared.directory.assume(role, SESSION_NAME, end) {
        Ok(key) => {
            incoming.entry.principal = Some(key.principal.arn.clone());
            reply::json(
                200,
                &json!({"roleCredentials": {
                    "accessKeyId": key.id,
                    "secretAccessKey": key.secret,
                    "sessionToken": key.session_token,
                    "expiration": end * 1000,
                }}),
            )
        }
        Err(error) => refuse(incoming, 500, "InternalServerException", &error.to_string()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenRequest {
    grant_type: String,
    refresh_token: Option<String>,
}

/// `CreateToken`; only the grant that needs no browser.
async fn create_token(shared: &Shared, incoming: &mut Incoming) -> Response {
    incoming.entry.action = Some("sso-oauth:CreateToken".to_owned());
    let body = Limited::new(std::mem::take(&mut incoming.body), BODY)
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let request = serde_json::from_slice::<TokenRequest>(&body).ok();
    let refresh = request
        .as_ref()
        .and_then(|request| request.refresh_token.as_deref());
    let wrong = match request.as_ref().map(|request| request.grant_type.as_str()) {
        None => Some(("InvalidRequestException", "invalid_request")),
        Some("refresh_token") if refresh == Some(shared.sign_in.refresh_token.as_str()) => None,
        Some("refresh_token") => Some(("InvalidGrantException", "invalid_grant")),
        Some(_) => Some(("UnsupportedGrantTypeException", "unsupported_grant_type")),
    };
    if let Some((code, error)) = wrong {
        incoming.entry.error = Some(code.to_owned());
        let body =
            json!({"error": error, "error_description": "the grant is not one of the sandbox's"});
        return reply::with(reply::json(400, &body), ERROR_TYPE, code);
    }
    match shared.sign_in.renew(shared.clock.now_seconds()) {
        Ok(token) => reply::json(
            200,
            &json!({
                "accessToken": token,
                "expiresIn": LIFETIME,
                "refreshToken": shared.sign_in.refresh_token,
                "tokenType": "Bearer",
            }),
        ),
        Err(error) => refuse(incoming, 500, "InternalServerException", &error.to_string()),
    }
}

fn refuse(incoming: &mut Incoming, status: u16, code: &'static str, message: &str) -> Response {
    incoming.entry.error = Some(code.to_owned());
    let body: Value = json!({"__type": code, "message": message});
    reply::with(reply::json(status, &body), ERROR_TYPE, code)
}
