//! The sum of what can go wrong in a command, with npm's code, the exit status
//! and the next step of each.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;

use crate::codeartifact::{AwsError, AwsOptionError, EndpointError, Obstacle};
use crate::config::ConfigError;
use crate::lifecycle::ScriptError;
use crate::manifest::ManifestError;
use crate::manifest::rewrite::RewriteError;
use crate::node::{system_code, system_status};
use crate::pack::ReadyError;
use crate::packlist::PacklistError;
use crate::publish::PublishError;
use crate::registry::choice::RegistryChoiceError;
use crate::registry::credentials::CredentialError;
use crate::registry::{Challenge, Outcome, RequestError, TransportError, WebLogin};
use crate::sandbox::{self, SandboxError};
use crate::tarball::TarballError;
use crate::workspace::WorkspaceError;

/// Why a command ended without doing its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no telling which registry a package goes to.
    #[error(transparent)]
    RegistryChoice(#[from] RegistryChoiceError),
    /// Credentials that are configured cannot be read.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// package.json cannot be packed or published.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A ready tarball cannot be published.
    #[error(transparent)]
    Ready(#[from] ReadyError),
    /// A package.json or a file of its workspace cannot be made into what consumers understand.
    #[error("{} cannot be rewritten for publishing", path.display())]
    Rewrite {
        /// The file the error is about.
        path: PathBuf,
        /// What is wrong.
        source: RewriteError,
    },
    /// `publishConfig.directory` leads to no package.
    #[error("\"publishConfig.directory\" in {} leads to no package", package_json.display())]
    PublishDirectory {
        /// The package.json that names the directory.
        package_json: PathBuf,
        /// Why not.
        source: ManifestError,
    },
    /// The files cannot be listed.
    #[error(transparent)]
    Packlist(#[from] PacklistError),
    /// The members of a workspace root cannot be told.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A lifecycle script failed.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The tarball cannot be written.
    #[error(transparent)]
    Tarball(#[from] TarballError),
    /// The registry looks like `CodeArtifact` and is wrong.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// AWS did not do what it was asked for.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// A flag or variable about AWS that cannot be.
    #[error(transparent)]
    AwsOption(#[from] AwsOptionError),
    /// A registry did not answer a question.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// npm's refusals that depend on what the registry holds.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The sandbox cannot be started or run.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The sandbox's configuration file cannot be used.
    #[error(transparent)]
    SandboxConfig(#[from] sandbox::ConfigError),
    /// A publish that ended, but not well.
    #[error("{}", outcome_text(.0))]
    Outcome(Outcome),
    /// The same, and AWS says why.
    #[error("{obstacle}\n{}", outcome_text(outcome))]
    Obstructed {
        /// How it ended.
        outcome: Outcome,
        /// Why.
        obstacle: Box<Obstacle>,
    },
    /// npm's refusals that depend on flags and configuration.
    #[error("{message}")]
    Refused {
        /// npm's code, where it has one.
        code: Option<&'static str>,
        /// npm's sentence.
        message: String,
        /// The next step.
        hint: Option<String>,
    },
    /// A file that cannot be written.
    #[error("could not write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The reader of stdout or the system failed consign.
    #[error("{doing}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A command that cannot be done as it was asked.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// npm's code for the error, or ours where npm has none and scripts need
    /// one.
    pub fn code(&self) -> Option<String> {
        let code = match self {
            Self::Config(error) => error.code(),
            Self::Manifest(error) => error.code(),
            Self::PublishDirectory { source, .. } => source.code(),
            Self::Ready(error) => error.code(),
            Self::Rewrite { source, .. } => source.code(),
            Self::Workspace(error) => error.code(),
            Self::Script(error) => return error.code(),
            Self::RegistryChoice(error) => error.code(),
            Self::Credential(error) => error.code(),
            Self::Packlist(error) => packlist_source(error).and_then(system_code),
            Self::Tarball(TarballError::Read { source, .. })
            | Self::Write { source, .. }
            | Self::System { source, .. } => system_code(source),
            Self::Outcome(outcome) | Self::Obstructed { outcome, .. } => {
                return outcome_code(outcome);
            }
            Self::Publish(PublishError::TooLarge { .. }) => Some("EGATE"),
            Self::Request(RequestError::Refused(refusal)) => {
                return Some(format!("E{}", refusal.status));
            }
            Self::Request(RequestError::Transport(_)) => Some("EUNREACHABLE"),
            Self::Aws(_) | Self::Endpoint(_) => Some("ENEEDAUTH"),
            Self::Refused { code, .. } => *code,
            Self::Usage(_) | Self::AwsOption(_) => Some("EUSAGE"),
            Self::Tarball(_)
            | Self::Request(_)
            | Self::Publish(_)
            | Self::Sandbox(_)
            | Self::SandboxConfig(_) => None,
        };
        code.map(str::to_owned)
    }

    /// The process's exit status: an outcome's own, npm's where npm refuses.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Outcome(outcome) | Self::Obstructed { outcome, .. } => outcome.exit_status(),
            Self::Publish(PublishError::TooLarge { .. }) => 15,
            // No token is no credential: nothing was sent.
            Self::Aws(AwsError::Unreachable { .. })
            | Self::Request(RequestError::Transport(TransportError::NotSent { .. })) => 16,
            Self::Request(RequestError::Refused(refusal))
                if matches!(refusal.status, 401 | 403) =>
            {
                13
            }
            Self::Aws(_) => 13,
            Self::Usage(_) | Self::AwsOption(_) => 2,
            Self::Script(error) => error.exit_status(),
            Self::Manifest(error) => error.exit_status(),
            Self::PublishDirectory { source, .. } => source.exit_status(),
            Self::Ready(error) => error.exit_status(),
            Self::Workspace(error) => error.exit_status(),
            Self::Packlist(error) => packlist_source(error).map_or(1, system_status),
            Self::Credential(CredentialError::Read { source, .. })
            | Self::Tarball(TarballError::Read { source, .. })
            | Self::Write { source, .. }
            | Self::System { source, .. } => system_status(source),
            _ => 1,
        }
    }

    /// The outcome's name, where a publish got as far as one.
    pub fn outcome(&self) -> Option<&'static str> {
        match self {
            Self::Outcome(outcome) | Self::Obstructed { outcome, .. } => Some(outcome.name()),
            Self::Ready(ReadyError::Unsafe { .. })
            | Self::Publish(PublishError::TooLarge { .. }) => Some("gate-failed"),
            Self::Aws(AwsError::Unreachable { .. }) => Some("unreachable"),
            Self::Aws(AwsError::Denied { .. }) => Some("forbidden"),
            Self::Aws(_) => Some("unauthenticated"),
            _ => None,
        }
    }

    /// The page on which a one-time password is to be got. Its addresses are shown as they are, or they would lead
    /// nowhere.
    pub fn web_login(&self) -> Option<&WebLogin> {
        match self {
            Self::Outcome(Outcome::Unauthenticated {
                challenge: Some(Challenge::OneTimePassword(web)),
                ..
            }) => web.as_deref(),
            _ => None,
        }
    }

    /// The text with those of its sources, in one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        text
    }

    /// What the user can do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint(),
            Self::Manifest(error) => error.hint(),
            Self::Ready(error) => error.hint(),
            Self::Rewrite { source, .. } => source.hint(),
            Self::PublishDirectory { .. } => Some(
                "build the package first, correct the directory, or pack with --no-rewrite".into(),
            ),
            Self::Workspace(error) => error.hint(),
            Self::Script(error) => error.hint(),
            Self::RegistryChoice(error) => error.hint(),
            Self::Credential(error) => error.hint(),
            Self::Packlist(error) => error.hint(),
            Self::Sandbox(error) => error.hint(),
            Self::Tarball(error) => error.hint(),
            Self::Endpoint(error) => Some(error.hint()),
            Self::Aws(error) => error.hint(),
            Self::AwsOption(error) => Some(error.hint()),
            Self::Outcome(outcome) => outcome_hint(outcome),
            Self::Obstructed { obstacle, .. } => Some(obstacle.hint()),
            Self::Publish(PublishError::TooLarge { .. }) => Some(TOO_LARGE.to_owned()),
            Self::Publish(PublishError::LatestWouldGoBack { .. }) => {
                Some("name the tag it shall get, for example --tag previous".into())
            }
            Self::Refused { hint, .. } => hint.clone(),
            Self::Request(error) => request_hint(error),
            Self::Write { .. } => {
                Some("check that the directory exists and can be written to".into())
            }
            Self::Usage(_) => Some("see --help".into()),
            Self::SandboxConfig(_) | Self::System { .. } => None,
        }
    }

    /// The place in a file that the error is about, for a window of its source.
    pub fn diagnostic(&self) -> Option<&dyn Diagnostic> {
        match self {
            Self::Manifest(ManifestError::Syntax { source, .. })
            | Self::PublishDirectory {
                source: ManifestError::Syntax { source, .. },
                ..
            } => Some(source.as_ref()),
            _ => None,
        }
    }
}

fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Published { .. } => "published".to_owned(),
        Outcome::AlreadyPublished => "already published, with identical contents".to_owned(),
        Outcome::Conflict { differences, .. } => {
            let mut text = "that version is already published, with other contents".to_owned();
            for difference in differences {
                text.push_str("\n  ");
                text.push_str(difference);
            }
            text
        }
        Outcome::AcceptedNotVisible { reason, .. } => {
            format!("accepted, but not readable yet: {reason}")
        }
        Outcome::Unknown { tried } => {
            format!(
                "whether it was published could not be determined:\n  {}",
                tried.join("\n  ")
            )
        }
        Outcome::Unauthenticated {
            challenge: Some(challenge @ Challenge::Schemes(_)),
            message,
        } => format!("{}\n{message}", challenge.summary()),
        Outcome::Unauthenticated {
            challenge: Some(challenge),
            ..
        } => challenge.summary(),
        Outcome::Unauthenticated { message, .. }
        | Outcome::Forbidden { message }
        | Outcome::Rejected { message, .. } => message.clone(),
        Outcome::GateFailed { reason } | Outcome::Unreachable { reason } => reason.clone(),
    }
}

fn outcome_code(outcome: &Outcome) -> Option<String> {
    Some(match outcome {
        // npm has none where it finds the version before the upload.
        Outcome::Conflict { status: None, .. } => "EPUBLISHCONFLICT".to_owned(),
        Outcome::Unauthenticated { challenge, .. } => {
            let code = challenge.as_ref().map_or("E401", Challenge::code);
            code.to_owned()
        }
        Outcome::Forbidden { .. } => "E403".to_owned(),
        Outcome::Rejected { status, .. }
        | Outcome::Conflict {
            status: Some(status),
            ..
        } => format!("E{status}"),
        Outcome::Unreachable { .. } => "EUNREACHABLE".to_owned(),
        Outcome::Unknown { .. } => "EUNKNOWNOUTCOME".to_owned(),
        Outcome::AcceptedNotVisible { .. } => "ENOTVISIBLE".to_owned(),
        Outcome::GateFailed { .. } => "EGATE".to_owned(),
        Outcome::Published { .. } | Outcome::AlreadyPublished => return None,
    })
}

const TOO_LARGE: &str = "the registry takes no package this large: leave files out with `files` in package.json; \
                         `consign pack --dry-run` lists what there is";
const NOT_READABLE: &str = "the identity is known but not allowed to: on CodeArtifact reading needs codeartifact:ReadFromRepository";

fn request_hint(error: &RequestError) -> Option<String> {
    let hint = match error {
        RequestError::Refused(refusal) if refusal.status == 401 => {
            "the registry did not believe the credentials: check the token in .npmrc, its expiry and its registry"
        }
        RequestError::Refused(refusal) if refusal.status == 403 => NOT_READABLE,
        RequestError::Refused(_) | RequestError::Malformed { .. } => return None,
        RequestError::Transport(_) | RequestError::Address { .. } => {
            "check the registry URL, the network and any proxy"
        }
    };
    Some(hint.to_owned())
}

fn outcome_hint(outcome: &Outcome) -> Option<String> {
    if let Outcome::Unauthenticated {
        challenge: Some(challenge),
        ..
    } = outcome
        && let Some(detail) = challenge.detail()
    {
        return Some(detail);
    }
    Some(
        match outcome {
            Outcome::Conflict { .. } => "raise the version in package.json: a published version cannot change",
            Outcome::AcceptedNotVisible {
                is_forbidden: true, ..
            } => NOT_READABLE,
            Outcome::AcceptedNotVisible { .. } => {
                "run the same command again later: it ends as already-published once the registry shows the version; \
                 --wait gives it more time"
            }
            Outcome::Unknown { .. } => {
                "run the same command again: it ends as already-published if the version arrived"
            }
            Outcome::Unauthenticated { .. } => {
                "the registry did not believe the credentials: check the token in .npmrc, its expiry and its registry"
            }
            Outcome::Forbidden { .. } => {
                "the identity is known but not allowed to publish this package: on CodeArtifact it needs \
                 codeartifact:PublishPackageVersion on it"
            }
            Outcome::Rejected { status: 413, .. } => TOO_LARGE,
            Outcome::Rejected { status: 404, .. } => {
                "check the registry URL; some registries answer 404 to a token that may not publish"
            }
            Outcome::Unreachable { .. } => "check the registry URL, the network and any proxy; nothing was sent",
            Outcome::Rejected { .. }
            | Outcome::GateFailed { .. }
            | Outcome::Published { .. }
            | Outcome::AlreadyPublished => return None,
        }
        .to_owned(),
    )
}

/// The system's part in a failed listing.
fn packlist_source(error: &PacklistError) -> Option<&io::Error> {
    match error {
        PacklistError::Directory { source, .. }
        | PacklistError::IgnoreFile { source, .. }
        | PacklistError::Metadata { source, .. } => Some(source),
        _ => None,
    }
}
