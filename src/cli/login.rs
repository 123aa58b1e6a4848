//! `consign login`: a registry of `CodeArtifact` and a token for it, written into `.npmrc`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::ConfigurationArguments;
use super::aws::AwsArguments;
use super::place::Place;
use super::session::{Session, current_thread};
use super::token::{registry_key, token_key};
use crate::codeartifact::{Aws, DomainName, Tokens};
use crate::config::{Layer, Readers, save_npmrc, set_in_npmrc};
use crate::environment::Environment;
use crate::error::Error;
use crate::output::{Level, Log as _};

/// What stands for the token where it is not to be seen.
const MASK: &str = "****";

/// Writes a registry of `CodeArtifact` and a token for it into .npmrc, where npm, pnpm, bun and
/// yarn 1 read them. Neither npm nor the AWS CLI is needed.
///
/// The token is good for 12 hours, unless --duration says otherwise, and always goes into the
/// user's .npmrc (--userconfig), which then only its owner can read. Other lines stay as they are.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    consign login --domain team --repository releases\n  \
    consign login --scope @acme --location project --dry-run")]
pub(super) struct Arguments {
    /// For packages of this scope only; otherwise for all
    #[arg(long, value_name = "@SCOPE", alias = "namespace")]
    scope: Option<String>,
    /// Which .npmrc names the registry: the user's, or that of the project or workspace root
    #[arg(long, value_enum, default_value_t = Location::User)]
    location: Location,
    /// Also set always-auth for the registry, which yarn 1 needs and npm warns about
    #[arg(long)]
    always_auth: bool,
    /// Take no token; print what would be written, with the token masked
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    configuration: ConfigurationArguments,
    #[command(flatten)]
    aws: AwsArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Location {
    User,
    Project,
}

pub(super) fn run(arguments: &Arguments, environment: &Environment) -> u8 {
    let session = match arguments.configuration.session(environment) {
        Ok(session) => session,
        Err(status) => return status,
    };
    match log_in(arguments, &session) {
        Ok(()) => 0,
        Err(error) => session.report(&error),
    }
}

fn log_in(arguments: &Arguments, session: &Session<'_>) -> Result<(), Error> {
    let scope = checked_scope(arguments.scope.as_deref())?;
    let options = arguments.aws.options(session.environment)?;
    let tokens = Tokens::new(Aws::new(options));
    let runtime = current_thread()?;
    let place = Place::choose_of_codeartifact(session, scope.as_deref(), tokens.aws());
    let (place, endpoint) = runtime.block_on(place)?;
    let url = place.registry.url.to_string();
    let files = Files::of(arguments.location, session)?;
    let registry = (registry_key(scope.as_deref()), url.clone());
    warn_of_stronger(session, &registry, arguments.location);
    let token_key = token_key(&place.registry.url);
    let always_auth = arguments.always_auth.then(|| {
        let key = format!("{}:always-auth", place.registry.url.nerf_dart());
        (key, "true".to_owned())
    });

    let mut shared = vec![registry];
    shared.extend(always_auth);
    if arguments.dry_run {
        return files.show(session, &shared, &token_key);
    }
    // What cannot be read is known before a token is taken.
    files.read()?;
    let domain = DomainName::from(&endpoint);
    let token = runtime.block_on(tokens.token(&domain, &session.printer))?;
    files.write(&shared, (&token_key, token.secret().expose()))?;
    session.printer.log(
        Level::Notice,
        "login",
        &format!(
            "{} is the registry of {}, by {}; the token in {} is {}",
            url,
            scope.as_deref().unwrap_or("all packages"),
            files.registry.display(),
            files.token.display(),
            token.good_until(),
        ),
    );
    Ok(())
}

/// The scope with its @.
fn checked_scope(scope: Option<&str>) -> Result<Option<String>, Error> {
    let Some(given) = scope else { return Ok(None) };
    let name = given.strip_prefix('@').unwrap_or(given);
    let is_right = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~'));
    if is_right {
        Ok(Some(format!("@{name}")))
    } else {
        Err(Error::Usage(format!(
            "--scope is {given:?}, which is not a scope such as @acme"
        )))
    }
}

/// Says where another line counts before the one that is written.
fn warn_of_stronger(session: &Session<'_>, (key, url): &(String, String), location: Location) {
    let written = match location {
        Location::User => Layer::User,
        Location::Project => Layer::Project,
    };
    let stronger = session
        .config
        .entries()
        .filter(|(name, entry)| {
            let layer = entry.origin.layer();
            name == key && layer.is_some_and(|layer| layer > written && layer != Layer::Cli)
        })
        .find(|(_, entry)| entry.value.as_text() != Some(url));
    if let Some((_, entry)) = stronger {
        session.printer.log(
            Level::Warn,
            "login",
            &format!(
                "`{key}` from {} counts before what is written here",
                entry.origin
            ),
        );
    }
}

/// Where the lines go.
struct Files {
    registry: PathBuf,
    token: PathBuf,
}

impl Files {
    fn of(location: Location, session: &Session<'_>) -> Result<Self, Error> {
        let user = session.settings.user_config.clone();
        let token = user.ok_or_else(|| {
            Error::Usage("there is no user's .npmrc to write to: give --userconfig".into())
        })?;
        let registry = match location {
            Location::User => token.clone(),
            Location::Project => session.config.local_prefix().join(".npmrc"),
        };
        Ok(Self { registry, token })
    }

    /// Shows what would be written.
    fn show(
        &self,
        session: &Session<'_>,
        shared: &[(String, String)],
        token_key: &str,
    ) -> Result<(), Error> {
        let mut lines = vec![format!("# {}", self.registry.display())];
        lines.extend(shared.iter().map(|(key, value)| format!("{key}={value}")));
        if self.registry != self.token {
            lines.push(format!("# {}", self.token.display()));
        }
        lines.push(format!("{token_key}={MASK}"));
        session
            .printer
            .data(&lines.join("\n"))
            .map_err(|source| Error::System {
                doing: "could not print the lines",
                source,
            })
    }

    /// Both files' texts.
    fn read(&self) -> Result<(Vec<u8>, Vec<u8>), Error> {
        Ok((read(&self.registry)?, read(&self.token)?))
    }

    /// The token first: a registry without one would fail every install.
    fn write(&self, shared: &[(String, String)], token: (&str, &str)) -> Result<(), Error> {
        let shared: Vec<(&str, &str)> = shared
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        let (registry, secret) = self.read()?;
        if self.registry == self.token {
            let pairs: Vec<_> = shared.into_iter().chain([token]).collect();
            return save(&self.token, &secret, &pairs, Readers::Owner);
        }
        save(&self.token, &secret, &[token], Readers::Owner)?;
        save(&self.registry, &registry, &shared, Readers::AsBefore)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    match std::fs::read(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(Error::Write {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Writes a file that changes; one that does not is left alone unless it holds the secret, whose
/// readers may have to change.
fn save(path: &Path, before: &[u8], pairs: &[(&str, &str)], readers: Readers) -> Result<(), Error> {
    let text = set_in_npmrc(before, pairs);
    if text == before && readers == Readers::AsBefore {
        return Ok(());
    }
    save_npmrc(path, &text, readers).map_err(|source| Error::Write {
        path: path.to_owned(),
        source,
    })
}
