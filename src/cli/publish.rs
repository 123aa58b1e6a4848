//! `consign publish`: a package directory to a registry, ending in one named
//! outcome.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};
use url::Url;

use super::scripts::SessionScripts;
use super::session::{Session, current_thread};
use crate::codeartifact::{AwsOptions, Endpoint, endpoint};
use crate::config::{ConfigValue, Flat, RequestSettings};
use crate::document::{Document, Publication};
use crate::error::Error;
use crate::lifecycle::Event;
use crate::manifest::{ManifestError, check_tag, is_prerelease};
use crate::output::contents::{Contents, notice};
use crate::output::{Level, Log as _};
use crate::pack::{Packer, Release, Scripts as _};
use crate::publish::{Authority, PublishOptions, Upload, publish};
use crate::registry::choice::Registry;
use crate::registry::credentials::{ClientCertificate, Credentials};
use crate::registry::diagnosis::explain;
use crate::registry::url::RegistryUrl;
use crate::registry::{
    Client, ClientOptions, ConnectionOptions, OneTimePassword, Outcome, RetryPolicy,
};
use crate::workspace::Member;

/// Pack a directory and publish it, as `npm publish`; prints `+ name@version`.
///
/// Ends in one outcome: published, already-published (exit 0), conflict (10),
/// accepted-not-visible (11), unknown (12), unauthenticated or forbidden (13), rejected (14),
/// gate-failed (15), unreachable (16).
#[derive(clap::Args)]
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
    check_tag(&session.settings.tag)?;
    let mut printed = Map::new();
    let ended = publish_all(session, &mut printed);
    if session.settings.json {
        // What was published before an error is told beside it.
        if let Err(error) = &ended {
            printed.insert("error".into(), super::report::error_object(error));
        }
        let told = session.printer.json(&printed);
        told.map_err(|source| Error::System {
            doing: "could not print the result",
            source,
        })?;
    }
    match ended {
        Ok(()) => Ok(0),
        Err(error) => Ok(super::report::error(&session.printer, false, &error)),
    }
}

fn publish_all(session: &Session<'_>, printed: &mut Map<String, Value>) -> Result<(), Error> {
    let Some(members) = session.selected()? else {
        let directory = match session.operands.as_slice() {
            [] => session.path("."),
            [operand] => session.path(operand),
            _ => return Err(Error::Usage("publish takes one package directory".into())),
        };
        return publish_one(session, &directory, None, printed);
    };
    let selected: Vec<PathBuf> = members
        .iter()
        .map(|member| member.directory.clone())
        .collect();
    for member in &members {
        match publish_one(
            session,
            &member.directory,
            Some((member, &selected)),
            printed,
        ) {
            Err(Error::Manifest(ManifestError::Private)) => session.printer.log(
                Level::Warn,
                "publish",
                &format!("Skipping workspace {}, marked as private", member.name),
            ),
            ended => ended?,
        }
    }
    Ok(())
}

fn publish_one(
    session: &Session<'_>,
    directory: &Path,
    workspace: Option<(&Member, &[PathBuf])>,
    printed: &mut Map<String, Value>,
) -> Result<(), Error> {
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
    let scripts = SessionScripts::new(session, "publish");
    let packer = Packer {
        options: session.pack_options(workspace.map(|(_, selected)| selected)),
        scripts: &scripts,
        log: &session.printer,
    };
    let release = packer.pack_release(directory)?;
    let target = Target::of(session, &release)?;
    if target.implicit_tag && !session.settings.force && is_prerelease(&release.manifest)? {
        return Err(Error::Refused {
            code: None,
            message: "You must specify a tag using --tag when publishing a prerelease version."
                .into(),
            hint: Some("for example --tag next".into()),
        });
    }
    if !session.settings.json {
        notice(&session.printer, &release.packed);
    }
    if workspace.is_some() && release.is_private() {
        return Err(ManifestError::Private.into());
    }
    let outcome = current_thread()?.block_on(upload(session, &release, &target))?;
    tell(session, outcome.as_ref())?;
    let packed = &release.packed;
    if session.settings.json {
        let mut object = json!(Contents(packed));
        if let (Some(outcome), Some(object)) = (&outcome, object.as_object_mut()) {
            object.insert("outcome".into(), outcome.name().into());
        }
        printed.insert(packed.name.clone(), object);
    }
    for event in [Event::Publish, Event::Postpublish] {
        scripts.run(event, directory, &release.manifest, &[])?;
    }
    if !session.settings.json && session.printer.hears(Level::Error) {
        let told = session.printer.data(&format!("+ {}", packed.id));
        told.map_err(|source| Error::System {
            doing: "could not print the result",
            source,
        })?;
    }
    Ok(())
}

/// Where and as what a release goes.
struct Target {
    flat: Flat,
    settings: RequestSettings,
    registry: Registry,
    endpoint: Option<Endpoint>,
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
        let settings = config.request_settings(&flat)?;
        let scope = release
            .packed
            .name
            .split_once('/')
            .map(|(scope, _)| scope.to_owned());
        let mut registry = Registry::choose(&flat, scope.as_deref())?;
        let aws = AwsOptions {
            service: service(session),
            ..AwsOptions::default()
        };
        let endpoint = endpoint::parse(registry.url.url(), aws.service.as_ref())?;
        if endpoint.is_some() && !registry.url.ends_with_slash() {
            session.printer.log(
                Level::Warn,
                "codeartifact",
                &format!(
                    "{} has no slash at its end, without which CodeArtifact cannot be reached by npm; it is added",
                    registry.url
                ),
            );
            registry.url = registry.url.with_slash();
        }
        let publish_tag = publish_config.and_then(|overrides| overrides.get("tag"));
        let implicit_tag =
            session.settings.tag_is_default && publish_tag.is_none_or(Value::is_null);
        Ok(Self {
            flat,
            settings,
            registry,
            endpoint,
            aws,
            scope,
            implicit_tag,
        })
    }

    fn url(&self) -> &RegistryUrl {
        &self.registry.url
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
    let dry_run = session.settings.dry_run;
    let scope = target.scope.as_deref();
    let endpoint = target.endpoint.clone();
    let authority = Authority::find(
        &session.config,
        &target.flat,
        target.url(),
        endpoint,
        scope,
        printer,
    )?;
    if matches!(authority, Authority::Missing) {
        let message = format!(
            "This command requires you to be logged in to {}",
            target.url()
        );
        if !dry_run {
            let diagnosis = explain(&session.config, &target.flat, &target.registry);
            return Err(Error::Refused {
                code: Some("ENEEDAUTH"),
                message,
                hint: Some(diagnosis.to_string()),
            });
        }
        printer.log(Level::Warn, "publish", &format!("{message} (dry-run)"));
    }
    let authorize = authority.obtain(&target.aws).await?;

    let access = target.settings.access.as_deref();
    let shown_access = access.unwrap_or("default");
    let (url, tag) = (target.url(), &session.settings.tag);
    let suffix = if dry_run { " (dry-run)" } else { "" };
    printer.log(
        Level::Notice,
        "",
        &format!("Publishing to {url} with tag {tag} and {shown_access} access{suffix}"),
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
            tag: &target.settings.tag,
            access,
            registry: url,
            digests: packed.digests,
        },
        release.tarball.clone(),
    );
    let options = client_options(session, target)?;
    let client = Client::new(url.clone(), options, authorize.as_ref(), printer);
    let upload = Upload {
        name: &packed.name,
        version: &packed.version,
        document: &document,
        tarball: &release.tarball,
        digests: packed.digests,
    };
    let wait = session
        .config
        .value("wait")
        .map_or(60.0, ConfigValue::to_number);
    let options = PublishOptions {
        retry: retry_policy(session, target),
        wait: Duration::try_from_secs_f64(wait).unwrap_or_default(),
        implicit_tag: target.implicit_tag,
        force: session.settings.force,
        dry_run,
    };
    Ok(publish(&client, &upload, &options, printer).await?)
}

fn client_options(session: &Session<'_>, target: &Target) -> Result<ClientOptions, Error> {
    let settings = &target.settings;
    let otp = settings.otp.as_ref();
    let scope = target.scope.as_deref();
    let url = target.url().url();
    let credentials = Credentials::for_request(&session.config, &target.flat, url, scope)?;
    // A registry's own certificate counts before the deprecated one for all.
    let common = || {
        Some(ClientCertificate {
            certificate: settings.tls.certificate.clone()?,
            key: settings.tls.key.clone()?,
        })
    };
    let local_address = target.flat.value("local-address");
    Ok(ClientOptions {
        user_agent: session.user_agent(),
        command: "publish",
        otp: otp.and_then(|otp| OneTimePassword::new(otp.expose())),
        timeout: settings.retry.timeout,
        connection: ConnectionOptions {
            tls: settings.tls.clone(),
            proxies: settings.proxies.clone(),
            certificate: credentials.client_certificate.or_else(common),
            local_address: local_address.and_then(|value| value.as_text()?.parse().ok()),
        },
    })
}

/// npm's settings where somebody set them; consign's own waits otherwise.
fn retry_policy(session: &Session<'_>, target: &Target) -> RetryPolicy {
    let (default, npm) = (RetryPolicy::default(), target.settings.retry);
    let is_set = |key: &str| !session.config.is_default(key);
    RetryPolicy {
        retries: npm.retries,
        factor: npm.factor,
        first_wait: if is_set("fetch-retry-mintimeout") {
            npm.first_wait
        } else {
            default.first_wait
        },
        longest_wait: if is_set("fetch-retry-maxtimeout") {
            npm.longest_wait
        } else {
            default.longest_wait
        },
    }
}

/// Tells a good end; a bad one is the error.
fn tell(session: &Session<'_>, outcome: Option<&Outcome>) -> Result<(), Error> {
    let say = |text: &str| session.printer.log(Level::Notice, "publish", text);
    match outcome {
        Some(outcome) if !outcome.is_success() => return Err(Error::Outcome(outcome.clone())),
        Some(Outcome::AlreadyPublished) => {
            say("this version is already there with identical contents; nothing was sent");
        }
        Some(Outcome::Published {
            confirmed_by_reading: true,
        }) => {
            say("the registry's answer was lost; it holds the version with our integrity");
        }
        _ => {}
    }
    Ok(())
}
