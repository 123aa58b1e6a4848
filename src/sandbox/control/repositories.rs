//! Operations on repositories, their upstreams and their external connection.

use serde_json::{Value, json};

use super::call::Call;
use super::error::ControlError;
use super::operations::{Access, Operation};
use super::parameters::{
    ACCOUNT, CONNECTION, DESCRIBED, FROM_PAGE, IN_DOMAIN, IN_REPOSITORY, OF_FORMAT, OF_OWNER,
    PER_PAGE, Parameter, REPOSITORY, SET_TAGS, Shape,
};
use super::{Effect, describe, paging, tags};
use crate::sandbox::names::{DomainKey, is_repository};
use crate::sandbox::state::{Change, Domain, RepositoryRecord, State};

const UPSTREAMS: Parameter = Parameter::body("upstreams", Shape::Array).optional();
const EXTERNAL: Parameter = Parameter::query("external-connection", CONNECTION);
const PREFIXED: Parameter = Parameter::query("repository-prefix", REPOSITORY).optional();

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::write(
        "CreateRepository",
        "POST",
        "/v1/repository",
        Access::Repository,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_REPOSITORY,
            DESCRIBED,
            UPSTREAMS,
            SET_TAGS,
        ],
        create,
    ),
    Operation::write(
        "UpdateRepository",
        "PUT",
        "/v1/repository",
        Access::Repository,
        &[IN_DOMAIN, OF_OWNER, IN_REPOSITORY, DESCRIBED, UPSTREAMS],
        update,
    ),
    Operation::read(
        "DescribeRepository",
        "GET",
        "/v1/repository",
        Access::Repository,
        &[IN_DOMAIN, OF_OWNER, IN_REPOSITORY],
        describe_one,
    ),
    Operation::write(
        "DeleteRepository",
        "DELETE",
        "/v1/repository",
        Access::Repository,
        &[IN_DOMAIN, OF_OWNER, IN_REPOSITORY],
        delete,
    ),
    Operation::write(
        "AssociateExternalConnection",
        "POST",
        "/v1/repository/external-connection",
        Access::Repository,
        &[IN_DOMAIN, OF_OWNER, IN_REPOSITORY, EXTERNAL],
        associate,
    ),
    Operation::write(
        "DisassociateExternalConnection",
        "DELETE",
        "/v1/repository/external-connection",
        Access::Repository,
        &[IN_DOMAIN, OF_OWNER, IN_REPOSITORY, EXTERNAL],
        disassociate,
    ),
    Operation::read(
        "ListRepositories",
        "POST",
        "/v1/repositories",
        Access::Account,
        &[PREFIXED, PER_PAGE, FROM_PAGE],
        list,
    ),
    Operation::read(
        "ListRepositoriesInDomain",
        "POST",
        "/v1/domain/repositories",
        Access::Domain,
        &[
            IN_DOMAIN,
            OF_OWNER,
            Parameter::query("administrator-account", ACCOUNT).optional(),
            PREFIXED,
            PER_PAGE,
            FROM_PAGE,
        ],
        list_in_domain,
    ),
    Operation::read(
        "GetRepositoryEndpoint",
        "GET",
        "/v1/repository/endpoint",
        Access::Repository,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_REPOSITORY,
            OF_FORMAT,
            Parameter::query("endpointType", Shape::One(&["dualstack", "ipv4"])).optional(),
        ],
        endpoint,
    ),
];

fn create(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let domain = call.find_domain(state)?;
    let name = call.repository().to_owned();
    if domain.repositories.contains_key(&name) {
        return Err(ControlError::conflict(
            "repository",
            &name,
            format!("Repository already exists: {name}"),
        ));
    }
    let limit = call.shared.config.limits.repositories;
    if domain.repositories.len() >= limit {
        return Err(ControlError::quota(
            "repository",
            &name,
            format!("A domain can have {limit} repositories."),
        ));
    }
    let record = RepositoryRecord {
        created: call.shared.clock.now(),
        administrator: call.principal.account.clone(),
        description: call.text("description").map(str::to_owned),
        upstreams: upstreams(call, domain, &name)?.unwrap_or_default(),
        tags: tags::read(call.value("tags"))?,
        ..RepositoryRecord::default()
    };
    Ok(put(call, &name, record))
}

fn update(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let domain = call.find_domain(state)?;
    let name = call.repository().to_owned();
    let mut record = call.find_repository(state, &name)?.record.clone();
    if let Some(description) = call.text("description") {
        record.description = Some(description.to_owned());
    }
    if let Some(upstreams) = upstreams(call, domain, &name)? {
        record.upstreams = upstreams;
    }
    Ok(put(call, &name, record))
}

fn describe_one(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let name = call.repository();
    let record = &call.find_repository(state, name)?.record;
    Ok(Effect::read(described(call, name, record)))
}

fn delete(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let name = call.repository();
    let record = &call.find_repository(state, name)?.record;
    let domain = call.find_domain(state)?;
    let mut changes = vec![Change::Repository {
        domain: call.domain(),
        repository: name.to_owned(),
        record: None,
    }];
    // Nobody keeps an upstream that is no more.
    for (other, repository) in &domain.repositories {
        if repository
            .record
            .upstreams
            .iter()
            .any(|upstream| upstream == name)
        {
            let mut record = repository.record.clone();
            record.upstreams.retain(|upstream| upstream != name);
            changes.push(Change::Repository {
                domain: call.domain(),
                repository: other.clone(),
                record: Some(record),
            });
        }
    }
    Ok(Effect::write(described(call, name, record), changes))
}

fn associate(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let name = call.repository().to_owned();
    let mut record = call.find_repository(state, &name)?.record.clone();
    let connection = call.text("external-connection").unwrap_or_default();
    if describe::connection_format(connection).is_none() {
        return Err(ControlError::not_found(
            "external-connection",
            connection,
            format!("External connection not found: {connection}"),
        ));
    }
    if record
        .external_connections
        .iter()
        .any(|known| known == connection)
    {
        return Err(ControlError::conflict(
            "repository",
            &name,
            format!("The repository has the external connection {connection} already."),
        ));
    }
    if !record.external_connections.is_empty() {
        return Err(ControlError::quota(
            "repository",
            &name,
            "A repository can have one external connection.",
        ));
    }
    record.external_connections.push(connection.to_owned());
    Ok(put(call, &name, record))
}

fn disassociate(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let name = call.repository().to_owned();
    let mut record = call.find_repository(state, &name)?.record.clone();
    let connection = call.text("external-connection").unwrap_or_default();
    let before = record.external_connections.len();
    record
        .external_connections
        .retain(|known| known != connection);
    if record.external_connections.len() == before {
        return Err(ControlError::not_found(
            "external-connection",
            connection,
            format!("The repository has no external connection {connection}."),
        ));
    }
    Ok(put(call, &name, record))
}

fn list(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let prefix = call.text("repository-prefix").unwrap_or_default();
    let items = state
        .domains
        .iter()
        .filter(|(key, _)| key.owner == call.principal.account)
        .flat_map(|(key, domain)| summaries(call, key, domain, prefix));
    let (repositories, next) = paging::page(call, items)?;
    Ok(Effect::read(
        json!({"repositories": repositories, "nextToken": next}),
    ))
}

fn list_in_domain(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let domain = call.find_domain(state)?;
    let key = call.domain();
    let prefix = call.text("repository-prefix").unwrap_or_default();
    let account = call.text("administrator-account");
    let items = summaries(call, &key, domain, prefix).filter(|(_, summary)| {
        account.is_none_or(|account| {
            summary.get("administratorAccount").and_then(Value::as_str) == Some(account)
        })
    });
    let (repositories, next) = paging::page(call, items)?;
    Ok(Effect::read(
        json!({"repositories": repositories, "nextToken": next}),
    ))
}

fn summaries<'a>(
    call: &'a Call<'_>,
    key: &'a DomainKey,
    domain: &'a Domain,
    prefix: &'a str,
) -> impl Iterator<Item = (String, Value)> + 'a {
    domain
        .repositories
        .iter()
        .filter(move |(name, _)| name.starts_with(prefix))
        .map(move |(name, repository)| {
            let region = &call.shared.config.region;
            (
                format!("{key}/{name}"),
                describe::repository_summary(region, key, name, &repository.record),
            )
        })
}

/// The path form on the host that was asked, or with `virtual_host_endpoints` the host a domain
/// has on AWS. Only the format npm is served behind it.
fn endpoint(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    call.find_repository(state, call.repository())?;
    let (domain, repository) = (call.domain(), call.repository());
    let format = call.text("format").unwrap_or_default();
    let config = &call.shared.config;
    let endpoint = if config.assumptions.virtual_host_endpoints {
        let host = match call.text("endpointType") {
            Some("dualstack") => format!("{domain}.codeartifact.{}.on.aws", config.region),
            _ => format!("{domain}.d.codeartifact.{}.amazonaws.com", config.region),
        };
        format!("https://{host}/{format}/{repository}/")
    } else {
        format!(
            "http://{}/{format}/d/{domain}/{repository}/",
            call.authority
        )
    };
    Ok(Effect::read(json!({"repositoryEndpoint": endpoint})))
}

fn described(call: &Call<'_>, name: &str, record: &RepositoryRecord) -> Value {
    let region = &call.shared.config.region;
    json!({"repository": describe::repository(region, &call.domain(), name, record)})
}

fn put(call: &Call<'_>, name: &str, record: RepositoryRecord) -> Effect {
    Effect::write(
        described(call, name, &record),
        vec![Change::Repository {
            domain: call.domain(),
            repository: name.to_owned(),
            record: Some(record),
        }],
    )
}

/// The upstreams a call sets: repositories of the domain, none of which leads back.
fn upstreams(
    call: &Call<'_>,
    domain: &Domain,
    repository: &str,
) -> Result<Option<Vec<String>>, ControlError> {
    let Some(Value::Array(items)) = call.value("upstreams") else {
        return Ok(None);
    };
    let limit = call.shared.config.limits.upstreams;
    if items.len() > limit {
        return Err(ControlError::quota(
            "repository",
            repository,
            format!("A repository can have {limit} direct upstreams."),
        ));
    }
    let mut upstreams: Vec<String> = Vec::new();
    for item in items {
        let name = item
            .get("repositoryName")
            .and_then(Value::as_str)
            .filter(|name| is_repository(name))
            .ok_or_else(|| ControlError::field("upstreams holds what is not a repositoryName"))?;
        if !domain.repositories.contains_key(name) {
            return Err(ControlError::not_found(
                "repository",
                name,
                format!("Upstream repository not found: {name}"),
            ));
        }
        if leads_to(domain, name, repository) {
            return Err(ControlError::field(format!(
                "The upstream {name} leads back to {repository}."
            )));
        }
        if upstreams.iter().any(|known| known == name) {
            return Err(ControlError::field(format!(
                "The upstream {name} is named twice."
            )));
        }
        upstreams.push(name.to_owned());
    }
    Ok(Some(upstreams))
}

fn leads_to(domain: &Domain, from: &str, to: &str) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name)
            && let Some(repository) = domain.repositories.get(name)
        {
            open.extend(repository.record.upstreams.iter().map(String::as_str));
        }
    }
    false
}
