//! Operations on domains.

use serde_json::{Value, json};

use super::call::Call;
use super::error::ControlError;
use super::operations::{Access, Operation};
use super::parameters::{ARN, IN_DOMAIN, NEXT, OF_OWNER, Parameter, SET_TAGS, Shape};
use super::{Effect, describe, paging, tags};
use crate::sandbox::names::DomainKey;
use crate::sandbox::setup::encryption_key;
use crate::sandbox::state::{Change, Domain, DomainRecord, State};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::write(
        "CreateDomain",
        "POST",
        "/v1/domain",
        Access::Domain,
        &[
            IN_DOMAIN,
            Parameter::body("encryptionKey", ARN).optional(),
            SET_TAGS,
        ],
        create,
    ),
    Operation::read(
        "DescribeDomain",
        "GET",
        "/v1/domain",
        Access::Domain,
        &[IN_DOMAIN, OF_OWNER],
        describe_one,
    ),
    Operation::write(
        "DeleteDomain",
        "DELETE",
        "/v1/domain",
        Access::Domain,
        &[IN_DOMAIN, OF_OWNER],
        delete,
    ),
    Operation::read(
        "ListDomains",
        "POST",
        "/v1/domains",
        Access::Account,
        &[
            Parameter::body("maxResults", Shape::Number(1, 1000)).optional(),
            Parameter::body("nextToken", NEXT).optional(),
        ],
        list,
    ),
];

fn create(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    // A domain is always made in the caller's own account.
    let key = DomainKey {
        owner: call.principal.account.clone(),
        ..call.domain()
    };
    if state.domain(&key).is_some() {
        return Err(ControlError::conflict(
            "domain",
            &key.name,
            format!("Domain already exists: {}", key.name),
        ));
    }
    let limit = call.shared.config.limits.domains;
    let owned = state
        .domains
        .keys()
        .filter(|known| known.owner == key.owner);
    if owned.count() >= limit {
        return Err(ControlError::quota(
            "domain",
            &key.name,
            format!("An account can have {limit} domains."),
        ));
    }
    let region = &call.shared.config.region;
    let record = DomainRecord {
        created: call.shared.clock.now(),
        encryption_key: call
            .text("encryptionKey")
            .map_or_else(|| encryption_key(region, &key.owner), str::to_owned),
        tags: tags::read(call.value("tags"))?,
        policy: None,
    };
    let empty = Domain {
        record: record.clone(),
        repositories: std::collections::BTreeMap::new(),
        groups: std::collections::BTreeMap::new(),
    };
    Ok(Effect::write(
        json!({"domain": describe::domain(region, &key, &empty, "Active")}),
        vec![Change::Domain {
            domain: key,
            record: Some(record),
        }],
    ))
}

fn describe_one(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let domain = call.find_domain(state)?;
    let region = &call.shared.config.region;
    Ok(Effect::read(
        json!({"domain": describe::domain(region, &call.domain(), domain, "Active")}),
    ))
}

fn delete(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let domain = call.find_domain(state)?;
    let key = call.domain();
    if !domain.repositories.is_empty() {
        return Err(ControlError::conflict(
            "domain",
            &key.name,
            "A domain that contains repositories cannot be deleted.",
        ));
    }
    let region = &call.shared.config.region;
    Ok(Effect::write(
        json!({"domain": describe::domain(region, &key, domain, "Deleted")}),
        vec![Change::Domain {
            domain: key,
            record: None,
        }],
    ))
}

fn list(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let region = &call.shared.config.region;
    let items = state
        .domains
        .iter()
        .filter(|(key, _)| key.owner == call.principal.account)
        .map(|(key, domain)| {
            let mut described = describe::domain(region, key, domain, "Active");
            if let Value::Object(members) = &mut described {
                for only_described in ["repositoryCount", "assetSizeBytes", "s3BucketArn"] {
                    members.shift_remove(only_described);
                }
            }
            (key.name.clone(), described)
        });
    let (domains, next) = paging::page(call, items)?;
    Ok(Effect::read(json!({"domains": domains, "nextToken": next})))
}
