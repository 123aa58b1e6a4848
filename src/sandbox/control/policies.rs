//! Resource policies of domains and repositories.

use serde_json::Value;

use super::call::Call;
use super::error::ControlError;
use super::operations::{Access, Operation};
use super::parameters::{
    ACCOUNT, DOMAIN, IN_DOMAIN, IN_REPOSITORY, OF_OWNER, POLICY, Parameter, REVISION,
};
use super::{Effect, describe};
use crate::sandbox::identity::policy::Policy;
use crate::sandbox::random;
use crate::sandbox::state::{Change, PolicyRecord, State};

const DOCUMENT: Parameter = Parameter::body("policyDocument", POLICY);
const REPLACED: Parameter = Parameter::body("policyRevision", REVISION).optional();
const DELETED: Parameter = Parameter::query("policy-revision", REVISION).optional();

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::write(
        "PutDomainPermissionsPolicy",
        "PUT",
        "/v1/domain/permissions/policy",
        Access::Domain,
        &[
            Parameter::body("domain", DOMAIN),
            Parameter::body("domainOwner", ACCOUNT).optional(),
            REPLACED,
            DOCUMENT,
        ],
        put,
    ),
    Operation::read(
        "GetDomainPermissionsPolicy",
        "GET",
        "/v1/domain/permissions/policy",
        Access::Domain,
        &[IN_DOMAIN, OF_OWNER],
        show,
    ),
    Operation::write(
        "DeleteDomainPermissionsPolicy",
        "DELETE",
        "/v1/domain/permissions/policy",
        Access::Domain,
        &[IN_DOMAIN, OF_OWNER, DELETED],
        delete,
    ),
    Operation::write(
        "PutRepositoryPermissionsPolicy",
        "PUT",
        "/v1/repository/permissions/policy",
        Access::Repository,
        &[IN_DOMAIN, OF_OWNER, IN_REPOSITORY, REPLACED, DOCUMENT],
        put,
    ),
    Operation::read(
        "GetRepositoryPermissionsPolicy",
        "GET",
        "/v1/repository/permissions/policy",
        Access::Repository,
        &[IN_DOMAIN, OF_OWNER, IN_REPOSITORY],
        show,
    ),
    Operation::write(
        "DeleteRepositoryPermissionsPolicy",
        "DELETE",
        "/v1/repository/permissions/policies",
        Access::Repository,
        &[IN_DOMAIN, OF_OWNER, IN_REPOSITORY, DELETED],
        delete,
    ),
];

fn put(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let document = call.text("policyDocument").unwrap_or_default().to_owned();
    Policy::parse(&document).map_err(|error| {
        ControlError::field(format!("The policy document is not valid: {error}"))
    })?;
    let known = find(state, call)?;
    if let Some(wanted) = call.text("policyRevision") {
        expect(call, known, wanted)?;
    }
    let policy = PolicyRecord {
        revision: random::hex::<16>()?,
        document,
    };
    let answer = describe::policy(&arn(call), &policy);
    Ok(Effect::write(answer, vec![set(state, call, Some(policy))?]))
}

fn show(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let policy = find(state, call)?.ok_or_else(|| missing(call))?;
    Ok(Effect::read(describe::policy(&arn(call), policy)))
}

fn delete(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let policy = find(state, call)?.ok_or_else(|| missing(call))?;
    if let Some(wanted) = call.text("policy-revision") {
        expect(call, Some(policy), wanted)?;
    }
    let answer: Value = describe::policy(&arn(call), policy);
    Ok(Effect::write(answer, vec![set(state, call, None)?]))
}

fn arn(call: &Call<'_>) -> String {
    let region = &call.shared.config.region;
    match call.repository() {
        "" => call.domain().arn(region),
        repository => call.domain().repository_arn(region, repository),
    }
}

fn missing(call: &Call<'_>) -> ControlError {
    let arn = arn(call);
    ControlError::not_found("policy", &arn, format!("{arn} has no permissions policy."))
}

fn expect(call: &Call<'_>, known: Option<&PolicyRecord>, wanted: &str) -> Result<(), ControlError> {
    if known.is_some_and(|known| known.revision == wanted) {
        Ok(())
    } else {
        Err(ControlError::conflict(
            "policy",
            &arn(call),
            format!("The policy's revision is not {wanted}."),
        ))
    }
}

fn find<'s>(state: &'s State, call: &Call<'_>) -> Result<Option<&'s PolicyRecord>, ControlError> {
    Ok(match call.repository() {
        "" => call.find_domain(state)?.record.policy.as_ref(),
        repository => call
            .find_repository(state, repository)?
            .record
            .policy
            .as_ref(),
    })
}

fn set(
    state: &State,
    call: &Call<'_>,
    policy: Option<PolicyRecord>,
) -> Result<Change, ControlError> {
    let domain = call.domain();
    Ok(match call.repository() {
        "" => {
            let mut record = call.find_domain(state)?.record.clone();
            record.policy = policy;
            Change::Domain {
                domain,
                record: Some(record),
            }
        }
        repository => {
            let mut record = call.find_repository(state, repository)?.record.clone();
            record.policy = policy;
            Change::Repository {
                domain,
                repository: repository.to_owned(),
                record: Some(record),
            }
        }
    })
}
