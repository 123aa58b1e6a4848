//! From a configuration to a store that holds its domain and repositories.

use super::SandboxError;
use super::config::{Config, RepositoryConfig};
use super::names::{DomainKey, is_account, is_domain, is_repository};
use super::server::Shared;
use super::state::{Change, DomainRecord, RepositoryRecord, State};
use super::store::{Store, StoreError};

/// Refuses names that the service would refuse.
pub(super) fn check(config: &Config) -> Result<(), SandboxError> {
    type Rule = fn(&str) -> bool;
    let fixed: [(&'static str, Rule, &str); 4] = [
        (
            "domain: 2 to 50 of a-z, 0-9 and -, starting with a letter, not ending with -",
            is_domain,
            &config.domain,
        ),
        ("domain owner: 12 digits", is_account, &config.domain_owner),
        (REPOSITORY, is_repository, &config.repository),
        (
            "region: a-z, 0-9 and -",
            |text| {
                !text.is_empty()
                    && text.bytes().all(|byte| {
                        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
                    })
            },
            &config.region,
        ),
    ];
    let more = config
        .repositories
        .iter()
        .map(|repository| (REPOSITORY, is_repository as Rule, repository.name.as_str()));
    for (what, rule, value) in fixed.into_iter().chain(more) {
        if !rule(value) {
            return Err(SandboxError::Name {
                what,
                value: value.to_owned(),
            });
        }
    }
    Ok(())
}

const REPOSITORY: &str =
    "repository: 2 to 100 of A-Z, a-z, 0-9, ., _ and -, starting with a letter or digit";

/// Opens the store a configuration asks for.
pub(super) fn open(config: &Config) -> Result<Store, SandboxError> {
    match &config.data {
        None => Store::in_memory().map_err(|error| SandboxError::SetUp(Box::new(error))),
        Some(directory) => Store::open(directory).map_err(|source| SandboxError::Data {
            directory: directory.clone(),
            source: Box::new(source),
        }),
    }
}

/// Makes the domain and the repositories that are not there yet.
pub(super) async fn lay_out(shared: &Shared) -> Result<(), StoreError> {
    let now = shared.clock.now();
    shared
        .store
        .transact(|state| Ok(((), missing(state, &shared.config, now))))
        .await
}

fn missing(state: &State, config: &Config, now: i64) -> Vec<Change> {
    let domain = DomainKey {
        owner: config.domain_owner.clone(),
        name: config.domain.clone(),
    };
    let mut changes = Vec::new();
    if state.domain(&domain).is_none() {
        changes.push(Change::Domain {
            domain: domain.clone(),
            record: Some(DomainRecord {
                created: now,
                encryption_key: encryption_key(&config.region, &config.domain_owner),
                tags: Vec::new(),
                policy: None,
            }),
        });
    }
    let first = RepositoryConfig {
        name: config.repository.clone(),
        ..RepositoryConfig::default()
    };
    let described = config
        .repositories
        .iter()
        .any(|repository| repository.name == config.repository);
    let first = (!described).then_some(&first);
    for repository in first.into_iter().chain(&config.repositories) {
        if state.repository(&domain, &repository.name).is_none() {
            changes.push(Change::Repository {
                domain: domain.clone(),
                repository: repository.name.clone(),
                record: Some(RepositoryRecord {
                    created: now,
                    administrator: config.domain_owner.clone(),
                    upstreams: repository.upstreams.clone(),
                    external_connections: repository.external_connection.iter().cloned().collect(),
                    ..RepositoryRecord::default()
                }),
            });
        }
    }
    changes
}

/// The ARN of the key that a domain gets when none is named. No such key exists: nothing here is
/// encrypted at rest.
pub(super) fn encryption_key(region: &str, owner: &str) -> String {
    format!("arn:aws:kms:{region}:{owner}:key/00000000-0000-4000-8000-000000000000")
}
