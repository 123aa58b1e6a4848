//! Parameters and their constraints, as the service model states them.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::error::ControlError;
use super::operations::Operation;
use crate::sandbox::names::{is_account, is_coordinate, is_domain, is_repository};

/// Where a parameter travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    Body,
}

/// A parameter of an operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    /// As it stands on the wire.
    pub(super) name: &'static str,
    pub(super) place: Place,
    pub(super) required: bool,
    pub(super) shape: Shape,
}

impl Parameter {
    pub(super) const fn query(name: &'static str, shape: Shape) -> Self {
        Self {
            name,
            place: Place::Query,
            required: true,
            shape,
        }
    }

    pub(super) const fn body(name: &'static str, shape: Shape) -> Self {
        Self {
            name,
            place: Place::Body,
            required: true,
            shape,
        }
    }

    pub(super) const fn optional(mut self) -> Self {
        self.required = false;
        self
    }
}

/// What a parameter's value must look like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// A string that this rule accepts; the text is the constraint, as an error quotes it.
    Text(fn(&str) -> bool, &'static str),
    /// One of these strings.
    One(&'static [&'static str]),
    /// A whole number between these.
    Number(i64, i64),
    Flag,
    /// At most so many strings of one kind.
    Texts(usize, fn(&str) -> bool, &'static str),
    /// A map of strings to strings of these kinds.
    Pairs(fn(&str) -> bool, fn(&str) -> bool, &'static str),
    Object,
    Array,
}

pub(super) const DOMAIN: Shape = Shape::Text(
    is_domain,
    "Member must satisfy regular expression pattern: [a-z][a-z0-9\\-]{0,48}[a-z0-9]",
);
pub(super) const ACCOUNT: Shape = Shape::Text(
    is_account,
    "Member must satisfy regular expression pattern: [0-9]{12}",
);
pub(super) const REPOSITORY: Shape = Shape::Text(
    is_repository,
    "Member must satisfy regular expression pattern: [A-Za-z0-9][A-Za-z0-9._\\-]{1,99}",
);
const COORDINATE_RULE: &str = "Member must satisfy regular expression pattern: [^#/\\s]+";
pub(super) const COORDINATE: Shape = Shape::Text(is_coordinate, COORDINATE_RULE);
pub(super) const VERSIONS: Shape = Shape::Texts(100, is_coordinate, COORDINATE_RULE);
pub(super) const FORMAT: Shape = Shape::One(&[
    "npm", "pypi", "maven", "nuget", "generic", "ruby", "swift", "cargo",
]);
pub(super) const STATUS: Shape = Shape::One(&[
    "Published",
    "Unfinished",
    "Unlisted",
    "Archived",
    "Disposed",
    "Deleted",
]);
pub(super) const RESTRICTION: Shape = Shape::One(&["ALLOW", "BLOCK"]);
pub(super) const CONNECTION: Shape = Shape::Text(
    |text| {
        (2..=100).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte))
    },
    "Member must satisfy regular expression pattern: [A-Za-z0-9][A-Za-z0-9._\\-:]{1,99}",
);
pub(super) const DESCRIPTION: Shape = Shape::Text(
    |text| text.chars().count() <= 1000 && !text.chars().any(char::is_control),
    "Member must have length less than or equal to 1000",
);
pub(super) const NEXT: Shape = Shape::Text(
    |text| (1..=2000).contains(&text.chars().count()) && !text.contains(char::is_whitespace),
    "Member must have length less than or equal to 2000",
);
pub(super) const REVISION: Shape = Shape::Text(
    |text| (1..=100).contains(&text.chars().count()) && !text.contains(char::is_whitespace),
    "Member must have length less than or equal to 100",
);
pub(super) const ASSET: Shape = Shape::Text(
    |text| (1..=255).contains(&text.chars().count()) && !text.chars().any(char::is_control),
    "Member must have length less than or equal to 255",
);
pub(super) const ARN: Shape = Shape::Text(
    |text| (1..=1011).contains(&text.chars().count()) && !text.contains(char::is_whitespace),
    "Member must have length less than or equal to 1011",
);
pub(super) const POLICY: Shape = Shape::Text(
    |text| (1..=7168).contains(&text.chars().count()),
    "Member must have length less than or equal to 7168",
);
pub(super) const PATTERN: Shape = Shape::Text(
    |text| text.chars().count() >= 2 && is_pattern(text),
    "Member must satisfy regular expression pattern: [^\\p{C}\\p{IsWhitespace}]+",
);
pub(super) const PREFIX: Shape = Shape::Text(
    is_pattern,
    "Member must satisfy regular expression pattern: [^\\p{C}\\p{IsWhitespace}]*",
);
/// A package group's pattern, or the beginning of one.
fn is_pattern(text: &str) -> bool {
    let odd = |character: char| character.is_whitespace() || character.is_control();
    text.chars().count() <= 520 && !text.contains(odd)
}
const VERSION_REVISION_RULE: &str = "Member must have length less than or equal to 50";
pub(super) const VERSION_REVISION: Shape = Shape::Text(is_revision, VERSION_REVISION_RULE);
/// The revision of a package version.
fn is_revision(text: &str) -> bool {
    (1..=50).contains(&text.chars().count()) && !text.contains(char::is_whitespace)
}

/// Parameters that many operations share.
pub(super) const IN_DOMAIN: Parameter = Parameter::query("domain", DOMAIN);
pub(super) const OF_OWNER: Parameter = Parameter::query("domain-owner", ACCOUNT).optional();
pub(super) const IN_REPOSITORY: Parameter = Parameter::query("repository", REPOSITORY);
pub(super) const OF_FORMAT: Parameter = Parameter::query("format", FORMAT);
pub(super) const IN_NAMESPACE: Parameter = Parameter::query("namespace", COORDINATE).optional();
pub(super) const OF_PACKAGE: Parameter = Parameter::query("package", COORDINATE);
pub(super) const OF_VERSION: Parameter = Parameter::query("version", COORDINATE);
pub(super) const PER_PAGE: Parameter =
    Parameter::query("max-results", Shape::Number(1, 1000)).optional();
pub(super) const FROM_PAGE: Parameter = Parameter::query("next-token", NEXT).optional();
pub(super) const IN_GROUP: Parameter = Parameter::query("package-group", PATTERN);
pub(super) const GROUP_NAMED: Parameter = Parameter::body("packageGroup", PATTERN);
pub(super) const SET_TAGS: Parameter = Parameter::body("tags", Shape::Array).optional();
pub(super) const DESCRIBED: Parameter = Parameter::body("description", DESCRIPTION).optional();
pub(super) const SOME_VERSIONS: Parameter = Parameter::body("versions", VERSIONS);
pub(super) const REVISIONS: Parameter = Parameter::body(
    "versionRevisions",
    Shape::Pairs(is_coordinate, is_revision, VERSION_REVISION_RULE),
)
.optional();
pub(super) const EXPECTED: Parameter = Parameter::body("expectedStatus", STATUS).optional();

/// Parameters that passed.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) query: Map<String, Value>,
    pub(super) body: Map<String, Value>,
}

impl Parameters {
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.query.get(name).or_else(|| self.body.get(name))
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Value::as_str)
    }
}

/// Holds a request against its operation's model.
pub(super) fn check(
    operation: &Operation,
    query: &str,
    body: Map<String, Value>,
) -> Result<Parameters, ControlError> {
    let mut parameters = Parameters {
        query: Map::new(),
        body,
    };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters
            .query
            .insert(decode(name)?, Value::String(decode(value)?));
    }
    for parameter in operation.parameters {
        let members = match parameter.place {
            Place::Query => &parameters.query,
            Place::Body => &parameters.body,
        };
        match members.get(parameter.name) {
            None | Some(Value::Null) if parameter.required => {
                return Err(constraint(
                    "null",
                    parameter.name,
                    "Member must not be null",
                ));
            }
            None | Some(Value::Null) => {}
            Some(value) => parameter.check(value)?,
        }
    }
    Ok(parameters)
}

fn decode(text: &str) -> Result<String, ControlError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| ControlError::validation("CANNOT_PARSE", "The query is not UTF-8."))
}

fn constraint(value: &str, name: &str, rule: &str) -> ControlError {
    ControlError::field(format!(
        "1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {rule}"
    ))
}

impl Parameter {
    fn check(&self, value: &Value) -> Result<(), ControlError> {
        let shown = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let wrong = |rule: &str| Err(constraint(&shown, self.name, rule));
        match self.shape {
            Shape::Text(accepts, rule) => match value.as_str() {
                Some(text) if accepts(text) => Ok(()),
                _ => wrong(rule),
            },
            Shape::One(words) => match value.as_str() {
                Some(text) if words.contains(&text) => Ok(()),
                _ => wrong(&format!(
                    "Member must satisfy enum value set: [{}]",
                    words.join(", ")
                )),
            },
            Shape::Number(least, most) => match whole(value) {
                Some(number) if number < least => wrong(&format!(
                    "Member must have value greater than or equal to {least}"
                )),
                Some(number) if number > most => wrong(&format!(
                    "Member must have value less than or equal to {most}"
                )),
                Some(_) => Ok(()),
                None => wrong("Member must be a whole number"),
            },
            Shape::Flag => match value {
                Value::Bool(_) => Ok(()),
                Value::String(text) if text == "true" || text == "false" => Ok(()),
                _ => wrong("Member must be a boolean"),
            },
            Shape::Texts(most, accepts, rule) => match value.as_array() {
                Some(items) if items.len() > most => wrong(&format!(
                    "Member must have length less than or equal to {most}"
                )),
                Some(items) => {
                    let fits = |item: &Value| item.as_str().is_some_and(accepts);
                    if items.iter().all(fits) {
                        Ok(())
                    } else {
                        wrong(rule)
                    }
                }
                None => wrong("Member must be a list"),
            },
            Shape::Pairs(is_key, is_value, rule) => match value.as_object() {
                Some(members) => {
                    let fit = members
                        .iter()
                        .all(|(key, value)| is_key(key) && value.as_str().is_some_and(is_value));
                    if fit { Ok(()) } else { wrong(rule) }
                }
                None => wrong("Member must be a map"),
            },
            Shape::Object if value.is_object() => Ok(()),
            Shape::Array if value.is_array() => Ok(()),
            Shape::Object => wrong("Member must be a map"),
            Shape::Array => wrong("Member must be a list"),
        }
    }
}

/// A whole number, which the query holds as text.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}
