//! `consign doctor`: what would make a publish fail, before it.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::aws::AwsArguments;
use super::publish::operand::{Named, Operand};
use super::publish::target::Target;
use super::publish::{check_names, release_of};
use super::run::Run;
use super::session::Session;
use crate::doctor::{Check, Checkup, Subject, Verdict, examine};
use crate::error::Error;
use crate::manifest::check_tag;
use crate::output::{Color, Printer};
use crate::pack::{NoScripts, Release};
use crate::publish::{Authority, check_size};
use crate::registry::credentials::Credentials;
use crate::registry::diagnosis::explain;

/// Look for everything that would make `consign publish` fail, with the same flags: package,
/// registry, credentials, permissions, version, origin controls, tag. Changes nothing.
///
/// Each check ends as ok, warn, fail or skip, with the next step. Exits 0 only if nothing was found
/// that would stop a publish; otherwise with the status that the publish would end with. The right
/// to publish itself shows only when a version is published. No scripts are run.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    consign doctor  # the package of this directory, the registry of .npmrc\n  \
    consign doctor --json dist/tool-1.2.0.tgz")]
pub(super) struct Arguments {
    /// Package directory [default: .], or a tarball: FILE.tgz, FILE.tar.gz or FILE.tar
    #[arg(value_name = "DIR|FILE")]
    what: Option<PathBuf>,
    /// dist-tag that would be published under
    #[arg(long, default_value = "latest")]
    tag: String,
    /// Who could see a scoped package: public or restricted
    #[arg(long)]
    access: Option<String>,
    /// The largest request the registry takes [default: 2 GiB on `CodeArtifact`, otherwise any]
    #[arg(long, value_name = "BYTES")]
    max_request: Option<u64>,
    #[command(flatten)]
    common: super::CommonArguments,
    #[command(flatten)]
    aws: AwsArguments,
    /// Print an object of the packages, each with its checks
    #[arg(long, help_heading = "Output")]
    json: bool,
}

const COMMAND: &str = "doctor";

/// What was found for one package.
struct Found {
    id: String,
    registry: Option<String>,
    checkup: Checkup,
}

pub(super) fn run(session: &Session<'_>) -> Result<u8, Error> {
    check_tag(&session.settings.tag)?;
    let run = Run::start(session)?;
    let mut status = 0;
    let mut objects = Map::new();
    for found in examine_all(&run)? {
        let ended = found.checkup.exit_status();
        if status == 0 {
            status = ended;
        }
        if session.settings.json {
            let (id, object) = object(found);
            objects.insert(id, object);
        } else {
            tell(session, found).map_err(printing)?;
        }
    }
    if session.settings.json {
        session.printer.json(&objects).map_err(printing)?;
    }
    Ok(status)
}

fn printing(source: std::io::Error) -> Error {
    Error::System {
        doing: "could not print the checks",
        source,
    }
}

fn examine_all(run: &Run<'_>) -> Result<Vec<Found>, Error> {
    let all = Named::all(run.session, COMMAND)?;
    Ok(all
        .iter()
        .filter_map(|named| examine_one(run, named))
        .collect())
}

/// `None` for a private member, which a publish of workspaces passes over.
fn examine_one(run: &Run<'_>, named: &Named<'_>) -> Option<Found> {
    let session = run.session;
    let mut found = Found {
        id: match &named.operand {
            Operand::Directory(directory) => directory.display().to_string(),
            Operand::Tarball(argument) => (*argument).to_owned(),
        },
        registry: None,
        checkup: Checkup::default(),
    };
    match release_of(session, named, &NoScripts) {
        Err(error) => found.checkup.fail("package", &error),
        Ok(release) if release.is_private() && named.member.is_some() => {
            named.skip(session, COMMAND);
            return None;
        }
        Ok(release) => {
            found.id.clone_from(&release.packed.id);
            let is_packed = matches!(named.operand, Operand::Directory(_));
            examine_release(run, &release, is_packed, &mut found);
        }
    }
    Some(found)
}

/// The checks that need no network, then those that do.
fn examine_release(run: &Run<'_>, release: &Release, is_packed: bool, found: &mut Found) {
    let session = run.session;
    let Found {
        registry, checkup, ..
    } = found;
    let target = Target::of(session, release, run.tokens.aws());
    let target = match run.wait(target) {
        Ok(target) => target,
        Err(error) => {
            examine_package(release, None, is_packed, session, checkup);
            checkup.fail("registry", &error);
            return;
        }
    };
    examine_package(release, Some(&target), is_packed, session, checkup);
    tell_registry(&target, checkup);
    *registry = Some(target.url().to_string());
    let authority = match target.authority(session) {
        Ok(authority) => authority,
        Err(error) => return checkup.fail("credentials", &error),
    };
    tell_credentials(&authority, &target, session, checkup);
    let document = match target.document(release, &release.manifest) {
        Ok(document) => document,
        Err(error) => return checkup.fail("package", &error),
    };
    let publish = target.publish_options(session);
    match check_size(&document, &publish) {
        Err(error) => checkup.fail("size", &error.into()),
        Ok(()) => checkup.ok(
            "size",
            match publish.largest_request {
                Some(largest) => {
                    format!("{} bytes to send, of {largest}", document.content_length())
                }
                None => format!("{} bytes to send", document.content_length()),
            },
        ),
    }
    if checkup.has_failed() {
        return;
    }
    let client = match target.client_options(session, release) {
        Ok(client) => client,
        Err(error) => return checkup.fail("credentials", &error),
    };
    let subject = Subject {
        release,
        document: &document,
        url: target.url(),
        endpoint: target.place.endpoint.as_ref(),
        authority,
        client,
        publish,
        tokens: &run.tokens,
        log: &session.printer,
    };
    run.wait(examine(subject, checkup));
}

/// What npm refuses to publish, and what a look from outside cannot see.
fn examine_package(
    release: &Release,
    target: Option<&Target>,
    is_packed: bool,
    session: &Session<'_>,
    checkup: &mut Checkup,
) {
    let name = "package";
    let refusal = check_names(session, release);
    let refusal = refusal.and_then(|()| release.version_object().map(drop));
    let refusal = refusal.and_then(|()| match target {
        Some(target) => target
            .check_tag(session, release)
            .and_then(|()| target.check_access()),
        None => Ok(()),
    });
    if let Err(error) = refusal {
        return checkup.fail(name, &error);
    }
    let packed = &release.packed;
    let text = format!(
        "{}: {} files, {} bytes packed",
        packed.id,
        packed.listing.len(),
        packed.digests.size
    );
    let scripts = scripts(release);
    if scripts.is_empty() || !is_packed || session.settings.ignore_scripts {
        checkup.ok(name, text);
    } else {
        checkup.warn(
            name,
            format!("{text}, without what {} would make of it", scripts.join(", ")),
            Some("no scripts were run: run them before, so that the package is what would be published".into()),
        );
    }
}

/// The scripts that a publish runs before it packs.
fn scripts(release: &Release) -> Vec<&'static str> {
    let scripts = release.manifest.get("scripts").and_then(Value::as_object);
    let has = |name: &&str| scripts.is_some_and(|scripts| scripts.contains_key(*name));
    ["prepublishOnly", "prepack", "prepare"]
        .into_iter()
        .filter(has)
        .collect()
}

fn tell_registry(target: &Target, checkup: &mut Checkup) {
    let registry = &target.place.registry;
    let named = format!(
        "{} (`{}` from {})",
        registry.url, registry.key, registry.origin
    );
    checkup.ok(
        "registry",
        match &target.place.endpoint {
            None => named,
            Some(endpoint) => format!(
                "{named}: the repository {} of the domain {}, account {}{}",
                endpoint.repository,
                endpoint.domain,
                endpoint.owner,
                endpoint
                    .region
                    .as_ref()
                    .map_or_else(String::new, |region| format!(", region {region}")),
            ),
        },
    );
}

fn tell_credentials(
    authority: &Authority<'_>,
    target: &Target,
    session: &Session<'_>,
    checkup: &mut Checkup,
) {
    let name = "credentials";
    let flat = &target.flat;
    match authority {
        Authority::Missing => checkup.fail(name, &target.needs_login(session)),
        Authority::Configured(_) => {
            let scope = target.scope.as_deref();
            let url = target.url().url();
            let source = Credentials::for_request(&session.config, flat, url, scope)
                .ok()
                .and_then(|credentials| credentials.source);
            checkup.ok(
                name,
                match source {
                    Some(source) => format!("{} from {}", source.key, source.origin),
                    None => "configured".to_owned(),
                },
            );
        }
        Authority::CodeArtifact(_) => {
            let diagnosis = explain(&session.config, flat, &target.place.registry);
            let near: Vec<String> = diagnosis
                .near_misses
                .iter()
                .filter(|miss| miss.is_about(target.url()))
                .map(ToString::to_string)
                .collect();
            if near.is_empty() {
                checkup.ok(name, "none are configured for it: AWS credentials are used");
            } else {
                checkup.warn(
                    name,
                    format!(
                        "AWS credentials are used; npm would find none, because {}",
                        near.join("; ")
                    ),
                    Some("for other clients, `consign login` writes the right lines".to_owned()),
                );
            }
        }
    }
}

fn object(found: Found) -> (String, Value) {
    let status = found.checkup.exit_status();
    let object = json!({
        "registry": found.registry,
        "ok": status == 0,
        "status": status,
        "checks": found.checkup.into_checks(),
    });
    (found.id, object)
}

fn tell(session: &Session<'_>, found: Found) -> std::io::Result<()> {
    let Found { id, checkup, .. } = found;
    let status = checkup.exit_status();
    for check in checkup.into_checks() {
        session.printer.data(&line(&session.printer, &check))?;
    }
    session.printer.data(&match status {
        0 => format!("fit to publish, as far as that shows: {id}"),
        status => format!("not fit to publish: {id} (a publish would exit with {status})"),
    })
}

fn line(printer: &Printer, check: &Check) -> String {
    let mark = match check.verdict {
        Verdict::Ok => printer.painted(Color::Green, "ok  "),
        Verdict::Warn => printer.painted(Color::Yellow, "warn"),
        Verdict::Fail => printer.painted(Color::Red, "FAIL"),
        Verdict::Skip => "skip".to_owned(),
    };
    // Further lines stand under the text.
    let indent = format!("\n{:18}", "");
    let text = check.text.replace('\n', &indent);
    let next = check.next.as_ref();
    let next = next.map(|next| format!("{indent}next: {}", next.replace('\n', &indent)));
    format!(
        "{mark} {:<12} {text}{}",
        check.name,
        next.unwrap_or_default()
    )
}
