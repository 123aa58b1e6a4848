//! `CodeArtifact` tokens: bearer tokens for the registry, bought with AWS
//! credentials.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::endpoint::Endpoint;
use super::service::{Aws, AwsError, Call};
use crate::output::{Level, Log};
use crate::registry::Secret;

/// A token is not begun with when it ends this soon.
const MARGIN: Duration = Duration::from_mins(2);

/// A token, kept in memory and shown to nobody.
#[derive(Clone)]
pub struct Token {
    secret: Secret,
    expires: Option<SystemTime>,
}

impl Token {
    /// The header it is made for.
    pub fn authorization(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.secret.expose())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Its text, for who asked for nothing else.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// When it stops being good, by the service's word.
    pub fn expires(&self) -> Option<SystemTime> {
        self.expires
    }

    /// When it stops being good, as `2026-01-31T12:00:00Z`.
    pub fn expires_text(&self) -> Option<String> {
        let seconds = self.expires?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let seconds = i64::try_from(seconds.as_secs()).ok()?;
        OffsetDateTime::from_unix_timestamp(seconds)
            .ok()?
            .format(&Rfc3339)
            .ok()
    }

    /// The same in words.
    pub fn good_until(&self) -> String {
        let end = self.expires_text();
        format!("good until {}", end.as_deref().unwrap_or("an unknown time"))
    }

    fn is_good_for_now(&self) -> bool {
        let soon = SystemTime::now() + MARGIN;
        self.expires.is_none_or(|end| end > soon)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("secret", &self.secret)
            .field("expires", &self.expires)
            .finish()
    }
}

/// What a token is for: all repositories of a domain, in one region.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DomainName {
    /// The domain's name.
    pub domain: String,
    /// The account that owns it; the caller's where it is not said.
    pub owner: Option<String>,
    /// Its region; the SDK's where it is not said.
    pub region: Option<String>,
}

impl From<&Endpoint> for DomainName {
    fn from(endpoint: &Endpoint) -> Self {
        Self {
            domain: endpoint.domain.clone(),
            owner: Some(endpoint.owner.clone()),
            region: endpoint.region.clone(),
        }
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the domain {}", self.domain)?;
        match &self.owner {
            Some(owner) => write!(f, " of account {owner}"),
            None => Ok(()),
        }
    }
}

/// The tokens of one run: fetched when they are needed, one for each domain and region, and kept
/// in memory.
#[derive(Debug, Default)]
pub struct Tokens {
    aws: Aws,
    held: Mutex<HashMap<DomainName, Token>>,
}

impl Tokens {
    /// Holds none yet.
    pub fn new(aws: Aws) -> Self {
        Self {
            aws,
            held: Mutex::default(),
        }
    }

    /// The way to AWS that tokens are fetched by.
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// The token for a domain: the one that is held, unless it ends soon.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn token(&self, domain: &DomainName, log: &dyn Log) -> Result<Token, AwsError> {
        if let Some(token) = self.held(domain)
            && token.is_good_for_now()
        {
            return Ok(token);
        }
        self.fetch(domain, log).await
    }

    /// Another token than the one that a registry did not believe.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn instead_of(
        &self,
        refused: &Token,
        domain: &DomainName,
        log: &dyn Log,
    ) -> Result<Token, AwsError> {
        match self.held(domain) {
            Some(token) if token.secret != refused.secret => Ok(token),
            _ => self.fetch(domain, log).await,
        }
    }

    fn held(&self, domain: &DomainName) -> Option<Token> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(domain).cloned()
    }

    async fn fetch(&self, domain: &DomainName, log: &dyn Log) -> Result<Token, AwsError> {
        let token = Box::pin(fetch(&self.aws, domain)).await?;
        let end = token.good_until();
        let text = format!("took a token for {domain}, {end}");
        log.log(Level::Info, "codeartifact", &text);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(domain.clone(), token.clone());
        Ok(token)
    }
}

/// Asks for a token of the duration that the options want; the service's default is 12 hours.
async fn fetch(aws: &Aws, domain: &DomainName) -> Result<Token, AwsError> {
    let duration = aws.options().duration;
    let call = Call {
        service: "CodeArtifact",
        what: format!("token for {domain}"),
        needs: needs(&domain.domain, duration),
    };
    let client = aws.codeartifact(domain.region.as_deref(), &call).await?;
    let reply = client
        .get_authorization_token()
        .domain(&domain.domain)
        .set_domain_owner(domain.owner.clone())
        .set_duration_seconds(duration.and_then(|time| i64::try_from(time.as_secs()).ok()))
        .send()
        .await
        .map_err(|error| aws.error(&call, &error))?;
    let secret = reply.authorization_token.ok_or_else(|| AwsError::Refused {
        what: call.what,
        message: "the answer holds none".into(),
    })?;
    let expires = reply
        .expiration
        .and_then(|time| SystemTime::try_from(time).ok());
    Ok(Token {
        secret: Secret::new(secret),
        expires,
    })
}

fn needs(domain: &str, duration: Option<Duration>) -> String {
    let asked = match duration.map(|time| time.as_secs()) {
        Some(0) => "until the session ends".to_owned(),
        Some(seconds) => format!("for {seconds} seconds"),
        None => "for 12 hours".to_owned(),
    };
    format!(
        "codeartifact:GetAuthorizationToken on the domain {domain}, and sts:GetServiceBearerToken, which a condition \
         on sts:DurationSeconds may cap: this was asked {asked}, --duration asks for another time"
    )
}
