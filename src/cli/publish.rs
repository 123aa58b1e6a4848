//! `consign publish`: a package directory or a ready tarball to a registry,
//! ending in one named outcome.

pub(in crate::cli) mod operand;
mod summary;
pub(in crate::cli) mod target;
mod terminal;

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use operand::{Named, Operand};
use target::Target;
use terminal::Terminal;

use super::aws::AwsArguments;
use super::run::Run;
use super::scripts::SessionScripts;
use super::session::Session;
use crate::codeartifact::Package;
use crate::config::ConfigValue;
use crate::error::Error;
use crate::lifecycle::Event;
use crate::manifest::{Manifest, ManifestError, check_package_and_tag, check_tag};
use crate::output::contents::{Contents, notice};
use crate::output::{Level, Log as _};
use crate::pack::{Packed, Packer, Ready, Release, Scripts};
use crate::publish::{Authority, PublishOptions, SecondFactor, Upload, publish};
use crate::registry::{Client, Outcome};

/// Pack a directory and publish it, or publish a ready tarball unchanged, as `npm publish`; prints
/// `+ name@version`.
///
/// Ends in one outcome: published, already-published (exit 0), conflict (10),
/// accepted-not-visible (11), unknown (12), unauthenticated or forbidden (13), rejected (14),
/// gate-failed (15), unreachable (16).
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    consign publish --domain team --repository releases\n  \
    consign publish dist/tool-1.2.0.tgz  # a ready tarball, unchanged\n  \
    consign publish --dry-run --tag next\n  \
    consign publish -ws --json > published.json")]
pub(super) struct Arguments {
    /// Package directory [default: .], or a tarball: FILE.tgz, FILE.tar.gz or FILE.tar
    #[arg(value_name = "DIR|FILE")]
    what: Option<PathBuf>,
    /// Do everything but the upload
    #[arg(long)]
    dry_run: bool,
    /// dist-tag to publish under
    #[arg(long, default_value = "latest")]
    tag: String,
    /// Who can see a scoped package: public or restricted
    #[arg(long)]
    access: Option<String>,
    /// One-time password
    #[arg(long, value_name = "CODE")]
    otp: Option<String>,
    /// Leave out the look at the versions that are there, the guards of `latest`, and the check
    /// of a ready tarball's paths
    #[arg(long)]
    force: bool,
    /// How long the version may take to become readable before the outcome is
    /// accepted-not-visible
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    wait: u32,
    /// The largest request the registry takes; a larger one is not sent [default: 2 GiB on
    /// `CodeArtifact`, otherwise any]
    #[arg(long, value_name = "BYTES")]
    max_request: Option<u64>,
    #[command(flatten)]
    common: super::CommonArguments,
    #[command(flatten)]
    aws: AwsArguments,
    /// Print an object: the package's name, its digests, sizes and files, and the outcome
    #[arg(long, help_heading = "Output")]
    json: bool,
}

pub(super) fn run(session: &Session<'_>) -> Result<u8, Error> {
    check_tag(&session.settings.tag)?;
    let run = Run::start(session)?;
    let mut printed = Map::new();
    let ended = publish_all(&run, &mut printed);
    if session.settings.json {
        // What was published before an error is told beside it.
        if let Err(error) = &ended {
            printed.insert("error".into(), super::report::error_object(error));
        }
    }
    // Of members that were all passed over npm prints nothing.
    if !printed.is_empty() {
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

fn publish_all(run: &Run<'_>, printed: &mut Map<String, Value>) -> Result<(), Error> {
    let command = "publish";
    for named in Named::all(run.session, command)? {
        match publish_one(run, &named, printed) {
            Err(Error::Manifest(ManifestError::Private)) if named.member.is_some() => {
                named.skip(run.session, command);
            }
            ended => ended?,
        }
    }
    Ok(())
}

fn publish_one(
    run: &Run<'_>,
    named: &Named<'_>,
    printed: &mut Map<String, Value>,
) -> Result<(), Error> {
    let Named { operand, member } = named;
    let session = run.session;
    let scripts = SessionScripts::new(session, "publish");
    let release = release_of(session, named, &scripts)?;
    let target = run.wait(Target::of(session, &release, run.tokens.aws()))?;
    target.check_tag(session, &release)?;
    if !session.settings.json {
        notice(&session.printer, &release.packed);
    }
    check_names(session, &release)?;
    if member.is_some() && release.is_private() {
        return Err(ManifestError::Private.into());
    }
    let ended = run.wait(upload(run, &release, &target));
    let ended = ended.and_then(|outcome| {
        tell(session, outcome.as_ref())?;
        Ok(outcome)
    });
    summary::add(session, &release, &target, &ended);
    let outcome = ended?;
    let packed = &release.packed;
    if session.settings.json {
        let mut object = json!(Contents(packed));
        if let (Some(outcome), Some(object)) = (&outcome, object.as_object_mut()) {
            object.insert("outcome".into(), outcome.name().into());
        }
        printed.insert(packed.name.clone(), object);
    }
    // A tarball's scripts are its author's, who ran them when it was packed.
    if let Operand::Directory(directory) = operand {
        for event in [Event::Publish, Event::Postpublish] {
            scripts.run(event, directory, &release.manifest, &[])?;
        }
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

/// Packs a directory by way of its scripts, or takes a tarball as it is.
pub(in crate::cli) fn release_of(
    session: &Session<'_>,
    named: &Named<'_>,
    scripts: &dyn Scripts,
) -> Result<Release, Error> {
    match &named.operand {
        Operand::Directory(directory) => {
            let packer = Packer {
                options: session.pack_options(named.selected()),
                scripts,
                log: &session.printer,
            };
            packer
                .pack_release(directory)
                .map_err(|error| nameless(directory, error))
        }
        Operand::Tarball(argument) => {
            let ready = Ready {
                argument,
                working_directory: session.environment.current_directory(),
                is_forced: session.settings.force,
            };
            ready.release(&session.printer)
        }
    }
}

/// npm's refusals of names, versions and tags.
pub(in crate::cli) fn check_names(session: &Session<'_>, release: &Release) -> Result<(), Error> {
    let Packed { name, version, .. } = &release.packed;
    check_package_and_tag(name, version, &session.settings.tag)?;
    if name.is_empty() {
        // With a tag such as `a/b` the check takes what it sees for a scoped name.
        return Err(ManifestError::MissingNameOrVersion.into());
    }
    Ok(())
}

/// What npm answers to a package without a name, in better words: it trips over the name when it looks at the tag.
fn nameless(directory: &Path, error: Error) -> Error {
    let lacks_name = matches!(error, Error::Manifest(ManifestError::MissingNameOrVersion))
        && Manifest::read(directory).is_ok_and(|manifest| manifest.version().is_some());
    if lacks_name {
        Error::Refused {
            code: Some("EINVALIDTAGNAME"),
            message: error.to_string(),
            hint: error.hint(),
        }
    } else {
        error
    }
}

/// Sends the release; `None` in a dry run against which nothing stood.
async fn upload(
    run: &Run<'_>,
    release: &Release,
    target: &Target,
) -> Result<Option<Outcome>, Error> {
    let session = run.session;
    let printer = &session.printer;
    let dry_run = session.settings.dry_run;
    let mut authority = target.authority(session)?;
    if matches!(authority, Authority::Missing) {
        let refusal = target.needs_login(session);
        if !dry_run {
            return Err(refusal);
        }
        printer.log(Level::Warn, "publish", &format!("{refusal} (dry-run)"));
        // A key of a folder above does not count for the check, but for requests.
        authority = Authority::unchecked(&session.config, &target.flat, target.scope.as_deref());
    }
    let asks_aws = matches!(authority, Authority::CodeArtifact(_));
    let authorize = authority.obtain(&run.tokens, printer).await?;

    let shown_access = match &target.settings.access {
        ConfigValue::Null => "default".to_owned(),
        access => access.to_text().unwrap_or_default(),
    };
    let (url, tag) = (target.url(), &session.settings.tag);
    let suffix = if dry_run { " (dry-run)" } else { "" };
    printer.log(
        Level::Notice,
        "",
        &format!("Publishing to {url} with tag {tag} and {shown_access} access{suffix}"),
    );
    let version_object = if dry_run {
        let mut unsent = release.manifest.clone();
        // One that has no text is refused when it is sent.
        unsent.shift_remove("tag");
        unsent
    } else {
        release.version_object()?
    };
    if !dry_run {
        if let Some(warning) = release.upload_warning() {
            printer.log(Level::Warn, "", &warning);
        }
        target.check_access()?;
    }
    let packed = &release.packed;
    let document = target.document(release, &version_object)?;
    let options = target.client_options(session, release)?;
    let client = Client::new(url.clone(), options, authorize.as_ref(), printer);
    let upload = Upload {
        name: &packed.name,
        version: &packed.version,
        document: &document,
        tarball: &release.tarball,
        digests: packed.digests,
    };
    let terminal = Terminal::of(session);
    let options = PublishOptions {
        second_factor: terminal
            .as_ref()
            .map(|terminal| terminal as &dyn SecondFactor),
        ..target.publish_options(session)
    };
    let outcome = publish(&client, &upload, &options, printer).await?;
    if let (Some(outcome), Some(endpoint), true) = (&outcome, &target.place.endpoint, asks_aws)
        && outcome.is_refusal()
    {
        // The npm side says little more than no: the API knows why.
        let name = &packed.name;
        let package = Package { endpoint, name };
        if let Some(obstacle) = run.tokens.aws().obstacle(package, &packed.version).await {
            return Err(Error::Obstructed {
                outcome: outcome.clone(),
                obstacle: Box::new(obstacle),
            });
        }
    }
    Ok(outcome)
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
