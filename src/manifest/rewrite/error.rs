//! Why a manifest cannot be rewritten.

use thiserror::Error;

use crate::manifest::ManifestError;

/// A range that no consumer could install.
#[derive(Debug, Error)]
pub enum RewriteError {
    /// A `workspace:` range leads to nothing.
    #[error(
        "cannot resolve {field}.{dependency} \"{range}\": {target} is no member of the workspace and not installed"
    )]
    UnknownMember {
        /// `dependencies` or its like.
        field: &'static str,
        /// The key there.
        dependency: String,
        /// The range.
        range: String,
        /// The package or path it leads to.
        target: String,
    },
    /// A `workspace:` range with something behind it that is no range.
    #[error(
        "cannot resolve {field}.{dependency} \"{range}\": \"{rest}\" is neither a range nor a relative path"
    )]
    NoRange {
        /// `dependencies` or its like.
        field: &'static str,
        /// The key there.
        dependency: String,
        /// The range.
        range: String,
        /// The part behind `workspace:`.
        rest: String,
    },
    /// What a `workspace:` range leads to has a package.json that cannot be read.
    #[error("cannot resolve {field}.{dependency} \"{range}\"")]
    UnreadableMember {
        /// `dependencies` or its like.
        field: &'static str,
        /// The key there.
        dependency: String,
        /// The range.
        range: String,
        /// Why not.
        source: Box<ManifestError>,
    },
    /// A `catalog:` range without an entry.
    #[error("No catalog entry '{dependency}' was found for catalog '{catalog}'.")]
    NoCatalogEntry {
        /// The dependency.
        dependency: String,
        /// The catalog.
        catalog: String,
    },
    /// An entry of a catalog that leads on to a catalog, a link or a file.
    #[error("The entry for '{dependency}' in catalog '{catalog}' is invalid: \"{range}\"")]
    CatalogEntry {
        /// The dependency.
        dependency: String,
        /// The catalog.
        catalog: String,
        /// The entry.
        range: String,
    },
    /// The file that holds catalogs is no YAML.
    #[error("it is not valid YAML")]
    CatalogSyntax(#[source] Box<saphyr::ScanError>),
    /// `catalog` or `catalogs` has an unexpected shape.
    #[error("{place} must hold {expected}")]
    CatalogShape {
        /// `catalog` or `catalogs.<name>` or an entry of one.
        place: String,
        /// What is expected there.
        expected: &'static str,
    },
    /// `catalog` and `catalogs.default` are both there.
    #[error(
        "The 'default' catalog was defined multiple times. Use the 'catalog' field or 'catalogs.default', but not both."
    )]
    TwoDefaults,
}

impl RewriteError {
    /// pnpm's code for this refusal, where it has one.
    pub fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::UnknownMember { .. } | Self::UnreadableMember { .. } => {
                "ERR_PNPM_CANNOT_RESOLVE_WORKSPACE_PROTOCOL"
            }
            Self::NoCatalogEntry { .. } => "ERR_PNPM_CATALOG_ENTRY_NOT_FOUND_FOR_SPEC",
            Self::CatalogEntry { range, .. } if range.starts_with("catalog:") => {
                "ERR_PNPM_CATALOG_ENTRY_INVALID_RECURSIVE_DEFINITION"
            }
            Self::CatalogEntry { .. } => "ERR_PNPM_CATALOG_ENTRY_INVALID_SPEC",
            Self::TwoDefaults => "ERR_PNPM_INVALID_CATALOGS_CONFIGURATION",
            Self::NoRange { .. } | Self::CatalogSyntax(_) | Self::CatalogShape { .. } => {
                return None;
            }
        })
    }

    /// What the user can do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownMember { target, .. } => {
                format!(
                    "add {target} to the workspace, install it, or pack with --no-rewrite to ship the range as it is"
                )
            }
            Self::NoRange { .. } => {
                "write a range, `*`, `^`, `~`, or a path that starts with ./ or ../".to_owned()
            }
            Self::NoCatalogEntry {
                dependency,
                catalog,
            } => {
                format!(
                    "add {dependency} to the catalog {catalog}, or pack with --no-rewrite to ship the range as it is"
                )
            }
            Self::CatalogEntry { .. } => "write a range into the catalog".to_owned(),
            Self::TwoDefaults => "keep one of the two".to_owned(),
            Self::UnreadableMember { source, .. } => return source.hint(),
            Self::CatalogSyntax(_) | Self::CatalogShape { .. } => return None,
        })
    }
}
