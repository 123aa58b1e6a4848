//! Why a package.json cannot be packed or published.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::json::SyntaxError;
use crate::node::{system_code, system_status};

/// A manifest that npm refuses too.
///
/// The texts begin as npm's do; [`Self::code`] is npm's code where npm has one.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// package.json is not there or cannot be read.
    #[error("Could not read package.json: {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// package.json is not JSON.
    #[error("Invalid package.json: {}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why not.
        source: Box<SyntaxError>,
    },
    /// package.json holds `null`, `false`, `0` or `""`.
    #[error("Can not normalize without content")]
    NoContent,
    /// package.json holds a number, a string or `true`; the text is what it holds.
    #[error("package.json must hold an object, not {found}")]
    NotAnObject {
        /// The value, as JSON.
        found: String,
    },
    /// A package to be packed lacks a name or a version.
    #[error("Invalid package, must have name and version")]
    MissingNameOrVersion,
    /// A package to be published lacks a version.
    #[error("Invalid package, must have a version")]
    MissingVersion,
    /// The name is not a string.
    #[error("name field must be a string.")]
    NameNotText,
    /// The name cannot stand in a registry's URL.
    #[error("Invalid name: {name}")]
    InvalidName {
        /// The name, as JSON.
        name: String,
    },
    /// The name passes as a field but not as the name of a package to be fetched.
    #[error("Invalid package name \"{name}\" of package \"{package}\": {}.", reasons.join("; "))]
    InvalidPackageName {
        /// The name.
        name: String,
        /// What was asked for, `name@version`.
        package: String,
        /// npm's sentences, without their full stops.
        reasons: Vec<String>,
    },
    /// The version is not a semantic version.
    #[error("Invalid version: \"{version}\"")]
    InvalidVersion {
        /// The version as JavaScript prints it.
        version: String,
    },
    /// The finished version object has a version that is not a semantic version.
    #[error("invalid semver: {version}")]
    BadSemver {
        /// The version.
        version: String,
    },
    /// A tag that would read as a range of versions.
    #[error("Tag name must not be a valid SemVer range: {tag}")]
    TagIsRange {
        /// The tag, trimmed.
        tag: String,
    },
    /// A tag, or a name and tag together, that cannot stand in a URL.
    #[error(
        "Invalid tag name \"{tag}\" of package \"{package}\": Tags may not have any characters that encodeURIComponent encodes."
    )]
    InvalidTagName {
        /// The tag.
        tag: String,
        /// What was asked for, `name@tag`.
        package: String,
    },
    /// `name@tag` reads as a place to fetch from, and not as one npm knows.
    #[error("{message}")]
    InvalidSpec {
        /// npm's code, if it has one.
        code: Option<&'static str>,
        /// npm's sentence.
        message: String,
    },
    /// The package is marked as private.
    #[error(
        "This package has been marked as private\nRemove the 'private' field from the package.json to publish it."
    )]
    Private,
    /// `main` is neither absent, empty nor a string.
    #[error("The \"main\" attribute must be of type string.")]
    MainNotText,
    /// A field has a type that npm's rule for it fails on.
    #[error("{message}")]
    WrongType {
        /// The field of package.json, if known.
        field: Option<&'static str>,
        /// npm's code, if it has one.
        code: Option<&'static str>,
        /// npm's (that is, Node's) sentence.
        message: String,
    },
    /// `directories.bin` or `directories.man` holds a null character.
    #[error("a path in \"directories\" holds a null character: {}", path.display())]
    NullInPath {
        /// The path.
        path: PathBuf,
    },
    /// A name that holds half of a surrogate pair.
    #[error("URI malformed")]
    MalformedText,
    /// A file that goes into the manifest cannot be read.
    #[error("could not read {}", path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl ManifestError {
    /// npm's code for this error, where it has one.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Read { source, .. } | Self::ReadFile { source, .. } => system_code(source),
            Self::Syntax { .. } => Some("EJSONPARSE"),
            Self::InvalidPackageName { .. } => Some("EINVALIDPACKAGENAME"),
            Self::InvalidTagName { .. } => Some("EINVALIDTAGNAME"),
            Self::BadSemver { .. } => Some("EBADSEMVER"),
            Self::Private => Some("EPRIVATE"),
            Self::NullInPath { .. } => Some("ERR_INVALID_ARG_VALUE"),
            Self::InvalidSpec { code, .. } | Self::WrongType { code, .. } => *code,
            Self::NoContent
            | Self::NotAnObject { .. }
            | Self::MissingNameOrVersion
            | Self::MissingVersion
            | Self::NameNotText
            | Self::InvalidName { .. }
            | Self::InvalidVersion { .. }
            | Self::TagIsRange { .. }
            | Self::MainNotText
            | Self::MalformedText => None,
        }
    }

    /// The exit status npm ends with: the system's error number (254 for "no such file", 243 for "permission
    /// denied"), else 1.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Read { source, .. } | Self::ReadFile { source, .. } => system_status(source),
            _ => 1,
        }
    }

    /// What the user can do next, where there is something.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { source, path } if source.kind() == io::ErrorKind::NotFound => {
                let directory = path.parent().unwrap_or(path);
                format!("run in the directory of a package, or create one with `npm init` in {}", directory.display())
            }
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotADirectory => {
                "give the directory of a package, or a tarball whose name ends in .tgz, .tar.gz or .tar".to_owned()
            }
            Self::Syntax { source, .. } if source.is_merge_conflict() => {
                "resolve the merge conflict in package.json and run again".to_owned()
            }
            Self::Syntax { .. } => {
                "package.json must be actual JSON, not just JavaScript: no comments, no trailing commas".to_owned()
            }
            Self::NoContent | Self::NotAnObject { .. } => {
                "package.json must hold an object with \"name\" and \"version\"".to_owned()
            }
            Self::MissingNameOrVersion => "add \"name\" and \"version\" to package.json".to_owned(),
            Self::MissingVersion | Self::InvalidVersion { .. } | Self::BadSemver { .. } => {
                "set \"version\" in package.json to a semantic version such as \"1.0.0\"".to_owned()
            }
            Self::NameNotText | Self::InvalidName { .. } | Self::InvalidPackageName { .. } | Self::MalformedText => {
                "set \"name\" in package.json to `name` or `@scope/name` of URL-safe characters".to_owned()
            }
            // Without a name, npm takes the `@` between name and tag for the beginning of a tag.
            Self::InvalidTagName { package, .. } if package.starts_with('@') && !package.contains('/') => {
                "add \"name\" to package.json".to_owned()
            }
            Self::TagIsRange { .. } | Self::InvalidTagName { .. } | Self::InvalidSpec { .. } => {
                "give --tag a plain word such as \"next\"".to_owned()
            }
            Self::Private => "remove \"private\" from package.json if the package is meant to be published".to_owned(),
            Self::MainNotText => "set \"main\" in package.json to a path, or remove it".to_owned(),
            Self::WrongType { field: Some(field), .. } => {
                format!("\"{field}\" in package.json has a value of a type that npm cannot work with")
            }
            Self::NullInPath { .. } => "correct \"directories\" in package.json".to_owned(),
            Self::Read { .. } | Self::WrongType { field: None, .. } | Self::ReadFile { .. } => return None,
        })
    }

    /// A `TypeError` that Node raises without a code.
    pub(crate) fn type_error(message: impl Into<String>) -> Self {
        Self::WrongType {
            field: None,
            code: None,
            message: message.into(),
        }
    }

    /// Names the field the error is about, if it is not named yet.
    pub(crate) fn in_field(self, name: &'static str) -> Self {
        match self {
            Self::WrongType {
                field: None,
                code,
                message,
            } => Self::WrongType {
                field: Some(name),
                code,
                message,
            },
            other => other,
        }
    }
}
