//! The records of the state, in the shape in which the journal keeps them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A resource policy: on a domain or on a repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PolicyRecord {
    pub(crate) revision: String,
    /// The document as it was put, byte for byte.
    pub(crate) document: String,
}

/// A resource tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DomainRecord {
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    pub(crate) encryption_key: String,
    #[serde(default)]
    pub(crate) tags: Vec<Tag>,
    #[serde(default)]
    pub(crate) policy: Option<PolicyRecord>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct RepositoryRecord {
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// The account that made the repository; the domain's owner unless it is shared.
    pub(crate) administrator: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// Searched in this order.
    #[serde(default)]
    pub(crate) upstreams: Vec<String>,
    /// Names such as `public:npmjs`.
    #[serde(default)]
    pub(crate) external_connections: Vec<String>,
    #[serde(default)]
    pub(crate) tags: Vec<Tag>,
    #[serde(default)]
    pub(crate) policy: Option<PolicyRecord>,
}

/// One half of a package's origin controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Restriction {
    Allow,
    Block,
}

impl Restriction {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Block => "BLOCK",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "ALLOW" => Some(Self::Allow),
            "BLOCK" => Some(Self::Block),
            _ => None,
        }
    }
}

/// A package's origin controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restrictions {
    pub(crate) publish: Restriction,
    pub(crate) upstream: Restriction,
}

impl Restrictions {
    /// What a package gets when its first version is published into the repository.
    pub(crate) const PUBLISHED: Self = Self {
        publish: Restriction::Allow,
        upstream: Restriction::Block,
    };
    /// What a package gets when its first version comes from an upstream.
    pub(crate) const INGESTED: Self = Self {
        publish: Restriction::Block,
        upstream: Restriction::Allow,
    };
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PackageRecord {
    pub(crate) restrictions: Restrictions,
    /// Tag to version, in the order in which the tags came.
    #[serde(default)]
    pub(crate) dist_tags: Map<String, Value>,
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    /// Milliseconds since 1970.
    pub(crate) modified: i64,
}

/// A package version's status, as the service names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    Published,
    Unfinished,
    Unlisted,
    Archived,
    Disposed,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Published => "Published",
            Self::Unfinished => "Unfinished",
            Self::Unlisted => "Unlisted",
            Self::Archived => "Archived",
            Self::Disposed => "Disposed",
        }
    }

    /// `Deleted` is a word of the model that no stored version has.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [
            Self::Published,
            Self::Unfinished,
            Self::Unlisted,
            Self::Archived,
            Self::Disposed,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
    }

    /// Whether a packument names the version.
    pub(crate) fn is_listed(self) -> bool {
        self == Self::Published
    }

    /// Whether the version's assets are served.
    pub(crate) fn is_served(self) -> bool {
        matches!(self, Self::Published | Self::Unlisted)
    }
}

/// Where a version entered the domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// Published into this repository.
    Internal(String),
    /// Ingested through this external connection.
    External(String),
}

/// A file of a version. Digests are lowercase hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AssetRecord {
    pub(crate) name: String,
    /// Bytes.
    pub(crate) size: u64,
    pub(crate) md5: String,
    pub(crate) sha1: String,
    pub(crate) sha256: String,
    pub(crate) sha512: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct VersionRecord {
    pub(crate) version: String,
    /// Grows with every version that enters the sandbox: the order in packuments.
    pub(crate) sequence: u64,
    /// Milliseconds since 1970.
    pub(crate) published: i64,
    /// Not in packuments, and not served, before this time; milliseconds since 1970.
    #[serde(default)]
    pub(crate) visible: i64,
    /// Opaque; changes with assets and metadata.
    pub(crate) revision: String,
    pub(crate) status: Status,
    pub(crate) origin: Origin,
    /// The manifest as it was published; `dist.tarball` is made anew for every reader.
    pub(crate) manifest: Value,
    /// Empty while the tarball of an ingested version has not been asked for yet.
    pub(crate) assets: Vec<AssetRecord>,
}

/// A package group below the root.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct GroupRecord {
    /// Milliseconds since 1970.
    pub(crate) created: i64,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) contact: Option<String>,
    #[serde(default)]
    pub(crate) tags: Vec<Tag>,
    /// `PUBLISH`, `EXTERNAL_UPSTREAM`, `INTERNAL_UPSTREAM` to a mode; absent means `INHERIT`.
    #[serde(default)]
    pub(crate) restrictions: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) allowed: AllowedRepositories,
}

/// Restriction type to the repositories that `ALLOW_SPECIFIC_REPOSITORIES` lets through.
pub(crate) type AllowedRepositories = BTreeMap<String, Vec<String>>;
