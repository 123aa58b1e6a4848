//! `consign publish`: a package directory to a registry, ending in one named
//! outcome.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use super::session::{Session, current_thread};
use crate::codeartifact::{AwsOptions, endpoint};
use crate::config::{ConfigValue, Flat};
use crate::document::{Document, Publication};
use crate::error::Error;
use crate::manifest::{check_tag, is_prerelease};
use crate::output::contents::{Contents, notice};
use crate::output::{Level, Log as _};
use crate::pack::{Release, pack_release};
use crate::publish::{Authority, PublishOptions, Upload, publish};
use crate::registry::choice::Registry;
use crate::registry::url::RegistryUrl;
use crate::registry::{Client, ClientOptions, OneTimePassword, Outcome, RetryPolicy};

/// Pack a directory and publish it, as `npm publish`; prints `+ name@version`.
///
/// Ends in one outcome: published, already-published (exit 0), conflict (10),
/// accepted-not-visible (11), unknown (12), unauthenticated or forbidden (13), rejected (14),
/// gate-failed (15), unreachable (16).
#[derive(clap::Args)]
#[expect(
    dead_code,
    reason = "npm's rules read these (`config::Flags`); clap shows them in --help"
)]
pub(super) struct Arguments {
    /// Package directory [default: .]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Do everything but the upload
    #[arg(long)]
    dry_run: bool,
    /// Print an object: the package's name, its digests, sizes and files, and the outcome
    #[arg(long)]
    json: bool,
    /// dist-tag to publish under
    #[arg(long, default_value = "latest")]
    tag: String,
    /// Who can see a scoped package: public or restricted
    #[arg(long)]
    access: Option<String>,
    /// One-time password
    #[arg(long, value_name = "CODE")]
    otp: Option<String>,
    /// Leave out the look at the versions that are there, and the guards of `latest`
    #[arg(long)]
    force: bool,
    /// How long the version may take to become readable before the outcome is
    /// accepted-not-visible
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    wait: u32,
    #[command(flatten)]
    common: super::CommonArguments,
}

pub(super) fn run(session: &Session<'_>) -> Result<u8, Error> {
    let directory = match session.operands.as_slice() {
        [] => session.path("."),
        [operand] => session.path(operand),
        _ => return Err(Error::Usage("publish takes one package directory".into())),
    };
    if directory.is_file() {
        return Err(Error::Refused {
            code: None,
            message: format!(
                "{} is a file: publishing a ready tarball is not supported yet",
                directory.display()
            ),
            hint: Some("publish the package's directory".into()),
        });
    }
    let tag = session.text("tag").unwrap_or_default();
    check_tag(tag)?;
    let release = pack_release(&directory, &session.printer)?;
    let target = Target::of(session, &release)?;
    if target.implicit_tag && !session.is_true("force") && is_prerelease(&release.manifest)? {
        return Err(Error::Refused {
            code: None,
            message: "You must specify a tag using --tag when publishing a prerelease version."
                .into(),
            hint: Some("for example --tag next".into()),
        });
    }
    if !session.is_true("json") {
        notice(&session.printer, &release.packed);
    }
    let outcome = current_thread()?.block_on(upload(session, &release, &target))?;
    finish(session, &release, outcome)
}

/// Where and as what a release goes.
struct Target {
    flat: Flat,
    registry: RegistryUrl,
    endpoint: Option<endpoint::Endpoint>,
    aws: AwsOptions,
    scope: Option<String>,
    /// Nobody named a tag.
    implicit_tag: bool,
}

impl Target {
    fn of(session: &Session<'_>, release: &Release) -> Result<Self, Error> {
        let config = &session.config;
        let publish_config = release.manifest.get("publishConfig");
        let flat = match publish_config {
            Some(overrides) => {
                for warning in config.publish_config_warnings(overrides) {
                    session
                        .printer
                        .log(Level::Warn, warning.prefix, &warning.text);
                }
                config.flat_with(overrides)?
            }
            None => config.flat().clone(),
        };
        let name = &release.packed.name;
        let scope = name.split_once('/').map(|(scope, _)| scope.to_owned());
        let registry = Registry::choose(&flat, scope.as_deref())?.url;
        let aws = AwsOptions {
            service: service(session),
            ..AwsOptions::default()
        };
        let endpoint = endpoint::parse(registry.url(), aws.service.as_ref())?;
        // The service cannot be reached without the slash at the end.
        let registry = if endpoint.is_some() {
            registry.with_slash()
        } else {
            registry
        };
        let publish_tag = publish_config.and_then(|overrides| overrides.get("tag"));
        let implicit_tag = config.is_default("tag") && publish_tag.is_none_or(Value::is_null);
        Ok(Self {
            flat,
            registry,
            endpoint,
            aws,
            scope,
            implicit_tag,
        })
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.flat
            .value(key)
            .and_then(ConfigValue::as_text)
            .filter(|text| !text.is_empty())
    }

    /// A key's value as a number, where it is set by somebody.
    fn number(&self, key: &str) -> Option<u32> {
        self.flat.value(key)?.to_text().ok()?.parse().ok()
    }
}

/// The AWS service where it is not AWS's own.
fn service(session: &Session<'_>) -> Option<Url> {
    ["AWS_ENDPOINT_URL_CODEARTIFACT", "AWS_ENDPOINT_URL"]
        .iter()
        .find_map(|name| session.environment.non_empty(name))
        .and_then(|url| Url::parse(&url).ok())
}

/// Sends the release; `None` in a dry run against which nothing stood.
async fn upload(
    session: &Session<'_>,
    release: &Release,
    target: &Target,
) -> Result<Option<Outcome>, Error> {
    let printer = &session.printer;
    let dry_run = session.is_true("dry-run");
    let scope = target.scope.as_deref();
    let authority = Authority::find(
        &session.config,
        &target.flat,
        &target.registry,
        target.endpoint.clone(),
        scope,
        printer,
    )?;
    if matches!(authority, Authority::Missing) {
        let message = format!(
            "This command requires you to be logged in to {}",
            target.registry
        );
        if !dry_run {
            return Err(need_auth(target, message));
        }
        printer.log(Level::Warn, "publish", &format!("{message} (dry-run)"));
    }
    let authorize = authority.obtain(&target.aws).await?;

    let access = target.text("access");
    let tag = session.text("tag").unwrap_or_default();
    let suffix = if dry_run { " (dry-run)" } else { "" };
    let shown_access = access.unwrap_or("default");
    printer.log(
        Level::Notice,
        "",
        &format!(
            "Publishing to {} with tag {tag} and {shown_access} access{suffix}",
            target.registry
        ),
    );
    let version_object = if dry_run {
        release.manifest.clone()
    } else {
        release.version_object()?
    };
    if !dry_run && access == Some("restricted") && scope.is_none() {
        return Err(Error::Refused {
            code: Some("EUNSCOPED"),
            message: "Can't restrict access to unscoped packages.".into(),
            hint: Some("give the package a scope, or leave out --access".into()),
        });
    }
    let packed = &release.packed;
    let document = Document::new(
        &Publication {
            manifest: &version_object,
            name: &packed.name,
            version: &packed.version,
            tag: target.text("tag").unwrap_or(tag),
            access,
            registry: &target.registry,
            digests: packed.digests,
        },
        release.tarball.clone(),
    );
    let client = Client::new(
        target.registry.clone(),
        client_options(session, target),
        authorize.as_ref(),
        printer,
    );
    let upload = Upload {
        name: &packed.name,
        version: &packed.version,
        document: &document,
        tarball: &release.tarball,
        digests: packed.digests,
    };
    let options = PublishOptions {
        retry: retry_policy(session, target),
        wait: Duration::from_secs(u64::from(target.number("wait").unwrap_or(60))),
        implicit_tag: target.implicit_tag,
        force: session.is_true("force"),
        dry_run,
    };
    Ok(publish(&client, &upload, &options, printer).await?)
}

fn need_auth(target: &Target, message: String) -> Error {
    let key = target.registry.nerf_dart();
    Error::Refused {
        code: Some("ENEEDAUTH"),
        message,
        hint: Some(format!(
            "put a token for exactly this registry into .npmrc: {key}:_authToken=${{NPM_TOKEN}}"
        )),
    }
}

fn client_options(session: &Session<'_>, target: &Target) -> ClientOptions {
    let platform = session.environment.platform();
    ClientOptions {
        user_agent: format!(
            "consign/{} {} {} workspaces/false",
            env!("CARGO_PKG_VERSION"),
            platform.os,
            platform.architecture
        ),
        command: "publish",
        otp: target.text("otp").and_then(OneTimePassword::new),
        timeout: Duration::from_millis(u64::from(
            target.number("fetch-timeout").unwrap_or(300_000),
        )),
    }
}

/// npm's settings where somebody set them; consign's own waits otherwise.
fn retry_policy(session: &Session<'_>, target: &Target) -> RetryPolicy {
    let default = RetryPolicy::default();
    let set = |key: &str| {
        if session.config.is_default(key) {
            None
        } else {
            target.number(key)
        }
    };
    let milliseconds = |key: &str| set(key).map(|number| Duration::from_millis(number.into()));
    RetryPolicy {
        retries: set("fetch-retries").unwrap_or(default.retries),
        first_wait: milliseconds("fetch-retry-mintimeout").unwrap_or(default.first_wait),
        factor: set("fetch-retry-factor").unwrap_or(default.factor),
        longest_wait: milliseconds("fetch-retry-maxtimeout").unwrap_or(default.longest_wait),
    }
}

/// Tells how it ended.
fn finish(session: &Session<'_>, release: &Release, outcome: Option<Outcome>) -> Result<u8, Error> {
    let printer = &session.printer;
    match &outcome {
        Some(outcome) if !outcome.is_success() => return Err(Error::Outcome(outcome.clone())),
        Some(Outcome::AlreadyPublished) => printer.log(
            Level::Notice,
            "publish",
            "this version is already there with identical contents; nothing was sent",
        ),
        Some(Outcome::Published {
            confirmed_by_reading: true,
        }) => printer.log(
            Level::Notice,
            "publish",
            "the registry's answer was lost; it holds the version with our integrity",
        ),
        _ => {}
    }
    let packed = &release.packed;
    let printed = if session.is_true("json") {
        let mut object = serde_json::to_value(Contents(packed)).unwrap_or_default();
        if let (Some(outcome), Some(object)) = (&outcome, object.as_object_mut()) {
            object.insert("outcome".into(), outcome.name().into());
        }
        printer.json(&Map::from_iter([(packed.name.clone(), object)]))
    } else if printer.hears(Level::Error) {
        printer.data(&format!("+ {}", packed.id))
    } else {
        Ok(())
    };
    printed.map_err(|source| Error::System {
        doing: "could not print the result",
        source,
    })?;
    Ok(outcome.map_or(0, |outcome| outcome.exit_status()))
}
