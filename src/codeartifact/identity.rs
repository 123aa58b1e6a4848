//! Whose credentials are used, and how they are come by.
//!
//! The order is that of AWS's own tools: a profile that was asked for, keys in the environment, a
//! web identity, then the rest of the SDK's chain (profiles with SSO, `credential_process` and
//! roles; container; instance metadata). GitHub's identity tokens, which no SDK reads, stand where
//! a token file stands.

mod github;

use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::web_identity_token::{StaticConfiguration, WebIdentityTokenCredentialsProvider};
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature;
use aws_credential_types::provider::SharedCredentialsProvider;

use super::http::AwsHttp;
use super::options::{AwsOptions, EndpointType, StaticCredentials};
use github::GithubProvider;

/// The longest that finding credentials may take: several requests, in a bad hour of GitHub's.
const FINDING: Duration = Duration::from_mins(1);
/// What `CloudTrail` calls a session that nobody named.
const SESSION_NAME: &str = "consign";

/// Where credentials are taken from.
#[derive(Debug, PartialEq, Eq)]
enum Source<'a> {
    /// Given by the caller.
    Given,
    /// A profile by its name.
    Profile(&'a str),
    /// A file with a web identity token.
    WebIdentity { role: &'a str, file: &'a str },
    /// GitHub's identity tokens.
    Github { role: &'a str },
    /// What the SDK finds.
    Chain,
}

/// Decides where credentials are taken from, and which role is assumed with them.
fn plan(options: &AwsOptions) -> (Source<'_>, Option<&str>) {
    let job = &options.job;
    let role = options.role.as_deref();
    if options.credentials.is_some() {
        return (Source::Given, None);
    }
    let profile_role = job.profile_role.as_deref();
    if let Some(profile) = &options.profile {
        return match profile_role {
            Some(own) => (Source::Github { role: own }, role),
            None => (Source::Profile(profile), role),
        };
    }
    if job.has_keys {
        return (Source::Chain, role);
    }
    if job.has_profile {
        return match profile_role {
            Some(own) => (Source::Github { role: own }, role),
            None => (Source::Chain, role),
        };
    }
    let said = role.or(job.web_identity_role.as_deref());
    let Some(assumed) = said.or(profile_role) else {
        return (Source::Chain, None);
    };
    if let Some(file) = &job.web_identity_file {
        return (
            Source::WebIdentity {
                role: assumed,
                file,
            },
            None,
        );
    }
    if job.github_tokens.is_some() {
        return (Source::Github { role: assumed }, None);
    }
    (Source::Chain, role)
}

/// Reads the configuration of the AWS SDK. Credentials are found when the first request is
/// signed.
pub(super) async fn sdk_config(options: &AwsOptions, region: Option<&str>) -> SdkConfig {
    let http = AwsHttp::default();
    let (source, role) = plan(options);
    let mut loader = loader(options, region, &http);
    if let Source::Profile(name) = source {
        loader = loader.profile_name(name);
    }
    let given = options.credentials.as_ref();
    let config = match (&source, given) {
        (Source::Given, Some(StaticCredentials(credentials))) => {
            return loader
                .credentials_provider(credentials.clone())
                .load()
                .await;
        }
        (Source::Chain | Source::Given, _) => loader.load().await,
        (Source::Profile(_) | Source::WebIdentity { .. } | Source::Github { .. }, _) => {
            loader.no_credentials().load().await
        }
    };
    let provider = match source {
        Source::Given | Source::Chain => config.credentials_provider(),
        Source::Profile(name) => Some(SharedCredentialsProvider::new(
            ProfileFileCredentialsProvider::builder()
                .configure(&provider_config(&config, http))
                .profile_name(name)
                .build(),
        )),
        Source::WebIdentity { role, file } => Some(SharedCredentialsProvider::new(
            WebIdentityTokenCredentialsProvider::builder()
                .configure(&provider_config(&config, http))
                .static_configuration(StaticConfiguration {
                    web_identity_token_file: file.into(),
                    role_arn: role.to_owned(),
                    session_name: session_name(options),
                })
                .build(),
        )),
        Source::Github { role } => options.job.github_tokens.clone().map(|tokens| {
            SharedCredentialsProvider::new(GithubProvider {
                tokens,
                role: role.to_owned(),
                session_name: session_name(options),
                http,
                sts: aws_sdk_sts::Client::new(&config),
            })
        }),
    };
    let provider = match (provider, role) {
        (Some(base), Some(role)) => Some(SharedCredentialsProvider::new(
            AssumeRoleProvider::builder(role)
                .session_name(session_name(options))
                .configure(&config)
                .build_from_provider(base)
                .await,
        )),
        (provider, _) => provider,
    };
    let mut config = config.into_builder();
    config.set_credentials_provider(provider);
    config.build()
}

fn loader(options: &AwsOptions, region: Option<&str>, http: &AwsHttp) -> ConfigLoader {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.clone())
        .identity_cache(IdentityCache::lazy().load_timeout(FINDING).build())
        .timeout_config(
            aws_config::timeout::TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(10))
                .operation_attempt_timeout(Duration::from_secs(30))
                .build(),
        );
    if let Some(region) = region.or(options.region.as_deref()) {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if options.endpoint_type == EndpointType::Dualstack && options.service.is_none() {
        loader = loader.use_dual_stack(true);
    }
    loader
}

fn provider_config(config: &SdkConfig, http: AwsHttp) -> ProviderConfig {
    ProviderConfig::without_region()
        .with_region(config.region().cloned())
        .with_use_dual_stack(config.use_dual_stack())
        .with_http_client(http)
}

fn session_name(options: &AwsOptions) -> String {
    let given = options.job.session_name.clone();
    given.unwrap_or_else(|| SESSION_NAME.to_owned())
}

/// Where credentials came from, in words.
pub(super) fn source_of(options: &AwsOptions, credentials: &Credentials) -> String {
    use AwsCredentialFeature::{
        CredentialsEnvVars, CredentialsHttp, CredentialsImds, CredentialsProcess,
        CredentialsProfile, CredentialsProfileStsWebIdToken, CredentialsSso,
    };
    let (source, role) = plan(options);
    if let Some(role) = role {
        return format!("assumed role {role}");
    }
    if let Source::Github { role } = source {
        return format!("GitHub Actions identity token, role {role}");
    }
    if let Source::WebIdentity { role, .. } = source {
        return format!("web identity token file, role {role}");
    }
    let features = credentials.get_property::<Vec<AwsCredentialFeature>>();
    let has = |feature| features.is_some_and(|features| features.contains(&feature));
    let words = [
        (CredentialsEnvVars, "environment variables"),
        (CredentialsSso, "SSO"),
        (CredentialsProcess, "credential_process"),
        (CredentialsHttp, "container credentials"),
        (CredentialsImds, "instance metadata"),
        (CredentialsProfileStsWebIdToken, "web identity token file"),
    ];
    let found = words
        .into_iter()
        .find_map(|(feature, words)| has(feature).then_some(words));
    let profile = match &options.profile {
        Some(profile) => format!("profile {profile}"),
        None => "profile".to_owned(),
    };
    match found {
        Some(words) if has(CredentialsProfile) => format!("{profile}, {words}"),
        Some(words) => words.to_owned(),
        None if has(CredentialsProfile) => profile,
        None => "given credentials".to_owned(),
    }
}

/// Whether GitHub would have given an identity token, had the job been allowed to ask.
pub(super) fn lacks_github_permission(options: &AwsOptions) -> bool {
    let job = &options.job;
    job.is_github && job.github_tokens.is_none() && !job.has_keys
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]
mod tests {
    use super::super::options::{IdentityTokens, Job};
    use super::*;
    use crate::registry::Secret;
    use url::Url;

    #[test]
    fn sources_come_in_the_order_of_aws_tools() {
        let tokens = || IdentityTokens {
            url: Url::parse("https://example.com/token").unwrap(),
            request_token: Secret::new("x"),
        };
        // The profile and the role asked for; then of the job: keys, AWS_PROFILE, AWS_ROLE_ARN, a
        // token file, GitHub's tokens.
        let (p, asked, env, f) = (Some("p"), Some("asked"), Some("env"), Some("f"));
        let web = |role| Source::WebIdentity { role, file: "f" };
        let github = |role| Source::Github { role };
        let (chain, profile) = (Source::Chain, Source::Profile("p"));
        for (profile, role, job, expected) in [
            (None, None, (false, false, None, None, false), (chain, None)),
            (
                None,
                None,
                (true, false, env, f, true),
                (Source::Chain, None),
            ),
            (
                None,
                asked,
                (true, false, None, None, true),
                (Source::Chain, asked),
            ),
            (p, None, (true, true, env, f, true), (profile, None)),
            (
                p,
                asked,
                (true, false, None, None, true),
                (Source::Profile("p"), asked),
            ),
            (None, None, (false, false, env, f, true), (web("env"), None)),
            (
                None,
                asked,
                (false, false, env, f, false),
                (web("asked"), None),
            ),
            (
                None,
                None,
                (false, false, env, None, true),
                (github("env"), None),
            ),
            (
                None,
                asked,
                (false, false, None, None, true),
                (github("asked"), None),
            ),
            // No role to assume: an identity token alone is nothing.
            (
                None,
                None,
                (false, false, None, None, true),
                (Source::Chain, None),
            ),
            (
                None,
                None,
                (false, true, env, None, true),
                (Source::Chain, None),
            ),
            // AWS_ROLE_ARN is for web identities only.
            (
                None,
                None,
                (false, false, env, None, false),
                (Source::Chain, None),
            ),
        ] {
            let (has_keys, has_profile, web_identity_role, file, has_tokens) = job;
            let options = AwsOptions {
                profile: profile.map(str::to_owned),
                role: role.map(str::to_owned),
                job: Job {
                    has_keys,
                    has_profile,
                    web_identity_role: web_identity_role.map(str::to_owned),
                    web_identity_file: file.map(str::to_owned),
                    github_tokens: has_tokens.then(tokens),
                    ..Job::default()
                },
                ..AwsOptions::default()
            };
            assert_eq!(plan(&options), expected, "{options:?}");
        }
    }
}
