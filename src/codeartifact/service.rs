//! The way to AWS: one set of credentials, and the clients that use it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_codeartifact::error::{ProvideErrorMetadata, SdkError};

use super::identity::{lacks_github_permission, sdk_config, source_of};
use super::options::AwsOptions;

/// Opens clients for AWS's services. Credentials are found once, when the first request is
/// signed, and kept in memory until they end.
#[derive(Debug, Default)]
pub struct Aws {
    options: AwsOptions,
    /// By region: credentials from STS are asked for in it.
    configs: Mutex<BTreeMap<Option<String>, SdkConfig>>,
}

/// What AWS did not do, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// No region is known.
    #[error("no AWS region is known for {what}")]
    NoRegion {
        /// What was to be asked for.
        what: String,
    },
    /// The chain found no credentials, or those it found cannot be used.
    #[error("no AWS credentials: {reason}")]
    NoCredentials {
        /// The SDK's words.
        reason: String,
        /// What would help.
        hint: String,
    },
    /// The credentials are wrong, or have ended.
    #[error("AWS does not believe the credentials: {message}")]
    NotBelieved {
        /// The service's words.
        message: String,
        /// What would help.
        hint: &'static str,
    },
    /// The identity is known and not allowed to.
    #[error("AWS refused {what}: {message}")]
    Denied {
        /// What was asked for.
        what: String,
        /// The permissions that are needed for it.
        needs: String,
        /// The service's words.
        message: String,
    },
    /// There is no such thing.
    #[error("AWS gave no {what}: {message}")]
    NotFound {
        /// What was asked for.
        what: String,
        /// The service's words.
        message: String,
    },
    /// The service could not be reached.
    #[error("cannot reach AWS {service}: {reason}")]
    Unreachable {
        /// The service's name.
        service: &'static str,
        /// The SDK's words.
        reason: String,
    },
    /// Any other answer.
    #[error("AWS gave no {what}: {message}")]
    Refused {
        /// What was asked for.
        what: String,
        /// The service's words.
        message: String,
    },
}

impl AwsError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoRegion { .. } => "give --region, or set AWS_REGION".into(),
            Self::NoCredentials { hint, .. } => hint.clone(),
            Self::NotBelieved { hint, .. } => (*hint).into(),
            Self::Denied { needs, .. } => format!("the identity needs {needs}"),
            Self::NotFound { .. } => {
                "check domain, account id and repository, and the region".into()
            }
            Self::Unreachable { .. } => {
                "check the network and any proxy, and AWS_ENDPOINT_URL if it is set".into()
            }
            Self::Refused { .. } => return None,
        })
    }
}

/// A request to a service, for the words about its failure.
pub(super) struct Call {
    /// The service's name.
    pub(super) service: &'static str,
    /// What is asked for, without an article: `token for the domain x`.
    pub(super) what: String,
    /// The permissions it takes.
    pub(super) needs: String,
}

impl Aws {
    /// Nothing is read or asked yet.
    pub fn new(options: AwsOptions) -> Self {
        Self {
            options,
            configs: Mutex::default(),
        }
    }

    /// What is known without asking.
    pub fn options(&self) -> &AwsOptions {
        &self.options
    }

    /// The name of the region that requests go to: the given one, else the options', else what the
    /// SDK finds.
    pub async fn region(&self, region: Option<&str>) -> Option<String> {
        let config = self.config(region).await;
        config.region().map(ToString::to_string)
    }

    /// `CodeArtifact` in a region.
    ///
    /// # Errors
    /// [`AwsError::NoRegion`].
    pub(super) async fn codeartifact(
        &self,
        region: Option<&str>,
        call: &Call,
    ) -> Result<aws_sdk_codeartifact::Client, AwsError> {
        let config = self.in_region(region, call).await?;
        let mut client = aws_sdk_codeartifact::config::Builder::from(&config);
        if let Some(service) = &self.options.service {
            client = client.endpoint_url(service.as_str());
        }
        Ok(aws_sdk_codeartifact::Client::from_conf(client.build()))
    }

    /// STS in a region.
    ///
    /// # Errors
    /// [`AwsError::NoRegion`].
    pub(super) async fn sts(
        &self,
        region: Option<&str>,
        call: &Call,
    ) -> Result<aws_sdk_sts::Client, AwsError> {
        let config = self.in_region(region, call).await?;
        Ok(aws_sdk_sts::Client::new(&config))
    }

    /// Where the credentials came from, in words; finds them if that has not happened yet.
    ///
    /// # Errors
    /// [`AwsError::NoCredentials`].
    pub async fn source(&self, region: Option<&str>) -> Result<String, AwsError> {
        let config = self.config(region).await;
        let Some(provider) = config.credentials_provider() else {
            return Err(self.no_credentials("no source is configured".to_owned()));
        };
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| self.no_credentials(words(&error)))?;
        Ok(source_of(&self.options, &credentials))
    }

    /// What an answer says that is none.
    pub(super) fn error<E>(&self, call: &Call, error: &SdkError<E>) -> AwsError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let reason = || chain(error);
        let SdkError::ServiceError(answer) = error else {
            return match error {
                // The identity chain fails while the request is being made.
                SdkError::ConstructionFailure(_) => self.no_credentials(reason()),
                SdkError::DispatchFailure(failure) if failure.is_user() || failure.is_other() => {
                    self.no_credentials(reason())
                }
                _ => AwsError::Unreachable {
                    service: call.service,
                    reason: reason(),
                },
            };
        };
        let code = answer.err().code().unwrap_or_default();
        let message = answer.err().message().filter(|message| !message.is_empty());
        let message = match (message, code) {
            (Some(message), _) => message.to_owned(),
            (None, "") => format!("it answered {}", answer.raw().status()),
            (None, code) => code.to_owned(),
        };
        if let Some(hint) = disbelief(code, &message) {
            return AwsError::NotBelieved { message, hint };
        }
        let what = call.what.clone();
        match answer.raw().status().as_u16() {
            401 | 403 => AwsError::Denied {
                what: format!("the {what}"),
                needs: call.needs.clone(),
                message,
            },
            404 => AwsError::NotFound { what, message },
            _ => AwsError::Refused { what, message },
        }
    }

    fn no_credentials(&self, reason: String) -> AwsError {
        let hint = if lacks_github_permission(&self.options) {
            "the job runs on GitHub Actions without an identity token: give it `permissions: id-token: write` \
             and a role, by --role-arn or AWS_ROLE_ARN"
        } else if self.options.job.github_tokens.is_some()
            && self.options.role.is_none()
            && self.options.job.web_identity_role.is_none()
        {
            "the job may ask GitHub for an identity token: name the role to assume with it, by --role-arn or \
             AWS_ROLE_ARN"
        } else if reason.to_ascii_lowercase().contains("sso") {
            "run `aws sso login` for the profile"
        } else if let Some(profile) = &self.options.profile {
            let hint = format!(
                "check the profile {profile} in ~/.aws/config and ~/.aws/credentials (AWS_CONFIG_FILE, \
                 AWS_SHARED_CREDENTIALS_FILE)"
            );
            return AwsError::NoCredentials { reason, hint };
        } else {
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile (--profile, AWS_PROFILE), or a role \
             (AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE, or on GitHub Actions with `id-token: write`)"
        };
        AwsError::NoCredentials {
            reason,
            hint: hint.to_owned(),
        }
    }

    async fn in_region(&self, region: Option<&str>, call: &Call) -> Result<SdkConfig, AwsError> {
        let config = self.config(region).await;
        if config.region().is_none() {
            return Err(AwsError::NoRegion {
                what: format!("the {}", call.what),
            });
        }
        Ok(config)
    }

    async fn config(&self, region: Option<&str>) -> SdkConfig {
        let region = region.map(str::to_owned);
        let configs = || self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = configs().get(&region) {
            return config.clone();
        }
        let config = Box::pin(sdk_config(&self.options, region.as_deref())).await;
        configs().entry(region).or_insert(config).clone()
    }
}

/// What to do where AWS does not know or believe the credentials, by its codes for that.
fn disbelief(code: &str, message: &str) -> Option<&'static str> {
    let is_clock = code == "RequestTimeTooSkewed" || message.contains("Signature expired");
    Some(match code {
        _ if is_clock || message.contains("Signature not yet current") => {
            "set this machine's clock: AWS takes no request that is more than five minutes off"
        }
        _ if message.contains("scoped to a valid region") => {
            "the request went to another region than it was signed for: check --region, AWS_REGION and the region of \
             the profile"
        }
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            "the session has ended: get new credentials (for SSO, `aws sso login`)"
        }
        "UnrecognizedClientException" | "InvalidClientTokenId" | "InvalidAccessKeyId" => {
            "AWS does not know the access key: check AWS_ACCESS_KEY_ID or the profile, and with session credentials \
             AWS_SESSION_TOKEN"
        }
        "SignatureDoesNotMatch" | "InvalidSignatureException" => {
            "the secret key does not belong to the access key: check AWS_SECRET_ACCESS_KEY or the profile"
        }
        "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException" => {
            "check that nothing between here and AWS changes requests"
        }
        _ => return None,
    })
}

/// An error and its sources in one line. The outer ones only say which part of
/// the SDK failed.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut words = Vec::new();
    let mut source = error.source();
    while let Some(error) = source {
        words.push(error.to_string());
        source = error.source();
    }
    if words.is_empty() {
        words.push(error.to_string());
    }
    words.dedup();
    words.join(": ")
}

/// An error with its sources in one line.
fn words(error: &dyn std::error::Error) -> String {
    match error.source() {
        None => error.to_string(),
        Some(_) => format!("{error}: {}", chain(error)),
    }
}
