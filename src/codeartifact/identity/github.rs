//! GitHub Actions' identity tokens, turned into a session of a role.
//!
//! With `permissions: id-token: write` a job finds `ACTIONS_ID_TOKEN_REQUEST_URL` and
//! `ACTIONS_ID_TOKEN_REQUEST_TOKEN` in its environment; `GET <url>&audience=…` with the token as
//! bearer answers `{"value": "<JWT>"}` (GitHub's documentation, "`OpenID` Connect reference"), and
//! STS gives a session for it. No action and no AWS CLI take part.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, future};
use aws_sdk_sts::types::Credentials as SessionCredentials;
use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION};
use serde::Deserialize;
use tokio::time::sleep;

use super::super::http::AwsHttp;
use super::super::options::IdentityTokens;
use super::super::service::chain;
use crate::registry::Secret;
use crate::registry::retry::is_transient;

/// Whom the identity token is for: what AWS's trust policies expect.
const AUDIENCE: &str = "sts.amazonaws.com";
/// GitHub's endpoint fails now and then.
const ATTEMPTS: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// As the SDK calls its own provider of this kind.
const PROVIDER: &str = "GitHubActions";

/// Asks GitHub for an identity token and STS for a session.
#[derive(Debug)]
pub(super) struct GithubProvider {
    pub(super) tokens: IdentityTokens,
    pub(super) role: String,
    pub(super) session_name: String,
    pub(super) http: AwsHttp,
    pub(super) sts: aws_sdk_sts::Client,
}

#[derive(Deserialize)]
struct Answer {
    value: String,
}

impl ProvideCredentials for GithubProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

impl GithubProvider {
    async fn credentials(&self) -> Result {
        let token = self.identity_token().await.map_err(|reason| {
            CredentialsError::provider_error(format!(
                "GitHub Actions gave no identity token: {reason}"
            ))
        })?;
        let reply = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(&self.role)
            .role_session_name(&self.session_name)
            .web_identity_token(token.expose())
            .send()
            .await
            .map_err(|error| {
                CredentialsError::provider_error(format!(
                    "STS gave no session of {} for GitHub's identity token: {}",
                    self.role,
                    chain(&error)
                ))
            })?;
        let session = reply.credentials.ok_or_else(|| {
            CredentialsError::provider_error("the answer of STS holds no credentials")
        })?;
        Ok(credentials(session))
    }

    async fn identity_token(&self) -> std::result::Result<Secret, String> {
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        loop {
            match self.ask().await {
                Ok(token) => return Ok(token),
                Err((reason, false)) => return Err(reason),
                Err((reason, true)) if attempt == ATTEMPTS => return Err(reason),
                Err((_, true)) => {}
            }
            sleep(wait).await;
            wait *= 2;
            attempt += 1;
        }
    }

    /// One request; an error says whether another may do better.
    async fn ask(&self) -> std::result::Result<Secret, (String, bool)> {
        let mut url = self.tokens.url.clone();
        url.query_pairs_mut().append_pair("audience", AUDIENCE);
        let sent = format!("Bearer {}", self.tokens.request_token.expose());
        let mut sent = HeaderValue::from_str(&sent).map_err(|_| {
            let reason = "ACTIONS_ID_TOKEN_REQUEST_TOKEN cannot stand in a header";
            (reason.to_owned(), false)
        })?;
        sent.set_sensitive(true);
        let client = self
            .http
            .client(url.scheme() == "https")
            .map_err(|error| (error.to_string(), false))?;
        let no_answer = |error: reqwest::Error| (chain(&error.without_url()), true);
        let response = client
            .get(url)
            .header(AUTHORIZATION, sent)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .timeout(Duration::from_secs(10))
            .send()
            .await
            .map_err(no_answer)?;
        let status = response.status();
        if !status.is_success() {
            return Err((
                format!("its endpoint answered {status}"),
                is_transient(status.as_u16()),
            ));
        }
        let body = response.bytes().await.map_err(no_answer)?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| ("its endpoint's answer holds none".to_owned(), false))?;
        Ok(Secret::new(answer.value))
    }
}

fn credentials(session: SessionCredentials) -> Credentials {
    let expires = SystemTime::try_from(session.expiration).ok();
    Credentials::new(
        session.access_key_id,
        session.secret_access_key,
        Some(session.session_token),
        expires,
        PROVIDER,
    )
}
