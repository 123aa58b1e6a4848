//! AWS credentials and the way to the service.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_codeartifact::config::Region;
use url::Url;

use super::http::AwsHttp;

/// What a user can say about AWS; all else comes from the standard chain:
/// environment, profiles, SSO, web identity, container, instance metadata.
#[derive(Debug, Clone, Default)]
pub struct AwsOptions {
    /// Region, where the endpoint does not name one.
    pub region: Option<String>,
    /// `AWS_ENDPOINT_URL_CODEARTIFACT` or `AWS_ENDPOINT_URL`.
    pub service: Option<Url>,
    /// Credentials to be used instead of what the chain finds.
    pub credentials: Option<StaticCredentials>,
}

/// An access key with its secret; `Debug` shows the key only.
#[derive(Debug, Clone)]
pub struct StaticCredentials(Credentials);

impl StaticCredentials {
    /// Long-lived credentials, without a session token.
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self(Credentials::new(
            access_key, secret_key, None, None, "consign",
        ))
    }
}

/// Reads the configuration of the AWS SDK. Credentials are found when the
/// first request is signed.
pub(super) async fn sdk_config(options: &AwsOptions) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(AwsHttp::default())
        .timeout_config(
            aws_config::timeout::TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(10))
                .operation_attempt_timeout(Duration::from_secs(30))
                .build(),
        );
    if let Some(StaticCredentials(credentials)) = &options.credentials {
        loader = loader.credentials_provider(credentials.clone());
    }
    if let Some(region) = &options.region {
        loader = loader.region(Region::new(region.clone()));
    }
    loader.load().await
}
