//! Operations on packages.

use serde_json::{Value, json};

use super::call::Call;
use super::error::ControlError;
use super::operations::{Access, Operation};
use super::parameters::{
    COORDINATE, FORMAT, FROM_PAGE, IN_DOMAIN, IN_NAMESPACE, IN_REPOSITORY, OF_FORMAT, OF_OWNER,
    OF_PACKAGE, PER_PAGE, Parameter, RESTRICTION,
};
use super::{Effect, describe, paging};
use crate::sandbox::state::{Change, State};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::read(
        "DescribePackage",
        "GET",
        "/v1/package",
        Access::Package,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_REPOSITORY,
            OF_FORMAT,
            IN_NAMESPACE,
            OF_PACKAGE,
        ],
        describe_one,
    ),
    Operation::write(
        "DeletePackage",
        "DELETE",
        "/v1/package",
        Access::Package,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_REPOSITORY,
            OF_FORMAT,
            IN_NAMESPACE,
            OF_PACKAGE,
        ],
        delete,
    ),
    Operation::read(
        "ListPackages",
        "POST",
        "/v1/packages",
        Access::Repository,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_REPOSITORY,
            Parameter::query("format", FORMAT).optional(),
            IN_NAMESPACE,
            Parameter::query("package-prefix", COORDINATE).optional(),
            PER_PAGE,
            FROM_PAGE,
            Parameter::query("publish", RESTRICTION).optional(),
            Parameter::query("upstream", RESTRICTION).optional(),
        ],
        list,
    ),
];

fn describe_one(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let id = call.package();
    let package = call.find_package(state)?;
    Ok(Effect::read(json!({"package": {
        "format": id.format,
        "namespace": id.namespace,
        "name": id.name,
        "originConfiguration": describe::origin_configuration(package.record.restrictions),
    }})))
}

fn delete(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let id = call.package();
    let package = call.find_package(state)?;
    let mut deleted = describe::coordinates(&id);
    deleted.insert(
        "originConfiguration".to_owned(),
        describe::origin_configuration(package.record.restrictions),
    );
    Ok(Effect::write(
        json!({"deletedPackage": deleted}),
        vec![Change::Package {
            domain: call.domain(),
            repository: call.repository().to_owned(),
            package: id,
            record: None,
        }],
    ))
}

fn list(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let repository = call.find_repository(state, call.repository())?;
    let is = |name: &str, value: Option<&str>| {
        call.text(name).is_none_or(|wanted| value == Some(wanted))
    };
    let prefix = call.text("package-prefix").unwrap_or_default();
    let items = repository
        .packages
        .iter()
        .filter(|(id, package)| {
            is("format", Some(&id.format))
                && is("namespace", id.namespace.as_deref())
                && id.name.starts_with(prefix)
                && is(
                    "publish",
                    Some(package.record.restrictions.publish.as_str()),
                )
                && is(
                    "upstream",
                    Some(package.record.restrictions.upstream.as_str()),
                )
        })
        .map(|(id, package)| {
            let mut members = describe::coordinates(id);
            members.insert(
                "originConfiguration".to_owned(),
                describe::origin_configuration(package.record.restrictions),
            );
            (id.group_path(), Value::Object(members))
        });
    let (packages, next) = paging::page(call, items)?;
    Ok(Effect::read(
        json!({"packages": packages, "nextToken": next}),
    ))
}
