//! Names of the service: domains, repositories, packages, and their ARNs.
//!
//! Patterns are the service model's (`service-2.json`): domain `[a-z][a-z0-9\-]{0,48}[a-z0-9]`,
//! account `[0-9]{12}`, repository `[A-Za-z0-9][A-Za-z0-9._\-]{1,99}`, package, namespace and
//! version `[^#/\s]+` of 1 to 255 characters.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A domain is known by its owner's account and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct DomainKey {
    pub(crate) owner: String,
    pub(crate) name: String,
}

impl DomainKey {
    /// Splits `{domain}-{owner}` at its last `-`, because a domain's name may hold `-`.
    pub(crate) fn parse_label(label: &str) -> Option<Self> {
        let (name, owner) = label.rsplit_once('-')?;
        (is_account(owner) && is_domain(name)).then(|| Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
        })
    }

    pub(crate) fn arn(&self, region: &str) -> String {
        format!(
            "arn:aws:codeartifact:{region}:{}:domain/{}",
            self.owner, self.name
        )
    }

    pub(crate) fn repository_arn(&self, region: &str, repository: &str) -> String {
        format!(
            "arn:aws:codeartifact:{region}:{}:repository/{}/{repository}",
            self.owner, self.name
        )
    }

    pub(crate) fn package_arn(
        &self,
        region: &str,
        repository: &str,
        package: &PackageId,
    ) -> String {
        format!(
            "arn:aws:codeartifact:{region}:{}:package/{}/{repository}/{}/{}/{}",
            self.owner,
            self.name,
            package.format,
            package.namespace.as_deref().unwrap_or_default(),
            package.name
        )
    }

    pub(crate) fn group_arn(&self, region: &str, pattern: &str) -> String {
        format!(
            "arn:aws:codeartifact:{region}:{}:package-group/{}{pattern}",
            self.owner, self.name
        )
    }
}

impl fmt::Display for DomainKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.name, self.owner)
    }
}

/// A package within a repository. An npm scope is the namespace, without its `@`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct PackageId {
    pub(crate) format: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
}

impl PackageId {
    /// Reads `name` or `@scope/name`, already percent-decoded.
    pub(crate) fn parse_npm(text: &str) -> Option<Self> {
        let (namespace, name) = match text.strip_prefix('@') {
            Some(scoped) => {
                let (scope, name) = scoped.split_once('/')?;
                (Some(scope), name)
            }
            None => (None, text),
        };
        let fits = |part: &str| is_coordinate(part) && !part.starts_with('.');
        (fits(name) && namespace.is_none_or(fits)).then(|| Self {
            format: "npm".to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        })
    }

    /// The package's name as npm writes it.
    pub(crate) fn npm_name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("@{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }

    /// The coordinate that package group patterns match: `/npm/scope/name`.
    pub(crate) fn group_path(&self) -> String {
        format!(
            "/{}/{}/{}",
            self.format,
            self.namespace.as_deref().unwrap_or_default(),
            self.name
        )
    }
}

pub(crate) fn is_domain(text: &str) -> bool {
    let bytes = text.as_bytes();
    (2..=50).contains(&bytes.len())
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.last() != Some(&b'-')
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
}

pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn is_repository(text: &str) -> bool {
    (2..=100).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Package names, namespaces and versions.
pub(crate) fn is_coordinate(text: &str) -> bool {
    (1..=255).contains(&text.chars().count())
        && !text
            .chars()
            .any(|character| character == '#' || character == '/' || character.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_splits_at_its_last_hyphen() {
        let key = DomainKey::parse_label("my-team-111122223333");
        assert_eq!(
            key.map(|key| (key.name, key.owner)),
            Some(("my-team".to_owned(), "111122223333".to_owned()))
        );
        assert_eq!(DomainKey::parse_label("111122223333"), None);
        assert_eq!(DomainKey::parse_label("my_domain-111122223333"), None);
    }

    #[test]
    fn an_unscoped_package_has_an_empty_namespace_in_its_arn() {
        let key = DomainKey {
            owner: "111122223333".to_owned(),
            name: "team".to_owned(),
        };
        let arn = |name: &str| {
            PackageId::parse_npm(name).map(|id| key.package_arn("us-east-1", "releases", &id))
        };
        assert_eq!(
            arn("react").as_deref(),
            Some("arn:aws:codeartifact:us-east-1:111122223333:package/team/releases/npm//react")
        );
        assert_eq!(
            arn("@scope/name").as_deref(),
            Some(
                "arn:aws:codeartifact:us-east-1:111122223333:package/team/releases/npm/scope/name"
            )
        );
    }

    #[test]
    fn names_outside_the_pattern_are_refused() {
        for name in ["", "@scope", "@/x", "a/b", "a b", "@s/a/b", ".hidden", ".."] {
            assert_eq!(PackageId::parse_npm(name), None, "{name}");
        }
    }
}
