//! A call of an operation: who makes it, with which parameters, about what.

use serde_json::Value;

use super::error::ControlError;
use super::parameters::{Parameters, whole};
use super::{authorize, owning_account};
use crate::sandbox::identity::Principal;
use crate::sandbox::identity::policy::Question;
use crate::sandbox::log::Entry;
use crate::sandbox::names::{DomainKey, PackageId};
use crate::sandbox::server::Shared;
use crate::sandbox::state::{Domain, Package, Repository, State, VersionRecord};
use crate::sandbox::store::Digests;

pub(super) struct Call<'a> {
    pub(super) shared: &'a Shared,
    pub(super) principal: Principal,
    pub(super) parameters: Parameters,
    /// The host and port the request was sent to.
    pub(super) authority: &'a str,
    /// The body of an operation that takes bytes.
    pub(super) upload: Option<Digests>,
    pub(super) entry: &'a mut Entry,
}

impl Call<'_> {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.parameters.text(name)
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.parameters.value(name)
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.value(name).and_then(whole)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        match self.value(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => text == "true",
            _ => false,
        }
    }

    /// The domain asked for; its owner is the caller's account unless said otherwise.
    pub(super) fn domain(&self) -> DomainKey {
        DomainKey {
            owner: self
                .text("domain-owner")
                .or_else(|| self.text("domainOwner"))
                .unwrap_or(&self.principal.account)
                .to_owned(),
            name: self.text("domain").unwrap_or_default().to_owned(),
        }
    }

    /// The repository asked for; where one is copied from and one to, the one that changes.
    pub(super) fn repository(&self) -> &str {
        self.text("repository")
            .or_else(|| self.text("destination-repository"))
            .unwrap_or_default()
    }

    pub(super) fn package(&self) -> PackageId {
        PackageId {
            format: self.text("format").unwrap_or_default().to_owned(),
            namespace: self.text("namespace").map(str::to_owned),
            name: self.text("package").unwrap_or_default().to_owned(),
        }
    }

    pub(super) fn find_domain<'s>(&self, state: &'s State) -> Result<&'s Domain, ControlError> {
        let key = self.domain();
        state.domain(&key).ok_or_else(|| {
            ControlError::not_found(
                "domain",
                &key.name,
                format!(
                    "Domain not found. Domain: {}, owner: {}",
                    key.name, key.owner
                ),
            )
        })
    }

    pub(super) fn find_repository<'s>(
        &self,
        state: &'s State,
        name: &str,
    ) -> Result<&'s Repository, ControlError> {
        self.find_domain(state)?
            .repositories
            .get(name)
            .ok_or_else(|| {
                ControlError::not_found(
                    "repository",
                    name,
                    format!("Repository not found. Repository: {name}"),
                )
            })
    }

    pub(super) fn find_package<'s>(&self, state: &'s State) -> Result<&'s Package, ControlError> {
        let id = self.package();
        self.find_repository(state, self.repository())?
            .packages
            .get(&id)
            .ok_or_else(|| {
                let shown = id.group_path();
                ControlError::not_found("package", &shown, format!("Package not found: {shown}"))
            })
    }

    pub(super) fn find_version<'s>(
        &self,
        state: &'s State,
    ) -> Result<&'s VersionRecord, ControlError> {
        let name = self.text("version").unwrap_or_default();
        self.find_package(state)?
            .versions
            .get(name)
            .map(|version| &**version)
            .ok_or_else(|| {
                let id = format!("{}/{name}", self.package().group_path());
                ControlError::not_found(
                    "package-version",
                    &id,
                    format!("Package version not found: {id}"),
                )
            })
    }

    /// Asks the policies about an action on a resource of this call's domain.
    pub(super) fn require(
        &mut self,
        state: &State,
        action: &str,
        resource: &str,
        context: &[(&str, String)],
    ) -> Result<(), ControlError> {
        let domain = self.domain();
        let repository = self.repository().to_owned();
        let repository = (!repository.is_empty()).then_some(repository.as_str());
        // A call that names no domain is about the caller's own account.
        let place = (!domain.name.is_empty()).then_some((&domain, repository));
        let question = Question {
            principal: &self.principal,
            action,
            resource,
            context,
            account: owning_account(place, &self.principal),
        };
        authorize(state, &question, place, self.entry).map_err(ControlError::access_denied)
    }
}
