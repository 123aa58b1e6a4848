//! `CodeArtifact` tokens: bearer tokens for the registry, bought with AWS
//! credentials.

use std::fmt;
use std::time::SystemTime;

use aws_sdk_codeartifact::Client;
use aws_sdk_codeartifact::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_codeartifact::operation::get_authorization_token::GetAuthorizationTokenError;
use http::HeaderValue;

use super::endpoint::Endpoint;
use super::identity::{AwsOptions, sdk_config};

/// A token, kept in memory and shown to nobody.
#[derive(Clone)]
pub struct Token {
    secret: String,
    expires: Option<SystemTime>,
}

impl Token {
    /// The only way to the secret: the header it is made for.
    pub fn authorization(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.secret)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// When it stops being good, by the service's word.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("secret", &"****")
            .field("expires", &self.expires)
            .finish()
    }
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No region is known.
    #[error("no AWS region is known for {domain}")]
    NoRegion {
        /// Domain name.
        domain: String,
    },
    /// The chain found no credentials, or those it found cannot be used.
    #[error("no AWS credentials: {reason}")]
    NoCredentials {
        /// The SDK's words.
        reason: String,
    },
    /// The identity is known and not allowed to, or its signature is wrong.
    #[error("AWS refused a token for the domain {domain}: {message}")]
    Denied {
        /// Domain name.
        domain: String,
        /// The service's words.
        message: String,
    },
    /// There is no such domain.
    #[error("the domain {domain} of account {owner} was not found: {message}")]
    NotFound {
        /// Domain name.
        domain: String,
        /// Account id.
        owner: String,
        /// The service's words.
        message: String,
    },
    /// The service could not be reached.
    #[error("cannot reach AWS CodeArtifact: {reason}")]
    Unreachable {
        /// The SDK's words.
        reason: String,
    },
    /// Any other answer.
    #[error("AWS gave no token for the domain {domain}: {message}")]
    Refused {
        /// Domain name.
        domain: String,
        /// The service's words.
        message: String,
    },
}

impl TokenError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoRegion { .. } => "set AWS_REGION".into(),
            Self::NoCredentials { .. } => "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, \
                AWS_PROFILE, or a role (AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE)"
                .into(),
            Self::Denied { domain, .. } => format!(
                "the identity needs codeartifact:GetAuthorizationToken on the domain {domain} \
                 and sts:GetServiceBearerToken"
            ),
            Self::NotFound { .. } => {
                "check domain and account id in the registry URL, and the region".into()
            }
            Self::Unreachable { .. } | Self::Refused { .. } => return None,
        })
    }
}

/// Fetches a token for the domain of an endpoint, good for as long as the
/// service gives one by default (12 hours).
///
/// # Errors
/// See [`TokenError`].
pub async fn fetch(endpoint: &Endpoint, options: &AwsOptions) -> Result<Token, TokenError> {
    let region = endpoint.region.clone().or_else(|| options.region.clone());
    let options = AwsOptions {
        region,
        ..options.clone()
    };
    let config = sdk_config(&options).await;
    let domain = &endpoint.domain;
    if config.region().is_none() {
        return Err(TokenError::NoRegion {
            domain: domain.clone(),
        });
    }
    let mut client = aws_sdk_codeartifact::config::Builder::from(&config);
    if let Some(service) = &options.service {
        client = client.endpoint_url(service.as_str());
    }
    let reply = Client::from_conf(client.build())
        .get_authorization_token()
        .domain(domain)
        .domain_owner(&endpoint.owner)
        .send()
        .await
        .map_err(|error| token_error(endpoint, &error))?;
    let secret = reply
        .authorization_token
        .ok_or_else(|| TokenError::Refused {
            domain: domain.clone(),
            message: "the answer holds no token".into(),
        })?;
    let expires = reply
        .expiration
        .and_then(|time| SystemTime::try_from(time).ok());
    Ok(Token { secret, expires })
}

fn token_error(endpoint: &Endpoint, error: &SdkError<GetAuthorizationTokenError>) -> TokenError {
    let domain = endpoint.domain.clone();
    let reason = || chain(error);
    let SdkError::ServiceError(answer) = error else {
        return match error {
            // The identity chain fails while the request is being made.
            SdkError::ConstructionFailure(_) => TokenError::NoCredentials { reason: reason() },
            SdkError::DispatchFailure(failure) if failure.is_user() || failure.is_other() => {
                TokenError::NoCredentials { reason: reason() }
            }
            _ => TokenError::Unreachable { reason: reason() },
        };
    };
    let message = answer
        .err()
        .message()
        .or(answer.err().code())
        .unwrap_or("no explanation")
        .to_owned();
    match answer.raw().status().as_u16() {
        401 | 403 => TokenError::Denied { domain, message },
        404 => TokenError::NotFound {
            domain,
            owner: endpoint.owner.clone(),
            message,
        },
        _ => TokenError::Refused { domain, message },
    }
}

/// An error and its sources in one line. The outer ones only say which part of
/// the SDK failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = Vec::new();
    let mut source = error.source();
    while let Some(error) = source {
        words.push(error.to_string());
        source = error.source();
    }
    words.dedup();
    words.join(": ")
}
