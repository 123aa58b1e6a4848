//! `CodeArtifact` registry URLs: what they say, and what is wrong with those
//! that only look like one.
//!
//! Forms (`codeartifact.md` §1):
//! - `https://{domain}-{owner}.d.codeartifact.{region}.amazonaws.com/npm/{repository}/`
//! - `https://{domain}-{owner}.codeartifact.{region}.on.aws/npm/{repository}/` (dual-stack)
//! - `https://vpce-….d.codeartifact.{region}.vpce.amazonaws.com/npm/d/{domain}-{owner}/{repository}/`,
//!   and the same path on the host that `AWS_ENDPOINT_URL` names, which is how
//!   a look-alike on the loopback is reached.

use std::fmt;

use url::{Host, Url};

/// A repository as its npm endpoint names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Domain name.
    pub domain: String,
    /// The account that owns the domain: 12 digits.
    pub owner: String,
    /// Repository name.
    pub repository: String,
    /// Region, where the host names one.
    pub region: Option<String>,
    /// The URL itself, with the slash at its end.
    pub url: Url,
}

/// A URL that means `CodeArtifact` but cannot be its npm endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url} is not a CodeArtifact npm endpoint: {problem}")]
pub struct EndpointError {
    /// The URL as given, without credentials.
    pub url: String,
    /// The first thing wrong with it.
    pub problem: Problem,
}

/// What is wrong with a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The host begins with an account id alone.
    DomainMissing {
        /// The account id.
        owner: String,
    },
    /// The host's first label does not end in `-` and an account id.
    OwnerMissing {
        /// The label.
        label: String,
    },
    /// A part still holds a template's words: `region`, `<domain>`, `my_domain`.
    Placeholder {
        /// The part.
        part: String,
    },
    /// The host has `.d.` where its suffix forbids it, or lacks it where it is
    /// needed.
    Suffix {
        /// The host as it would be right.
        expected: String,
    },
    /// The path names another package format than npm.
    Format {
        /// The format.
        format: String,
    },
    /// The path is not `/npm/<repository>/`.
    Path,
    /// The scheme is not https.
    Scheme,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DomainMissing { owner } => {
                write!(
                    f,
                    "its host begins with the account id {owner} alone, the domain is missing"
                )
            }
            Self::OwnerMissing { label } => write!(
                f,
                "its host begins with `{label}`, which does not end in `-` and a 12-digit account id"
            ),
            Self::Placeholder { part } => write!(f, "`{part}` is a placeholder"),
            Self::Suffix { .. } => f.write_str(
                "`.d.` belongs to hosts that end in amazonaws.com, and not to those in on.aws",
            ),
            Self::Format { format } => write!(f, "it is the endpoint for `{format}` packages"),
            Self::Path => f.write_str("its path is not `/npm/<repository>/`"),
            Self::Scheme => f.write_str("its scheme is not https"),
        }
    }
}

impl EndpointError {
    /// The next step: the URL as it has to look.
    pub fn hint(&self) -> String {
        match &self.problem {
            Problem::DomainMissing { owner } => format!(
                "write the host as <domain>-{owner}.d.codeartifact.<region>.amazonaws.com; \
                 `aws codeartifact get-repository-endpoint --format npm` prints the whole URL"
            ),
            Problem::Suffix { expected } => format!("write the host as {expected}"),
            Problem::Format { .. } | Problem::Path => {
                "write the path as /npm/<repository>/".to_owned()
            }
            Problem::Scheme => "write it with https://".to_owned(),
            Problem::OwnerMissing { .. } | Problem::Placeholder { .. } => {
                "the form is https://<domain>-<account id>.d.codeartifact.<region>.amazonaws.com\
                 /npm/<repository>/"
                    .to_owned()
            }
        }
    }
}

/// Reads a registry URL; `None` where it has nothing to do with `CodeArtifact`.
///
/// `service` is the URL given by `AWS_ENDPOINT_URL_CODEARTIFACT` or
/// `AWS_ENDPOINT_URL`: only on its host is the path form believed, so that a
/// token never goes to a host that merely has such a path. A missing slash at
/// the end is added: without it the service cannot be reached.
///
/// # Errors
/// [`EndpointError`] where the host is one of `CodeArtifact`'s and the rest does
/// not fit.
pub fn parse(url: &Url, service: Option<&Url>) -> Result<Option<Endpoint>, EndpointError> {
    let Some(Host::Domain(host)) = url.host() else {
        return Ok(if is_on(service, url) {
            path_form(url, None)
        } else {
            None
        });
    };
    // Url lower-cases domains.
    let labels: Vec<&str> = host.split('.').collect();
    let fail = |problem| {
        Err(EndpointError {
            url: without_credentials(url),
            problem,
        })
    };
    let (first, region) = match labels.as_slice() {
        [_, "d", "codeartifact", region, "vpce", "amazonaws", "com"] => {
            let endpoint = path_form(url, Some((*region).to_owned()));
            return endpoint.map_or_else(|| fail(path_problem(url)), |endpoint| Ok(Some(endpoint)));
        }
        [first, "d", "codeartifact", region, "amazonaws", ..]
        | [first, "codeartifact", region, "on", "aws"] => (*first, *region),
        [first, "codeartifact", region, "amazonaws", rest @ ..] => {
            let suffix = rest.join(".");
            let expected = format!("{first}.d.codeartifact.{region}.amazonaws.{suffix}");
            return fail(Problem::Suffix { expected });
        }
        [first, "d", "codeartifact", region, "on", "aws"] => {
            return fail(Problem::Suffix {
                expected: format!("{first}.codeartifact.{region}.on.aws"),
            });
        }
        _ if is_on(service, url) => return Ok(path_form(url, None)),
        _ if placeholder_host(url) => {
            return fail(Problem::Placeholder {
                part: host.to_owned(),
            });
        }
        _ => return Ok(None),
    };
    match first_label(first, region) {
        Err(problem) => fail(problem),
        Ok(_) if url.scheme() != "https" => fail(Problem::Scheme),
        Ok((domain, owner)) => match repository(url) {
            None => fail(path_problem(url)),
            Some(repository) => Ok(Some(Endpoint {
                domain: domain.to_owned(),
                owner: owner.to_owned(),
                repository: repository.to_owned(),
                region: Some(region.to_owned()),
                url: with_slash(url),
            })),
        },
    }
}

/// Domain and owner from the first label of a host. Domains may hold hyphens,
/// so the last one divides.
fn first_label<'a>(label: &'a str, region: &str) -> Result<(&'a str, &'a str), Problem> {
    if region == "region" || is_placeholder(region) {
        return Err(Problem::Placeholder {
            part: region.to_owned(),
        });
    }
    if is_account(label) {
        return Err(Problem::DomainMissing {
            owner: label.to_owned(),
        });
    }
    if is_placeholder(label) {
        return Err(Problem::Placeholder {
            part: label.to_owned(),
        });
    }
    domain_and_owner(label).ok_or_else(|| Problem::OwnerMissing {
        label: label.to_owned(),
    })
}

fn domain_and_owner(label: &str) -> Option<(&str, &str)> {
    label
        .rsplit_once('-')
        .filter(|(domain, owner)| is_domain(domain) && is_account(owner))
}

/// `/npm/d/{domain}-{owner}/{repository}/`
fn path_form(url: &Url, region: Option<String>) -> Option<Endpoint> {
    let parts: Vec<&str> = url.path().trim_end_matches('/').split('/').collect();
    let ["", "npm", "d", label, repository] = parts.as_slice() else {
        return None;
    };
    let (domain, owner) = domain_and_owner(label)?;
    is_repository(repository).then(|| Endpoint {
        domain: domain.to_owned(),
        owner: owner.to_owned(),
        repository: (*repository).to_owned(),
        region,
        url: with_slash(url),
    })
}

/// The repository of `/npm/{repository}/`.
fn repository(url: &Url) -> Option<&str> {
    url.path()
        .strip_prefix("/npm/")
        .map(|rest| rest.strip_suffix('/').unwrap_or(rest))
        .filter(|name| is_repository(name))
}

fn path_problem(url: &Url) -> Problem {
    const FORMATS: [&str; 7] = [
        "cargo", "generic", "maven", "nuget", "pypi", "ruby", "swift",
    ];
    let format = url.path().split('/').nth(1).unwrap_or_default();
    if FORMATS.contains(&format) {
        return Problem::Format {
            format: format.to_owned(),
        };
    }
    let parts = url.path().split('/').map(percent_decoded);
    match parts.into_iter().find(|part| is_placeholder(part)) {
        Some(part) => Problem::Placeholder { part },
        None => Problem::Path,
    }
}

fn percent_decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part)
        .decode_utf8_lossy()
        .into_owned()
}

fn is_on(service: Option<&Url>, url: &Url) -> bool {
    service.is_some_and(|service| service.origin() == url.origin())
}

/// A host with characters of a template: `<domain>`, `${REGION}`, `my_domain`.
fn placeholder_host(url: &Url) -> bool {
    url.host_str()
        .is_some_and(|host| host.contains("codeartifact") && is_placeholder(host))
}

fn is_placeholder(part: &str) -> bool {
    part.contains(['<', '>', '{', '}', '$', '_'])
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The service model's pattern: `[a-z][a-z0-9\-]{0,48}[a-z0-9]`.
pub(super) fn is_domain(text: &str) -> bool {
    (2..=50).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether a repository can have this name. The service model's pattern:
/// `[A-Za-z0-9][A-Za-z0-9._\-]{1,99}`.
pub fn is_repository(text: &str) -> bool {
    (2..=100).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn with_slash(url: &Url) -> Url {
    let mut url = url.clone();
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}

fn without_credentials(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for URLs that cannot hold credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<Option<Endpoint>, EndpointError> {
        let service = Url::parse("http://127.0.0.1:4000").expect("a URL");
        parse(&Url::parse(url).expect("a URL"), Some(&service))
    }

    fn problem(url: &str) -> Problem {
        parsed(url).expect_err("a wrong URL").problem
    }

    #[test]
    fn the_forms_of_the_service_are_read() {
        for (url, domain, region) in [
            (
                "https://my-org-111122223333.d.codeartifact.eu-west-1.amazonaws.com/npm/repo/",
                "my-org",
                Some("eu-west-1"),
            ),
            (
                "https://MY-ORG-111122223333.D.codeartifact.eu-west-1.amazonaws.com/npm/repo",
                "my-org",
                Some("eu-west-1"),
            ),
            (
                "https://my-org-111122223333.d.codeartifact.eu-west-1.amazonaws.com:443/npm/repo/",
                "my-org",
                Some("eu-west-1"),
            ),
            (
                "https://a1-111122223333.codeartifact.us-east-2.on.aws/npm/repo/",
                "a1",
                Some("us-east-2"),
            ),
            (
                "https://vpce-0a-1b.d.codeartifact.us-east-2.vpce.amazonaws.com/npm/d/a1-111122223333/repo/",
                "a1",
                Some("us-east-2"),
            ),
            (
                "http://127.0.0.1:4000/npm/d/a1-111122223333/repo/",
                "a1",
                None,
            ),
            (
                "http://127.0.0.1:4000/npm/d/a1-111122223333/repo",
                "a1",
                None,
            ),
        ] {
            let endpoint = parsed(url).expect(url).expect(url);
            assert_eq!(endpoint.domain, domain, "{url}");
            assert_eq!(endpoint.owner, "111122223333", "{url}");
            assert_eq!(endpoint.repository, "repo", "{url}");
            assert_eq!(endpoint.region.as_deref(), region, "{url}");
            assert!(endpoint.url.path().ends_with("/repo/"), "{url}");
        }
    }

    #[test]
    fn other_registries_are_left_alone() {
        for url in [
            "https://registry.example.com/",
            "http://localhost:4873/",
            // The path form on a host that nobody called AWS.
            "http://127.0.0.1:4001/npm/d/a1-111122223333/repo/",
            "https://evil.example.com/npm/d/a1-111122223333/repo/",
            "http://127.0.0.1:4000/other/",
        ] {
            assert_eq!(parsed(url), Ok(None), "{url}");
        }
    }

    #[test]
    fn a_host_with_the_account_alone_lacks_the_domain() {
        let url = "https://111122223333.d.codeartifact.eu-west-1.amazonaws.com/npm/repo/";
        assert_eq!(
            problem(url),
            Problem::DomainMissing {
                owner: "111122223333".into()
            }
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (url, expected) in [
            (
                "https://my-org.d.codeartifact.eu-west-1.amazonaws.com/npm/repo/",
                Problem::OwnerMissing {
                    label: "my-org".into(),
                },
            ),
            (
                "https://my_domain-111122223333.d.codeartifact.eu-west-1.amazonaws.com/npm/repo/",
                Problem::Placeholder {
                    part: "my_domain-111122223333".into(),
                },
            ),
            (
                "https://my-org-111122223333.d.codeartifact.region.amazonaws.com/npm/repo/",
                Problem::Placeholder {
                    part: "region".into(),
                },
            ),
            (
                "https://my-org-111122223333.codeartifact.eu-west-1.amazonaws.com/npm/repo/",
                Problem::Suffix {
                    expected: "my-org-111122223333.d.codeartifact.eu-west-1.amazonaws.com".into(),
                },
            ),
            (
                "https://my-org-111122223333.d.codeartifact.eu-west-1.on.aws/npm/repo/",
                Problem::Suffix {
                    expected: "my-org-111122223333.codeartifact.eu-west-1.on.aws".into(),
                },
            ),
            (
                "https://my-org-111122223333.d.codeartifact.eu-west-1.amazonaws.com/pypi/repo/",
                Problem::Format {
                    format: "pypi".into(),
                },
            ),
            (
                "https://my-org-111122223333.d.codeartifact.eu-west-1.amazonaws.com/",
                Problem::Path,
            ),
            (
                "https://my-org-111122223333.d.codeartifact.eu-west-1.amazonaws.com/npm/%3Crepository%3E/",
                Problem::Placeholder {
                    part: "<repository>".into(),
                },
            ),
            (
                "https://vpce-1.d.codeartifact.eu-west-1.vpce.amazonaws.com/npm/repo/",
                Problem::Path,
            ),
            (
                "http://my-org-111122223333.d.codeartifact.eu-west-1.amazonaws.com/npm/repo/",
                Problem::Scheme,
            ),
        ] {
            assert_eq!(problem(url), expected, "{url}");
        }
    }

    #[test]
    fn credentials_in_the_url_are_not_repeated() {
        let error =
            parsed("https://u:secret@111122223333.d.codeartifact.eu-west-1.amazonaws.com/npm/r1/")
                .expect_err("a wrong URL");
        assert!(!error.to_string().contains("secret"));
    }
}
