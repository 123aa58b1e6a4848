//! `consign token`: a token of `CodeArtifact`, printed.

use std::time::Duration;

use clap::ValueEnum;
use serde_json::json;

use super::ConfigurationArguments;
use super::aws::AwsArguments;
use super::place::Place;
use super::session::{Session, current_thread};
use crate::codeartifact::{Aws, DomainName, Token, Tokens};
use crate::environment::Environment;
use crate::error::Error;
use crate::registry::url::RegistryUrl;

/// An hour: what a job's own credentials last, and what a policy that caps
/// `sts:DurationSeconds` lets pass.
const DURATION: Duration = Duration::from_hours(1);

/// Takes a token of `CodeArtifact` and prints it. Nothing is written to a file.
///
/// The domain is that of the registry (--registry, .npmrc), or --domain. The token is good for an
/// hour, unless --duration says otherwise.
///
/// As pnpm's `tokenHelper`, which takes a path without arguments, link consign under the name
/// consign-token.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    consign token --domain team           # the region's domain of the caller's account\n  \
    eval \"$(consign token --format env)\"  # for .npmrc with ${CODEARTIFACT_AUTH_TOKEN}\n  \
    ln -s consign consign-token           # pnpm: tokenHelper=/usr/local/bin/consign-token")]
pub(super) struct Arguments {
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Format::Raw)]
    format: Format,
    /// Use this scope's registry
    #[arg(long, value_name = "@SCOPE")]
    scope: Option<String>,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    #[command(flatten)]
    aws: AwsArguments,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The token alone
    #[default]
    Raw,
    /// As the AWS CLI prints it: authorizationToken and expiration
    Json,
    /// A line for the shell: `export CODEARTIFACT_AUTH_TOKEN=...`
    Env,
    /// An HTTP header: Authorization: Bearer ...
    Header,
    /// The lines that login writes
    Npmrc,
}

pub(super) fn run(arguments: &Arguments, environment: &Environment) -> u8 {
    let session = match arguments.configuration.session(environment) {
        Ok(session) => session,
        Err(status) => return status,
    };
    match print(arguments, &session) {
        Ok(()) => 0,
        Err(error) => session.report(&error),
    }
}

fn print(arguments: &Arguments, session: &Session<'_>) -> Result<(), Error> {
    let options = arguments.aws.options(session.environment)?;
    let tokens = Tokens::new(Aws::new(options.with_default_duration(DURATION)));
    let (domain, place, token) = current_thread()?.block_on(async {
        let (domain, place) = choose(arguments, session, &tokens).await?;
        let token = tokens.token(&domain, &session.printer).await?;
        Ok::<_, Error>((domain, place, token))
    })?;
    let text = written(
        arguments.format,
        &domain,
        place.as_ref(),
        arguments.scope.as_deref(),
        &token,
    );
    session.printer.data(&text).map_err(|source| Error::System {
        doing: "could not print the token",
        source,
    })
}

/// The domain: named by itself, or that of the registry.
async fn choose(
    arguments: &Arguments,
    session: &Session<'_>,
    tokens: &Tokens,
) -> Result<(DomainName, Option<Place>), Error> {
    let options = tokens.aws().options();
    let scope = arguments.scope.as_deref();
    let is_enough = arguments.format != Format::Npmrc && arguments.configuration.registry.is_none();
    if let Some(domain) = &options.domain
        && is_enough
        && (options.is_named_by_flag || !Place::is_configured(session, scope, options)?)
    {
        let domain = DomainName {
            domain: domain.clone(),
            owner: options.domain_owner.clone(),
            region: tokens.aws().region(options.region.as_deref()).await,
        };
        return Ok((domain, None));
    }
    let (place, endpoint) = Place::choose_of_codeartifact(session, scope, tokens.aws()).await?;
    let mut domain = DomainName::from(&endpoint);
    domain.region = tokens.aws().region(domain.region.as_deref()).await;
    Ok((domain, Some(place)))
}

fn written(
    format: Format,
    domain: &DomainName,
    place: Option<&Place>,
    scope: Option<&str>,
    token: &Token,
) -> String {
    let secret = token.secret().expose();
    match (format, place) {
        (Format::Json, _) => {
            let object = json!({
                "authorizationToken": secret,
                "expiration": token.expires_text(),
                "domain": domain.domain,
                "domainOwner": domain.owner,
                "region": domain.region,
            });
            format!("{object:#}")
        }
        (Format::Env, _) => format!("export CODEARTIFACT_AUTH_TOKEN={secret}"),
        (Format::Header, _) => format!("Authorization: Bearer {secret}"),
        (Format::Npmrc, Some(place)) => {
            let url = &place.registry.url;
            format!("{}={url}\n{}={secret}", registry_key(scope), token_key(url))
        }
        (Format::Raw | Format::Npmrc, _) => secret.to_owned(),
    }
}

/// The key under which a registry is filed: a scope's, or everybody's.
pub(super) fn registry_key(scope: Option<&str>) -> String {
    match scope {
        Some(scope) => format!("@{}:registry", scope.strip_prefix('@').unwrap_or(scope)),
        None => "registry".to_owned(),
    }
}

/// The key under which a registry's token is filed.
pub(super) fn token_key(registry: &RegistryUrl) -> String {
    format!("{}:_authToken", registry.nerf_dart())
}
