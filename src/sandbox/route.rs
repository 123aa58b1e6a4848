//! Which part of the look-alike a request is for, by its host and its path.
//!
//! Both documented forms of an npm endpoint are known: a host of its own per domain
//! (`{domain}-{owner}.d.codeartifact.{region}.…/npm/{repository}/`, and the dual-stack host without
//! `.d.`), and the path form of VPC endpoints (`/npm/d/{domain}-{owner}/{repository}/`), which works
//! on a plain loopback address.

use super::names::{DomainKey, is_account, is_repository};

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// The REST API.
    Control,
    /// The query API of STS.
    Sts,
    /// The sandbox's own API, the part of the path after its prefix.
    Admin(&'a str),
    /// The identity provider, the part of the path after its prefix.
    Oidc(&'a str),
    /// Credentials for containers and instances.
    Metadata,
    /// Credentials for whoever is signed in.
    SignIn,
    /// The second host, where tarballs are.
    Assets,
    /// Under a name that is not the sandbox's.
    Foreign,
    /// A repository's npm endpoint.
    Npm(NpmRoute<'a>),
    /// An npm endpoint that no repository can have, and why.
    BadEndpoint(&'static str),
    /// Nothing is there.
    Nowhere,
}

/// A request to an npm endpoint.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NpmRoute<'a> {
    pub(crate) domain: DomainKey,
    /// The region in the host; the path form has none.
    pub(crate) region: Option<&'a str>,
    pub(crate) repository: &'a str,
    /// What precedes the package in the path, with its closing slash.
    pub(crate) prefix: String,
    /// What follows the repository, still percent-encoded, without a leading slash.
    pub(crate) rest: &'a str,
}

const NO_DOMAIN: &str =
    "the host starts with an account id alone; expected <domain>-<owner> before it";
const NO_SLASH: &str = "no repository endpoint is here; a registry URL ends in a slash";

/// Finds the part for `host` (without its port) and `path` (percent-encoded, without its query).
pub(crate) fn route<'a>(host: &'a str, path: &'a str) -> Route<'a> {
    if let Some(rest) = path.strip_prefix("/_sandbox/") {
        return Route::Admin(rest);
    }
    if let Some((label, region)) = endpoint_host(host) {
        let Some(domain) = DomainKey::parse_label(label) else {
            return if is_account(label) {
                Route::BadEndpoint(NO_DOMAIN)
            } else {
                Route::BadEndpoint("the host's first label is not <domain>-<owner>")
            };
        };
        return match path.strip_prefix("/npm/") {
            Some(rest) => npm(domain, Some(region), "/npm/", rest),
            None => Route::BadEndpoint("only the format npm is served, below /npm/"),
        };
    }
    if let Some(rest) = path.strip_prefix("/npm/d/") {
        let (label, rest) = rest.split_once('/').unwrap_or((rest, ""));
        return match DomainKey::parse_label(label) {
            Some(domain) => npm(domain, None, &format!("/npm/d/{label}/"), rest),
            None if is_account(label) => Route::BadEndpoint(NO_DOMAIN),
            None => Route::BadEndpoint("the path is not /npm/d/<domain>-<owner>/<repository>/"),
        };
    }
    if let Some(rest) = path.strip_prefix("/oidc/") {
        return Route::Oidc(rest);
    }
    match path {
        "/" => Route::Sts,
        "/federation/credentials" | "/token" => Route::SignIn,
        _ if path.starts_with("/v1/") => Route::Control,
        _ if path.starts_with("/latest/") || path.starts_with("/credentials/") => Route::Metadata,
        _ => Route::Nowhere,
    }
}

fn npm<'a>(domain: DomainKey, region: Option<&'a str>, prefix: &str, rest: &'a str) -> Route<'a> {
    match rest.split_once('/') {
        Some((repository, rest)) if is_repository(repository) => Route::Npm(NpmRoute {
            domain,
            region,
            repository,
            prefix: format!("{prefix}{repository}/"),
            rest,
        }),
        _ => Route::BadEndpoint(NO_SLASH),
    }
}

/// The first label and the region of an endpoint's host, whatever the suffix is.
fn endpoint_host(host: &str) -> Option<(&str, &str)> {
    let (label, rest) = host.split_once('.')?;
    let rest = rest
        .strip_prefix("d.codeartifact.")
        .or_else(|| rest.strip_prefix("codeartifact."))?;
    let (region, _) = rest.split_once('.')?;
    Some((label, region))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(host: &str, path: &str) -> String {
        match route(host, path) {
            Route::Npm(npm) => format!(
                "{} {} {} {} {}",
                npm.domain,
                npm.region.unwrap_or("-"),
                npm.repository,
                npm.prefix,
                npm.rest
            ),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn every_form_of_an_endpoint_leads_to_its_repository() {
        for (host, path, expected) in [
            (
                "my-team-111122223333.d.codeartifact.eu-west-1.amazonaws.com",
                "/npm/rel/@s%2fp",
                "my-team-111122223333 eu-west-1 rel /npm/rel/ @s%2fp",
            ),
            (
                "team-111122223333.codeartifact.us-east-1.on.aws",
                "/npm/rel/p",
                "team-111122223333 us-east-1 rel /npm/rel/ p",
            ),
            (
                "127.0.0.1",
                "/npm/d/team-111122223333/rel/@s/p/-/p-1.0.0.tgz",
                "team-111122223333 - rel /npm/d/team-111122223333/rel/ @s/p/-/p-1.0.0.tgz",
            ),
            (
                "127.0.0.1",
                "/npm/d/team-111122223333/rel/",
                "team-111122223333 - rel /npm/d/team-111122223333/rel/ ",
            ),
        ] {
            assert_eq!(shown(host, path), expected);
        }
    }

    #[test]
    fn wrong_endpoints_fail_each_in_its_own_way() {
        for (host, path, part) in [
            (
                "111122223333.d.codeartifact.us-east-1.amazonaws.com",
                "/npm/rel/p",
                "account id alone",
            ),
            (
                "my_team-111122223333.d.codeartifact.us-east-1.amazonaws.com",
                "/npm/rel/p",
                "first label",
            ),
            (
                "team-111122223333.d.codeartifact.us-east-1.amazonaws.com",
                "/pypi/rel/p",
                "only the format npm",
            ),
            (
                "team-111122223333.d.codeartifact.us-east-1.amazonaws.com",
                "/npm/relp",
                "ends in a slash",
            ),
            (
                "127.0.0.1",
                "/npm/d/team-111122223333/relp",
                "ends in a slash",
            ),
            ("127.0.0.1", "/npm/d/111122223333/rel/", "account id alone"),
        ] {
            assert!(shown(host, path).contains(part), "{}", shown(host, path));
        }
    }
}
