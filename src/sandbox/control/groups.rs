//! Operations on package groups.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::call::Call;
use super::error::ControlError;
use super::operations::{Access, Operation};
use super::parameters::{
    COORDINATE, DESCRIBED, DESCRIPTION, FROM_PAGE, GROUP_NAMED, IN_DOMAIN, IN_GROUP, OF_FORMAT,
    OF_OWNER, OF_PACKAGE, PER_PAGE, PREFIX, Parameter, SET_TAGS, Shape,
};
use super::{Effect, describe, paging, tags};
use crate::sandbox::groups::{self, RESTRICTIONS, ROOT};
use crate::sandbox::names::{PackageId, is_repository};
use crate::sandbox::state::{Change, Domain, GroupRecord, State};

const CONTACT: Parameter = Parameter::body("contactInfo", DESCRIPTION).optional();
const NAMESPACE: Parameter = Parameter::query("namespace", COORDINATE).optional();

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::write(
        "CreatePackageGroup",
        "POST",
        "/v1/package-group",
        Access::Group,
        &[
            IN_DOMAIN,
            OF_OWNER,
            GROUP_NAMED,
            CONTACT,
            DESCRIBED,
            SET_TAGS,
        ],
        create,
    ),
    Operation::read(
        "DescribePackageGroup",
        "GET",
        "/v1/package-group",
        Access::Group,
        &[IN_DOMAIN, OF_OWNER, IN_GROUP],
        describe_one,
    ),
    Operation::write(
        "UpdatePackageGroup",
        "PUT",
        "/v1/package-group",
        Access::Group,
        &[IN_DOMAIN, OF_OWNER, GROUP_NAMED, CONTACT, DESCRIBED],
        update,
    ),
    Operation::write(
        "DeletePackageGroup",
        "DELETE",
        "/v1/package-group",
        Access::Group,
        &[IN_DOMAIN, OF_OWNER, IN_GROUP],
        delete,
    ),
    Operation::write(
        "UpdatePackageGroupOriginConfiguration",
        "PUT",
        "/v1/package-group-origin-configuration",
        Access::Group,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_GROUP,
            Parameter::body("restrictions", Shape::Object).optional(),
            Parameter::body("addAllowedRepositories", Shape::Array).optional(),
            Parameter::body("removeAllowedRepositories", Shape::Array).optional(),
        ],
        update_origins,
    ),
    Operation::read(
        "GetAssociatedPackageGroup",
        "GET",
        "/v1/get-associated-package-group",
        Access::Domain,
        &[IN_DOMAIN, OF_OWNER, OF_FORMAT, NAMESPACE, OF_PACKAGE],
        associated,
    ),
    Operation::read(
        "ListPackageGroups",
        "POST",
        "/v1/package-groups",
        Access::Domain,
        &[
            IN_DOMAIN,
            OF_OWNER,
            PER_PAGE,
            FROM_PAGE,
            Parameter::query("prefix", PREFIX).optional(),
        ],
        list,
    ),
    Operation::read(
        "ListSubPackageGroups",
        "POST",
        "/v1/package-groups/sub-groups",
        Access::Group,
        &[IN_DOMAIN, OF_OWNER, IN_GROUP, PER_PAGE, FROM_PAGE],
        list_below,
    ),
    Operation::read(
        "ListAllowedRepositoriesForGroup",
        "GET",
        "/v1/package-group-allowed-repositories",
        Access::Group,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_GROUP,
            Parameter::query("originRestrictionType", Shape::One(&RESTRICTIONS)),
            PER_PAGE,
            FROM_PAGE,
        ],
        list_allowed,
    ),
    Operation::read(
        "ListAssociatedPackages",
        "GET",
        "/v1/list-associated-packages",
        Access::Group,
        &[
            IN_DOMAIN,
            OF_OWNER,
            IN_GROUP,
            PER_PAGE,
            FROM_PAGE,
            Parameter::query("preview", Shape::Flag).optional(),
        ],
        list_packages,
    ),
];

fn create(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let domain = call.find_domain(state)?;
    let pattern = call.text("packageGroup").unwrap_or_default();
    if !groups::is_pattern(pattern) {
        return Err(ControlError::field(format!(
            "{pattern} is not a package group pattern."
        )));
    }
    if pattern == ROOT || domain.groups.contains_key(pattern) {
        return Err(ControlError::conflict(
            "package-group",
            pattern,
            format!("Package group already exists: {pattern}"),
        ));
    }
    let record = GroupRecord {
        created: call.shared.clock.now(),
        description: call.text("description").map(str::to_owned),
        contact: call.text("contactInfo").map(str::to_owned),
        tags: tags::read(call.value("tags"))?,
        ..GroupRecord::default()
    };
    Ok(put(call, domain, pattern, record))
}

fn describe_one(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let (domain, pattern, _) = find(state, call)?;
    Ok(Effect::read(
        json!({"packageGroup": described(call, domain, pattern)}),
    ))
}

fn update(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let (domain, pattern, mut record) = find(state, call)?;
    if let Some(text) = call.text("description") {
        record.description = Some(text.to_owned());
    }
    if let Some(text) = call.text("contactInfo") {
        record.contact = Some(text.to_owned());
    }
    Ok(put(call, domain, pattern, record))
}

fn delete(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let (domain, pattern, _) = find(state, call)?;
    if pattern == ROOT {
        return Err(ControlError::field(
            "The root package group cannot be deleted.",
        ));
    }
    Ok(Effect::write(
        json!({"packageGroup": described(call, domain, pattern)}),
        vec![Change::Group {
            domain: call.domain(),
            pattern: pattern.to_owned(),
            record: None,
        }],
    ))
}

fn update_origins(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let (domain, pattern, mut record) = find(state, call)?;
    if let Some(Value::Object(restrictions)) = call.value("restrictions") {
        for (restriction, mode) in restrictions {
            let mode = mode.as_str().unwrap_or_default();
            let modes = ["ALLOW", "ALLOW_SPECIFIC_REPOSITORIES", "BLOCK", "INHERIT"];
            if !RESTRICTIONS.contains(&restriction.as_str()) || !modes.contains(&mode) {
                return Err(ControlError::field("restrictions holds an unknown word."));
            }
            if pattern == ROOT && mode == "INHERIT" {
                return Err(ControlError::field(
                    "The root package group has nothing to inherit from.",
                ));
            }
            record
                .restrictions
                .insert(restriction.clone(), mode.to_owned());
        }
    }
    let mut updates: BTreeMap<String, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    for (member, word) in [
        ("addAllowedRepositories", "ADDED"),
        ("removeAllowedRepositories", "REMOVED"),
    ] {
        for (repository, restriction) in repositories_in(call.value(member))? {
            if !domain.repositories.contains_key(&repository) {
                return Err(ControlError::not_found(
                    "repository",
                    &repository,
                    format!("Repository not found: {repository}"),
                ));
            }
            let allowed = record.allowed.entry(restriction.clone()).or_default();
            let known = allowed.contains(&repository);
            if word == "ADDED" && !known {
                allowed.push(repository.clone());
            } else if word == "REMOVED" && known {
                allowed.retain(|name| *name != repository);
            } else {
                continue;
            }
            let by_word = updates.entry(restriction).or_default();
            by_word.entry(word).or_default().push(repository);
        }
    }
    let mut effect = put(call, domain, pattern, record);
    if let super::Answer::Json(Value::Object(members)) = &mut effect.answer {
        members.insert("allowedRepositoryUpdates".to_owned(), json!(updates));
    }
    Ok(effect)
}

fn repositories_in(value: Option<&Value>) -> Result<Vec<(String, String)>, ControlError> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items
        .map(|item| {
            let text = |name: &str| item.get(name).and_then(Value::as_str);
            match (text("repositoryName"), text("originRestrictionType")) {
                (Some(repository), Some(restriction))
                    if is_repository(repository) && RESTRICTIONS.contains(&restriction) =>
                {
                    Ok((repository.to_owned(), restriction.to_owned()))
                }
                _ => Err(ControlError::field("An allowed repository is not valid.")),
            }
        })
        .collect()
}

fn associated(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let domain = call.find_domain(state)?;
    let pattern = groups::of_package(domain, &call.package());
    Ok(Effect::read(json!({
        "packageGroup": described(call, domain, pattern),
        "associationType": "STRONG",
    })))
}

fn list(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let domain = call.find_domain(state)?;
    let prefix = call.text("prefix").unwrap_or_default();
    listed(call, domain, |pattern| pattern.starts_with(prefix))
}

fn list_below(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let (domain, above, _) = find(state, call)?;
    listed(call, domain, |pattern| {
        groups::parent(domain, pattern) == Some(above)
    })
}

fn listed(
    call: &Call<'_>,
    domain: &Domain,
    fits: impl Fn(&str) -> bool,
) -> Result<Effect, ControlError> {
    let root = (!domain.groups.contains_key(ROOT)).then_some(ROOT);
    let items = root
        .into_iter()
        .chain(domain.groups.keys().map(String::as_str))
        .filter(|pattern| fits(pattern))
        .map(|pattern| (pattern.to_owned(), described(call, domain, pattern)));
    let (found, next) = paging::page(call, items)?;
    Ok(Effect::read(
        json!({"packageGroups": found, "nextToken": next}),
    ))
}

fn list_allowed(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let (_, _, record) = find(state, call)?;
    let restriction = call.text("originRestrictionType").unwrap_or_default();
    let items = record
        .allowed
        .get(restriction)
        .into_iter()
        .flatten()
        .map(|name| (name.clone(), Value::from(name.as_str())));
    let (names, next) = paging::page(call, items)?;
    Ok(Effect::read(
        json!({"allowedRepositories": names, "nextToken": next}),
    ))
}

/// With `preview` the pattern need not exist: these are the packages it would hold.
fn list_packages(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let domain = call.find_domain(state)?;
    let pattern = call.text("package-group").unwrap_or_default();
    let preview = call.flag("preview");
    if !preview {
        find(state, call)?;
    }
    let packages: std::collections::BTreeSet<&PackageId> = domain
        .repositories
        .values()
        .flat_map(|repository| repository.packages.keys())
        .filter(|package| {
            if preview {
                groups::holds(pattern, package)
            } else {
                groups::of_package(domain, package) == pattern
            }
        })
        .collect();
    let items = packages.into_iter().map(|package| {
        let mut members = describe::coordinates(package);
        members.insert("associationType".to_owned(), "STRONG".into());
        (package.group_path(), Value::Object(members))
    });
    let (found, next) = paging::page(call, items)?;
    Ok(Effect::read(json!({"packages": found, "nextToken": next})))
}

/// The group a call names; the root is there without a record.
fn find<'s>(
    state: &'s State,
    call: &Call<'_>,
) -> Result<(&'s Domain, &'s str, GroupRecord), ControlError> {
    let domain = call.find_domain(state)?;
    let pattern = call
        .text("package-group")
        .or_else(|| call.text("packageGroup"))
        .unwrap_or_default();
    match domain.groups.get_key_value(pattern) {
        Some((pattern, record)) => Ok((domain, pattern, record.clone())),
        None if pattern == ROOT => Ok((domain, ROOT, GroupRecord::default())),
        None => Err(ControlError::not_found(
            "package-group",
            pattern,
            format!("Package group not found: {pattern}"),
        )),
    }
}

fn put(call: &Call<'_>, domain: &Domain, pattern: &str, record: GroupRecord) -> Effect {
    let change = Change::Group {
        domain: call.domain(),
        pattern: pattern.to_owned(),
        record: Some(record.clone()),
    };
    // Described as it will be: parents and inheritance come out of the whole domain.
    let mut after = Domain {
        record: domain.record.clone(),
        repositories: BTreeMap::new(),
        groups: domain.groups.clone(),
    };
    after.groups.insert(pattern.to_owned(), record);
    Effect::write(
        json!({"packageGroup": described(call, &after, pattern)}),
        vec![change],
    )
}

fn described(call: &Call<'_>, domain: &Domain, pattern: &str) -> Value {
    let region = &call.shared.config.region;
    let key = call.domain();
    let reference =
        |pattern: &str| json!({"arn": key.group_arn(region, pattern), "pattern": pattern});
    let root = GroupRecord {
        created: domain.record.created,
        ..GroupRecord::default()
    };
    let record = domain.groups.get(pattern).unwrap_or(&root);
    let restrictions: Map<String, Value> = RESTRICTIONS
        .iter()
        .map(|restriction| {
            let default = if pattern == ROOT { "ALLOW" } else { "INHERIT" };
            let mode = record
                .restrictions
                .get(*restriction)
                .map_or(default, String::as_str);
            let (effective, from) = groups::effective(domain, pattern, restriction);
            let described = json!({
                "mode": mode,
                "effectiveMode": effective,
                "inheritedFrom": (mode == "INHERIT").then(|| reference(from)),
                "repositoriesCount": record.allowed.get(*restriction).map(Vec::len),
            });
            ((*restriction).to_owned(), described)
        })
        .collect();
    json!({
        "arn": key.group_arn(region, pattern),
        "pattern": pattern,
        "domainName": key.name,
        "domainOwner": key.owner,
        "createdTime": describe::timestamp(record.created),
        "contactInfo": record.contact,
        "description": record.description,
        "originConfiguration": {"restrictions": restrictions},
        "parent": groups::parent(domain, pattern).map(reference),
    })
}
