//! `PutPackageOriginConfiguration`: how versions of a package may come into a repository.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ControlError;
use super::operations::{Access, Operation};
use super::parameters::{
    IN_DOMAIN, IN_NAMESPACE, IN_REPOSITORY, OF_FORMAT, OF_OWNER, OF_PACKAGE, Parameter, Shape,
};
use super::{Effect, describe};
use crate::sandbox::state::{Change, PackageRecord, Restriction, Restrictions, State};

pub(super) const OPERATIONS: &[Operation] = &[Operation::write(
    "PutPackageOriginConfiguration",
    "POST",
    "/v1/package",
    Access::Package,
    &[
        IN_DOMAIN,
        OF_OWNER,
        IN_REPOSITORY,
        OF_FORMAT,
        IN_NAMESPACE,
        OF_PACKAGE,
        Parameter::body("restrictions", Shape::Object),
    ],
    put,
)];

/// The package need not be there yet: then it is there afterwards, without versions.
fn put(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let repository = call.find_repository(state, call.repository())?;
    let restriction = |name: &str| {
        call.value("restrictions")
            .and_then(|restrictions| restrictions.get(name))
            .and_then(Value::as_str)
            .and_then(Restriction::parse)
            .ok_or_else(|| ControlError::field(format!("restrictions.{name} is ALLOW or BLOCK.")))
    };
    let restrictions = Restrictions {
        publish: restriction("publish")?,
        upstream: restriction("upstream")?,
    };
    let id = call.package();
    let now = call.shared.clock.now();
    let record = match repository.packages.get(&id) {
        Some(known) => PackageRecord {
            restrictions,
            ..known.record.clone()
        },
        None => PackageRecord {
            restrictions,
            dist_tags: Map::new(),
            created: now,
            modified: now,
        },
    };
    Ok(Effect::write(
        json!({"originConfiguration": describe::origin_configuration(restrictions)}),
        vec![Change::Package {
            domain: call.domain(),
            repository: call.repository().to_owned(),
            package: id,
            record: Some(record),
        }],
    ))
}
