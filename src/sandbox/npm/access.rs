//! Who visits an npm endpoint, and what they may do there.
//!
//! A bearer token, or the same token as the password of the user `aws` in basic authentication. A
//! missing, broken or expired token is 401 with a challenge for both; a known caller whom policy
//! refuses is 403. There are no anonymous reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::NpmError;
use crate::sandbox::control::authorize;
use crate::sandbox::faults::FaultKind;
use crate::sandbox::identity::Principal;
use crate::sandbox::identity::policy::Question;
use crate::sandbox::identity::token;
use crate::sandbox::names::{DomainKey, PackageId};
use crate::sandbox::route::NpmRoute;
use crate::sandbox::server::{Incoming, Shared};

/// What a tarball's URL leaves as it is, as npm's `encodeURIComponent`-free path does.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'+')
    .remove(b'@')
    .remove(b'/');

/// An identified caller at a repository.
pub(super) struct Visit<'a> {
    pub(super) shared: &'a Shared,
    pub(super) domain: DomainKey,
    pub(super) repository: &'a str,
    pub(super) principal: Principal,
    /// The endpoint as the caller addressed it, with its closing slash.
    base: String,
}

impl<'a> Visit<'a> {
    /// Identifies the caller and finds the repository.
    pub(super) fn open(
        shared: &'a Shared,
        route: &NpmRoute<'a>,
        incoming: &mut Incoming,
    ) -> Result<Self, NpmError> {
        let realm = format!("{}/{}", route.domain.name, route.repository);
        let unauthenticated = |message: &str| NpmError::Unauthenticated {
            realm: realm.clone(),
            message: message.to_owned(),
        };
        let sent = incoming
            .header("authorization")
            .ok_or_else(|| unauthenticated("Unauthenticated: request did not include an Authorization header. Do you need to run the login command?"))?;
        let token = credential(sent).ok_or_else(|| {
            unauthenticated("the Authorization header is neither Bearer nor Basic")
        })?;
        let claims = token::open(shared.store.secret(), &token)
            .ok_or_else(|| unauthenticated("the token is not one of this service"))?;
        let region = route.region.unwrap_or(&shared.config.region);
        if claims.region != shared.config.region || region != shared.config.region {
            return Err(unauthenticated("the token was issued in another region"));
        }
        let fault = incoming.strike(shared, |fault| matches!(fault, FaultKind::ExpireToken));
        if fault.is_some() {
            shared.expired.add(&token);
        }
        if shared.expired.contains(&token) || claims.expires <= shared.clock.now_seconds() {
            return Err(unauthenticated("the token is expired"));
        }
        let principal = shared
            .directory
            .principal(&claims.principal)
            .ok_or_else(|| unauthenticated("whoever took the token is no more"))?;
        incoming.entry.principal = Some(principal.arn.clone());
        if claims.domain != route.domain {
            let message = "the token was issued for another domain";
            return Err(match shared.config.assumptions.foreign_domain_status {
                401 => unauthenticated(message),
                status => NpmError::refused(status, message),
            });
        }
        {
            let state = shared.store.read();
            let Some(domain) = state.domain(&route.domain) else {
                return Err(NpmError::refused(
                    404,
                    format!("no domain {}", route.domain),
                ));
            };
            if !domain.repositories.contains_key(route.repository) {
                return Err(NpmError::refused(
                    404,
                    format!(
                        "no repository {} in domain {}",
                        route.repository, route.domain
                    ),
                ));
            }
        }
        let scheme = match incoming.header("x-forwarded-proto") {
            Some("https") => "https",
            _ => "http",
        };
        let port = match shared.config.assumptions.tarball_port {
            Some(port) if !has_port(&incoming.authority) => format!(":{port}"),
            _ => String::new(),
        };
        Ok(Self {
            shared,
            domain: route.domain.clone(),
            repository: route.repository,
            principal,
            base: format!("{scheme}://{}{port}{}", incoming.authority, route.prefix),
        })
    }

    /// The URL of a version's tarball: `{registry}{package}/-/{name}-{version}.tgz`.
    pub(super) fn tarball_url(&self, package: &PackageId, version: &str) -> String {
        let path = format!("{}/-/{}-{version}.tgz", package.npm_name(), package.name);
        format!("{}{}", self.base, utf8_percent_encode(&path, PATH))
    }

    /// `codeartifact:ReadFromRepository` on the repository.
    pub(super) fn may_read(&self, incoming: &mut Incoming) -> Result<(), NpmError> {
        let region = &self.shared.config.region;
        let arn = self.domain.repository_arn(region, self.repository);
        self.may("codeartifact:ReadFromRepository", &arn, incoming)
    }

    /// An action on a package of the repository.
    pub(super) fn may_on_package(
        &self,
        action: &str,
        package: &PackageId,
        incoming: &mut Incoming,
    ) -> Result<(), NpmError> {
        let region = &self.shared.config.region;
        let arn = self.domain.package_arn(region, self.repository, package);
        self.may(action, &arn, incoming)
    }

    fn may(&self, action: &str, resource: &str, incoming: &mut Incoming) -> Result<(), NpmError> {
        let question = Question {
            principal: &self.principal,
            action,
            resource,
            context: &[],
            account: &self.domain.owner,
        };
        authorize(
            &self.shared.store.read(),
            &question,
            Some((&self.domain, Some(self.repository))),
            &mut incoming.entry,
        )
        .map_err(|sentence| NpmError::refused(403, sentence))
    }
}

fn has_port(authority: &str) -> bool {
    authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The token in an `Authorization` header.
fn credential(header: &str) -> Option<String> {
    let (scheme, value) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(value.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    match decoded.split_once(':') {
        Some(("aws", token)) => Some(token.to_owned()),
        _ => None,
    }
}
