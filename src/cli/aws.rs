//! The flags about AWS, and what they and the environment make of it.

use super::session::Session;
use crate::codeartifact::{AwsFlags, AwsOptions};
use crate::config::{Config, ConfigValue, Layer};
use crate::environment::Environment;
use crate::error::Error;

/// The flags about AWS that every command takes that may speak to `CodeArtifact`.
#[expect(
    clippy::doc_markdown,
    reason = "shown as help, where variables stand in brackets"
)]
#[derive(clap::Args, Debug, Default)]
#[command(next_help_heading = "AWS")]
pub(super) struct AwsArguments {
    /// Profile of ~/.aws/config whose credentials are used, whatever the environment holds
    /// [env: CONSIGN_PROFILE; AWS_PROFILE counts as with AWS's own tools]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Region, where the registry's URL does not name it [env: CONSIGN_REGION, AWS_REGION]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Role to assume: with the credentials that are found, or on GitHub Actions with the job's
    /// identity token [env: CONSIGN_ROLE_ARN, AWS_ROLE_ARN for web identities]
    #[arg(long, value_name = "ARN")]
    role_arn: Option<String>,
    /// Domain, instead of the registry's URL [env: CONSIGN_DOMAIN]
    #[arg(long, value_name = "NAME")]
    domain: Option<String>,
    /// Account that owns the domain; the caller's by default [env: CONSIGN_DOMAIN_OWNER]
    #[arg(long, value_name = "ACCOUNT")]
    domain_owner: Option<String>,
    /// Repository of the domain, instead of the registry's URL [env: CONSIGN_REPOSITORY]
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
    /// ipv4 or dualstack: how AWS is reached, and which URL a repository gets that is given by
    /// its name [env: CONSIGN_ENDPOINT_TYPE]
    #[arg(long, value_name = "TYPE")]
    endpoint_type: Option<String>,
    /// How long the token shall be good: 900 to 43200, or 0 for as long as the credentials
    /// [env: CONSIGN_DURATION]
    #[arg(long, value_name = "SECONDS")]
    duration: Option<String>,
}

impl AwsArguments {
    fn flags(&self) -> AwsFlags {
        AwsFlags {
            profile: self.profile.clone(),
            region: self.region.clone(),
            role_arn: self.role_arn.clone(),
            domain: self.domain.clone(),
            domain_owner: self.domain_owner.clone(),
            repository: self.repository.clone(),
            endpoint_type: self.endpoint_type.clone(),
            duration: self.duration.clone(),
        }
    }

    /// What these flags and the environment say.
    pub(super) fn options(&self, environment: &Environment) -> Result<AwsOptions, Error> {
        Ok(AwsOptions::new(&self.flags(), environment)?)
    }
}

/// What the flags of a command of npm's and the environment say.
pub(super) fn options(session: &Session<'_>) -> Result<AwsOptions, Error> {
    Ok(AwsOptions::new(
        &flags_of(&session.config),
        session.environment,
    )?)
}

fn flags_of(config: &Config) -> AwsFlags {
    let flag = |name: &str| {
        config
            .layer_entries(Layer::Cli)
            .find(|(key, _)| *key == name)
            .map(|(_, entry)| match &entry.value {
                // A flag that is given twice counts as npm counts its own: the last one.
                ConfigValue::Array(items) => items.last().cloned().unwrap_or(ConfigValue::Null),
                value => value.clone(),
            })
            .and_then(|value| value.to_text().ok())
    };
    AwsFlags {
        profile: flag("profile"),
        region: flag("region"),
        role_arn: flag("role-arn"),
        domain: flag("domain"),
        domain_owner: flag("domain-owner"),
        repository: flag("repository"),
        endpoint_type: flag("endpoint-type"),
        duration: flag("duration"),
    }
}
