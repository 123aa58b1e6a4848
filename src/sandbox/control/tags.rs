//! Resource tags.

use serde_json::{Value, json};

use super::Effect;
use super::call::Call;
use super::error::ControlError;
use super::operations::{Access, Operation};
use super::parameters::{ARN, Parameter, Shape};
use crate::sandbox::names::DomainKey;
use crate::sandbox::state::{Change, State, Tag};

const RESOURCE: Parameter = Parameter::query("resourceArn", ARN);
const KEYS: Shape = Shape::Texts(
    200,
    |key| is_text(key, 1, 128),
    "Member must satisfy regular expression pattern: \\P{C}+",
);

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::write(
        "TagResource",
        "POST",
        "/v1/tag",
        Access::Named,
        &[RESOURCE, Parameter::body("tags", Shape::Array)],
        add,
    ),
    Operation::write(
        "UntagResource",
        "POST",
        "/v1/untag",
        Access::Named,
        &[RESOURCE, Parameter::body("tagKeys", KEYS)],
        remove,
    ),
    Operation::read(
        "ListTagsForResource",
        "POST",
        "/v1/tags",
        Access::Named,
        &[RESOURCE],
        list,
    ),
];

fn is_text(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// Reads a list of tags.
pub(super) fn read(value: Option<&Value>) -> Result<Vec<Tag>, ControlError> {
    let Some(Value::Array(items)) = value else {
        return Ok(Vec::new());
    };
    if items.len() > 200 {
        return Err(ControlError::field("There are more than 200 tags."));
    }
    items
        .iter()
        .map(|item| {
            let text = |name: &str, least: usize, most: usize| {
                item.get(name)
                    .and_then(Value::as_str)
                    .filter(|text| is_text(text, least, most))
                    .map(str::to_owned)
                    .ok_or_else(|| ControlError::field(format!("A tag's {name} is not valid.")))
            };
            Ok(Tag {
                key: text("key", 1, 128)?,
                value: text("value", 0, 256)?,
            })
        })
        .collect()
}

fn add(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let added = read(call.value("tags"))?;
    let (mut tags, put) = find(state, call)?;
    tags.retain(|tag| added.iter().all(|new| new.key != tag.key));
    tags.extend(added);
    Ok(Effect::write(json!({}), vec![put(tags)]))
}

fn remove(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let keys: Vec<&str> = call
        .value("tagKeys")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let (mut tags, put) = find(state, call)?;
    tags.retain(|tag| !keys.contains(&tag.key.as_str()));
    Ok(Effect::write(json!({}), vec![put(tags)]))
}

fn list(state: &State, call: &mut Call<'_>) -> Result<Effect, ControlError> {
    let (tags, _) = find(state, call)?;
    Ok(Effect::read(json!({"tags": tags})))
}

type PutTags = Box<dyn FnOnce(Vec<Tag>) -> Change>;

/// The tags of the resource with this ARN, and how to put others in their place.
fn find(state: &State, call: &Call<'_>) -> Result<(Vec<Tag>, PutTags), ControlError> {
    let arn = call.text("resourceArn").unwrap_or_default();
    let missing = || ControlError::not_found("resource", arn, format!("Resource not found: {arn}"));
    let region = &call.shared.config.region;
    let rest = arn
        .strip_prefix(&format!("arn:aws:codeartifact:{region}:"))
        .ok_or_else(missing)?;
    let (owner, rest) = rest.split_once(':').ok_or_else(missing)?;
    let (kind, rest) = rest.split_once('/').ok_or_else(missing)?;
    let (name, below) = rest.split_once('/').unwrap_or((rest, ""));
    let key = DomainKey {
        owner: owner.to_owned(),
        name: name.to_owned(),
    };
    let domain = state.domain(&key).ok_or_else(missing)?;
    match kind {
        "domain" if below.is_empty() => {
            let record = domain.record.clone();
            Ok((
                record.tags.clone(),
                Box::new(move |tags| Change::Domain {
                    domain: key,
                    record: Some(crate::sandbox::state::DomainRecord { tags, ..record }),
                }),
            ))
        }
        "repository" => {
            let record = domain
                .repositories
                .get(below)
                .ok_or_else(missing)?
                .record
                .clone();
            let repository = below.to_owned();
            Ok((
                record.tags.clone(),
                Box::new(move |tags| Change::Repository {
                    domain: key,
                    repository,
                    record: Some(crate::sandbox::state::RepositoryRecord { tags, ..record }),
                }),
            ))
        }
        "package-group" => {
            let pattern = format!("/{below}");
            let record = domain.groups.get(&pattern).ok_or_else(missing)?.clone();
            Ok((
                record.tags.clone(),
                Box::new(move |tags| Change::Group {
                    domain: key,
                    pattern,
                    record: Some(crate::sandbox::state::GroupRecord { tags, ..record }),
                }),
            ))
        }
        _ => Err(missing()),
    }
}
