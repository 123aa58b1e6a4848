//! `consign whoami`: as whom a registry is spoken to.

use serde_json::{Value, json};

use super::ask::{Question, ask, shown};
use super::aws::AwsArguments;
use super::place::Place;
use super::run::Run;
use super::session::Session;
use crate::codeartifact::{Caller, DomainName, Endpoint};
use crate::error::Error;
use crate::output::{Level, Log as _};
use crate::registry::RequestError;
use crate::registry::credentials::user_name;

/// Print who the registry takes you for: the AWS identity on `CodeArtifact`, the user's name
/// elsewhere, as `npm whoami`.
///
/// On `CodeArtifact` it also says on stderr (with --json, on stdout) where the credentials came from and
/// what of the registry they may do, as far as that can be told without changing anything.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    consign whoami\n  \
    consign whoami --registry https://registry.npmjs.org/ --json")]
pub(super) struct Arguments {
    #[command(flatten)]
    configuration: super::ConfigurationArguments,
    #[command(flatten)]
    aws: AwsArguments,
    /// Print JSON: the name as a string, or on `CodeArtifact` an object
    #[arg(long, help_heading = "Output")]
    json: bool,
}

pub(super) fn run(session: &Session<'_>) -> Result<u8, Error> {
    let run = Run::start(session)?;
    let told = run.wait(async {
        let place = run.place().await?;
        match &place.endpoint {
            Some(endpoint) => of_codeartifact(&run, &place, endpoint).await,
            None => of_registry(&run, &place).await,
        }
    })?;
    let told = if session.settings.json {
        session.printer.json(&told)
    } else {
        let name = told.as_str().or_else(|| told.get("arn")?.as_str());
        session.printer.data(name.unwrap_or_default())
    };
    told.map_err(|source| Error::System {
        doing: "could not print the name",
        source,
    })?;
    Ok(0)
}

/// npm's answer.
async fn of_registry(run: &Run<'_>, place: &Place) -> Result<Value, Error> {
    let registry = &place.registry.url;
    if let Some(name) = user_name(&run.session.config, registry)? {
        return Ok(name.into());
    }
    let question = Question {
        command: "whoami",
        path: "-/whoami",
        needs_login: true,
    };
    let body = ask(run, place, question).await?;
    let answer: Option<Value> = serde_json::from_slice(&body).ok();
    let name = answer.as_ref().and_then(|answer| answer.get("username"));
    match name.and_then(Value::as_str) {
        Some(name) => Ok(name.into()),
        None => Err(Error::Refused {
            code: Some("ENEEDAUTH"),
            message: "This command requires you to be logged in.".into(),
            hint: Some(format!("{registry} names no user for the credentials")),
        }),
    }
}

/// What can be told of one permission.
struct Permission {
    name: &'static str,
    /// `None` where it cannot be told.
    allowed: Option<bool>,
    words: String,
}

async fn of_codeartifact(
    run: &Run<'_>,
    place: &Place,
    endpoint: &Endpoint,
) -> Result<Value, Error> {
    let region = endpoint.region.as_deref();
    let caller = run.tokens.aws().caller(region).await?;
    let permissions = permissions(run, place, endpoint).await?;
    if !run.session.settings.json {
        tell(run.session, place, &caller, &permissions);
    }
    let permissions: serde_json::Map<_, _> = permissions
        .into_iter()
        .map(|one| {
            let object = json!({"allowed": one.allowed, "detail": one.words});
            (one.name.to_owned(), object)
        })
        .collect();
    Ok(json!({
        "arn": caller.arn,
        "account": caller.account,
        "userId": caller.user_id,
        "source": caller.source,
        "registry": shown(place.registry.url.url()),
        "domain": endpoint.domain,
        "domainOwner": endpoint.owner,
        "repository": endpoint.repository,
        "region": endpoint.region,
        "permissions": permissions,
    }))
}

/// Tries what changes nothing: a token, and the registry's ping with it.
async fn permissions(
    run: &Run<'_>,
    place: &Place,
    endpoint: &Endpoint,
) -> Result<Vec<Permission>, Error> {
    let domain = DomainName::from(endpoint);
    let token = run.tokens.token(&domain, &run.session.printer).await;
    let (read, words) = if let Err(error) = &token {
        (None, format!("not asked without a token ({error})"))
    } else {
        let question = Question {
            command: "whoami",
            path: "-/ping",
            needs_login: false,
        };
        match ask(run, place, question).await {
            Ok(_) => (Some(true), "codeartifact:ReadFromRepository".to_owned()),
            Err(Error::Request(RequestError::Refused(refusal)))
                if matches!(refusal.status, 401 | 403) =>
            {
                (Some(false), refusal.to_string())
            }
            Err(error @ Error::Request(_)) => (None, error.to_string()),
            Err(error) => return Err(error),
        }
    };
    let token = Permission {
        name: "token",
        allowed: Some(token.is_ok()),
        words: match token {
            Ok(token) => format!(
                "codeartifact:GetAuthorizationToken, sts:GetServiceBearerToken; {}",
                token.good_until()
            ),
            Err(error) => error.to_string(),
        },
    };
    Ok(vec![
        token,
        Permission {
            name: "read",
            allowed: read,
            words,
        },
        Permission {
            name: "publish",
            allowed: None,
            words: "codeartifact:PublishPackageVersion shows only when a version is published"
                .to_owned(),
        },
    ])
}

fn tell(session: &Session<'_>, place: &Place, caller: &Caller, permissions: &[Permission]) {
    let say = |text: &str| session.printer.log(Level::Notice, "whoami", text);
    say(&format!("credentials: {}", caller.source));
    say(&format!("registry: {}", shown(place.registry.url.url())));
    for Permission {
        name,
        allowed,
        words,
    } in permissions
    {
        let verdict = match allowed {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        };
        say(&format!("{name}: {verdict}: {words}"));
    }
}
