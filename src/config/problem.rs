//! What can be wrong with a configuration.

use std::io;
use std::path::PathBuf;

use super::npmrc::NpmrcError;
use super::sources::Layer;
use super::value::NotPrimitive;
use crate::node::system_code;
use crate::workspace::WorkspaceError;

/// One line that npm prints as `npm warn`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// npm's prefix, empty for none: `npm warn <prefix> <text>`.
    pub prefix: &'static str,
    /// The text.
    pub text: String,
}

impl Warning {
    pub(crate) fn new(prefix: &'static str, text: String) -> Self {
        Self { prefix, text }
    }

    pub(crate) fn plain(text: String) -> Self {
        Self { prefix: "", text }
    }
}

/// A configuration file that exists and was not read.
#[derive(Debug)]
pub struct UnreadFile {
    /// Its layer.
    pub layer: Layer,
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

/// One unscoped credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthProblem {
    /// The key as it is.
    pub key: String,
    /// The key it has to be renamed to; `None` if it has to go.
    pub rename_to: Option<String>,
    /// The layer.
    pub layer: Layer,
    /// The file and line.
    pub origin: String,
}

impl AuthProblem {
    fn sentence(&self) -> String {
        let layer = self.layer.name();
        match &self.rename_to {
            Some(to) => format!("`{}` must be renamed to `{to}` in {layer} config", self.key),
            None => format!("`{}` is not allowed in {layer} config", self.key),
        }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file npm's parser fails on.
    #[error("could not parse {}", path.display())]
    Npmrc {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        source: NpmrcError,
    },
    /// Credentials without a registry in front.
    #[error("Invalid auth configuration found: {}", sentences(.0))]
    InvalidAuth(Vec<AuthProblem>),
    /// A value that has to be a URL and is not.
    #[error("Invalid URL: `{key}` from {origin}")]
    InvalidUrl {
        /// The key.
        key: String,
        /// Where it was written.
        origin: String,
    },
    /// A URL with a broken percent escape.
    #[error("URI malformed: `{key}` from {origin}")]
    MalformedUrl {
        /// The key.
        key: String,
        /// Where it was written.
        origin: String,
    },
    /// An ini section where a value belongs.
    #[error("`{key}` from {origin} is a section, not a value")]
    NotPrimitive {
        /// The key.
        key: String,
        /// Where it was written.
        origin: String,
        /// npm's failure.
        source: NotPrimitive,
    },
    /// A key without text where npm needs text (`user-agent` alone on a line).
    #[error("`{key}` from {origin} must be text")]
    NotText {
        /// The key.
        key: String,
        /// Where it was written.
        origin: String,
    },
    /// Two keys that exclude each other.
    #[error("--{key} cannot be provided when using --{other}")]
    Exclusive {
        /// The key met second.
        key: String,
        /// The key met first.
        other: String,
    },
    /// One file in two layers.
    #[error("double-loading config \"{path}\" as \"{layer}\", previously loaded as \"{previous}\"")]
    DoubleLoading {
        /// The file.
        path: String,
        /// The layer it was to be read for.
        layer: &'static str,
        /// The layer it was read for before.
        previous: &'static str,
    },
    /// A file named by a key that cannot be read.
    #[error("could not read {} (`{key}` from {origin})", path.display())]
    Read {
        /// The key that names the file.
        key: String,
        /// Where it was written.
        origin: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The members of a workspace root above the package cannot be read.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// `--no-workspaces` with `--workspace`.
    #[error("Cannot use --no-workspaces and --workspace at the same time")]
    WorkspacesDisabled,
}

impl ConfigError {
    /// npm's error code, where it has one.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::InvalidAuth(_) => Some("ERR_INVALID_AUTH"),
            Self::InvalidUrl { .. } => Some("ERR_INVALID_URL"),
            Self::NotText { key, .. } if matches!(key.as_str(), "prefix" | "cache" | "cafile") => {
                Some("ERR_INVALID_ARG_TYPE")
            }
            Self::Read { source, .. } => system_code(source),
            Self::Workspace(error) => error.code(),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::InvalidAuth(problems) => {
                let places: Vec<_> = problems
                    .iter()
                    .map(|problem| match &problem.rename_to {
                        Some(to) => format!("{}: write {to}=... instead", problem.origin),
                        None => format!("{}: remove {}", problem.origin, problem.key),
                    })
                    .collect();
                Some(places.join("\n"))
            }
            Self::InvalidUrl { key, .. } => Some(format!(
                "write {key} as a full URL, for example https://host/path/"
            )),
            Self::NotPrimitive { origin, .. } => Some(format!(
                "an .npmrc has no sections: remove the [...] line at {origin}"
            )),
            Self::NotText { key, .. } => Some(format!("write {key}=<value>, or remove the line")),
            Self::Workspace(error) => error.hint(),
            _ => None,
        }
    }
}

fn sentences(problems: &[AuthProblem]) -> String {
    let sentences: Vec<_> = problems.iter().map(AuthProblem::sentence).collect();
    sentences.join(", ")
}
