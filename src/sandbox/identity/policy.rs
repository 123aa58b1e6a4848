//! IAM's policy language, as far as `CodeArtifact` policies use it.
//!
//! Evaluation is IAM's: an explicit deny wins; within one account either an identity policy or a
//! resource policy may allow; across accounts both must. Operators: `String…`, `Numeric…`,
//! `Bool`, `Arn…`, `Null`, each with `…IfExists`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::Principal;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Policy {
    /// One statement or several.
    #[serde(rename = "Statement")]
    statement: OneOrMany<Statement>,
}

impl Policy {
    /// Everything on everything: what the sandbox's default principal has.
    pub fn allow_all() -> Self {
        let any = || Some(OneOrMany::One("*".to_owned()));
        Self {
            statement: OneOrMany::One(Statement {
                effect: Effect::Allow,
                action: any(),
                not_action: None,
                resource: any(),
                not_resource: None,
                principal: None,
                condition: BTreeMap::new(),
            }),
        }
    }

    /// Reads a JSON document.
    pub fn parse(document: &str) -> Result<Self, PolicyError> {
        let policy: Self = serde_json::from_str(document)?;
        policy.check()?;
        Ok(policy)
    }

    /// Refuses what would otherwise be silently without effect.
    pub fn check(&self) -> Result<(), PolicyError> {
        for statement in self.statement.iter() {
            if statement.action.is_none() == statement.not_action.is_none() {
                return Err(PolicyError::Action);
            }
            for operator in statement.condition.keys() {
                let plain = operator.strip_suffix("IfExists").unwrap_or(operator);
                if !OPERATORS.contains(&plain) {
                    return Err(PolicyError::Operator(operator.clone()));
                }
            }
        }
        Ok(())
    }
}

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Not the JSON of a policy.
    #[error("the document is not a policy")]
    Syntax(#[from] serde_json::Error),
    /// Neither or both of `Action` and `NotAction`.
    #[error("a statement needs either Action or NotAction")]
    Action,
    /// A condition operator that the sandbox does not evaluate.
    #[error("the condition operator {0} is not supported")]
    Operator(String),
}

const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "Bool",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
];

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn iter(&self) -> std::slice::Iter<'_, T> {
        match self {
            Self::One(one) => std::slice::from_ref(one).iter(),
            Self::Many(many) => many.iter(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    action: Option<OneOrMany<String>>,
    not_action: Option<OneOrMany<String>>,
    resource: Option<OneOrMany<String>>,
    not_resource: Option<OneOrMany<String>>,
    principal: Option<Value>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, OneOrMany<Value>>>,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) principal: &'a Principal,
    /// `codeartifact:PublishPackageVersion`
    pub(crate) action: &'a str,
    /// An ARN, or `*`.
    pub(crate) resource: &'a str,
    /// Condition keys and their values.
    pub(crate) context: &'a [(&'a str, String)],
    /// The account that owns the resource.
    pub(crate) account: &'a str,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed,
    /// A policy of this kind says no.
    Denied(PolicyKind),
    /// No policy of this kind says yes.
    NotAllowed(PolicyKind),
}

/// Where a policy is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyKind {
    Identity,
    Resource,
}

impl PolicyKind {
    fn words(self) -> &'static str {
        match self {
            Self::Identity => "identity-based",
            Self::Resource => "resource-based",
        }
    }
}

impl Decision {
    /// IAM's sentence for a refusal (`security_iam_troubleshoot`).
    pub(crate) fn refusal(self, question: &Question<'_>) -> Option<String> {
        let because = match self {
            Self::Allowed => return None,
            Self::Denied(kind) => format!("with an explicit deny in a {} policy", kind.words()),
            Self::NotAllowed(kind) => format!(
                "because no {} policy allows the {} action",
                kind.words(),
                question.action
            ),
        };
        Some(format!(
            "User: {} is not authorized to perform: {} on resource: {} {}",
            question.principal.arn, question.action, question.resource, because
        ))
    }
}

/// Decides, given the policies that are attached to the resource.
pub(crate) fn decide(question: &Question<'_>, resource_policies: &[Policy]) -> Decision {
    let identity = effect_of(&question.principal.policies, question, PolicyKind::Identity);
    let resource = effect_of(resource_policies, question, PolicyKind::Resource);
    if identity == Some(Effect::Deny) {
        return Decision::Denied(PolicyKind::Identity);
    }
    if resource == Some(Effect::Deny) {
        return Decision::Denied(PolicyKind::Resource);
    }
    let allows = |effect: Option<Effect>| effect == Some(Effect::Allow);
    if question.principal.account == question.account {
        if allows(identity) || allows(resource) {
            Decision::Allowed
        } else {
            Decision::NotAllowed(PolicyKind::Identity)
        }
    } else if !allows(identity) {
        Decision::NotAllowed(PolicyKind::Identity)
    } else if !allows(resource) {
        Decision::NotAllowed(PolicyKind::Resource)
    } else {
        Decision::Allowed
    }
}

/// The strongest effect of the statements that match.
fn effect_of(policies: &[Policy], question: &Question<'_>, kind: PolicyKind) -> Option<Effect> {
    let mut effect = None;
    for statement in policies.iter().flat_map(|policy| policy.statement.iter()) {
        if statement.matches(question, kind) {
            if statement.effect == Effect::Deny {
                return Some(Effect::Deny);
            }
            effect = Some(Effect::Allow);
        }
    }
    effect
}

impl Statement {
    fn matches(&self, question: &Question<'_>, kind: PolicyKind) -> bool {
        let action = match (&self.action, &self.not_action) {
            (Some(actions), _) => any_like(actions, question.action, true),
            (None, Some(actions)) => !any_like(actions, question.action, true),
            (None, None) => false,
        };
        let resource = match (&self.resource, &self.not_resource) {
            (Some(resources), _) => any_like(resources, question.resource, false),
            (None, Some(resources)) => !any_like(resources, question.resource, false),
            (None, None) => kind == PolicyKind::Resource,
        };
        let principal = kind == PolicyKind::Identity
            || self
                .principal
                .as_ref()
                .is_some_and(|named| names_principal(named, question.principal));
        action
            && resource
            && principal
            && self.condition.iter().all(|(operator, keys)| {
                keys.iter()
                    .all(|(key, wanted)| condition_holds(operator, key, wanted, question.context))
            })
    }
}

fn any_like(patterns: &OneOrMany<String>, text: &str, ignore_case: bool) -> bool {
    patterns.iter().any(|pattern| {
        if ignore_case {
            like(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
        } else {
            like(pattern, text)
        }
    })
}

/// Whether a `Principal` element names this principal.
fn names_principal(named: &Value, principal: &Principal) -> bool {
    match named {
        Value::String(text) => {
            text == "*"
                || *text == principal.arn
                || *text == principal.account
                || *text == format!("arn:aws:iam::{}:root", principal.account)
                || role_arn(principal).is_some_and(|role| role == *text)
        }
        Value::Array(several) => several.iter().any(|one| names_principal(one, principal)),
        Value::Object(kinds) => kinds
            .get("AWS")
            .is_some_and(|named| names_principal(named, principal)),
        _ => false,
    }
}

/// The role's ARN behind a session's.
fn role_arn(principal: &Principal) -> Option<String> {
    let (_, session) = principal.arn.split_once(":assumed-role/")?;
    let (role, _) = session.split_once('/')?;
    Some(format!("arn:aws:iam::{}:role/{role}", principal.account))
}

fn condition_holds(
    operator: &str,
    key: &str,
    wanted: &OneOrMany<Value>,
    context: &[(&str, String)],
) -> bool {
    let actual = context
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(key))
        .map(|(_, value)| value.as_str());
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(plain) => (plain, true),
        None => (operator, false),
    };
    if operator == "Null" {
        let absent = actual.is_none().to_string();
        return wanted.iter().any(|value| text_of(value) == absent);
    }
    let Some(actual) = actual else {
        return if_exists || operator.contains("Not");
    };
    let any = |holds: &dyn Fn(&str) -> bool| wanted.iter().any(|value| holds(&text_of(value)));
    let number = |holds: fn(f64, f64) -> bool| {
        any(&|wanted| match (actual.parse(), wanted.parse()) {
            (Ok(actual), Ok(wanted)) => holds(actual, wanted),
            _ => false,
        })
    };
    match operator {
        "StringEquals" => any(&|wanted| wanted == actual),
        "StringNotEquals" => !any(&|wanted| wanted == actual),
        "Bool" | "StringEqualsIgnoreCase" => any(&|wanted| wanted.eq_ignore_ascii_case(actual)),
        "StringNotEqualsIgnoreCase" => !any(&|wanted| wanted.eq_ignore_ascii_case(actual)),
        "StringLike" | "ArnLike" | "ArnEquals" => any(&|wanted| like(wanted, actual)),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => !any(&|wanted| like(wanted, actual)),
        "NumericEquals" => number(|actual, wanted| actual.total_cmp(&wanted).is_eq()),
        "NumericNotEquals" => !number(|actual, wanted| actual.total_cmp(&wanted).is_eq()),
        "NumericLessThan" => number(|actual, wanted| actual < wanted),
        "NumericLessThanEquals" => number(|actual, wanted| actual <= wanted),
        "NumericGreaterThan" => number(|actual, wanted| actual > wanted),
        "NumericGreaterThanEquals" => number(|actual, wanted| actual >= wanted),
        _ => false,
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// IAM's wildcards: `*` is any run of characters, `?` any one character.
pub(crate) fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || Some(wanted) == text.get(from) => {
                at += 1;
                from += 1;
            }
            _ => match star {
                // Let the last star take one more character and try again.
                Some((star_at, star_from)) => {
                    star = Some((star_at, star_from + 1));
                    at = star_at + 1;
                    from = star_from + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn principal(policies: &[&str]) -> Principal {
        Principal {
            arn: "arn:aws:iam::111122223333:user/release".to_owned(),
            account: "111122223333".to_owned(),
            user_id: "AIDA".to_owned(),
            session_end: None,
            policies: policies
                .iter()
                .map(|document| Policy::parse(document).unwrap())
                .collect(),
        }
    }

    fn ask(
        identity: &[&str],
        resource: &[&str],
        action: &str,
        arn: &str,
        seconds: &str,
    ) -> Decision {
        let principal = principal(identity);
        let context = [
            ("sts:DurationSeconds", seconds.to_owned()),
            (
                "sts:AWSServiceName",
                "codeartifact.amazonaws.com".to_owned(),
            ),
        ];
        let question = Question {
            principal: &principal,
            action,
            resource: arn,
            context: &context,
            account: arn.split(':').nth(4).unwrap_or("111122223333"),
        };
        let resource: Vec<_> = resource
            .iter()
            .map(|text| Policy::parse(text).unwrap())
            .collect();
        decide(&question, &resource)
    }

    const SCOPED: &str = r#"{"Statement":[
        {"Effect":"Allow","Action":["codeartifact:Publish*"],
         "Resource":"arn:aws:codeartifact:*:111122223333:package/team/releases/npm/acme/*"},
        {"Effect":"Deny","Action":"*","Resource":"*/npm/acme/secret"},
        {"Effect":"Allow","Action":"sts:GetServiceBearerToken","Resource":"*","Condition":{
          "StringEquals":{"sts:AWSServiceName":"codeartifact.amazonaws.com"},
          "NumericLessThanEquals":{"sts:DurationSeconds":3600}}}]}"#;
    const PACKAGE: &str = "arn:aws:codeartifact:us-east-1:111122223333:package/team/releases/npm";

    #[test]
    fn a_resource_pattern_limits_an_action_and_a_deny_wins() {
        let publish = "codeartifact:PublishPackageVersion";
        let on = |tail: &str| ask(&[SCOPED], &[], publish, &format!("{PACKAGE}{tail}"), "1");
        assert_eq!(on("/acme/tool"), Decision::Allowed);
        assert_eq!(on("//tool"), Decision::NotAllowed(PolicyKind::Identity));
        assert_eq!(on("/acme/secret"), Decision::Denied(PolicyKind::Identity));
    }

    #[test]
    fn a_duration_cap_is_inclusive() {
        let on = |seconds: &str| ask(&[SCOPED], &[], "sts:GetServiceBearerToken", "*", seconds);
        assert_eq!(on("3600"), Decision::Allowed);
        assert_eq!(on("43200"), Decision::NotAllowed(PolicyKind::Identity));
    }

    #[test]
    fn another_account_needs_both_policies() {
        let all = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let shared = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*",
            "Principal":{"AWS":["arn:aws:iam::111122223333:root"]}}}"#;
        let arn = "arn:aws:codeartifact:us-east-1:999900001111:domain/team";
        let on = |identity: &[&str], resource: &[&str]| {
            ask(identity, resource, "codeartifact:DescribeDomain", arn, "1")
        };
        assert_eq!(on(&[all], &[]), Decision::NotAllowed(PolicyKind::Resource));
        assert_eq!(
            on(&[], &[shared]),
            Decision::NotAllowed(PolicyKind::Identity)
        );
        assert_eq!(on(&[all], &[shared]), Decision::Allowed);
    }

    #[test]
    fn stars_match_across_slashes_and_colons() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*b*c", "a/b:c", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*c", "acb", false),
            ("**a", "bba", true),
            ("", "x", false),
        ] {
            assert_eq!(like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn an_unknown_operator_is_an_error_and_not_a_hole() {
        let policy = Policy::parse(
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}}"#,
        );
        assert!(matches!(policy, Err(PolicyError::Operator(name)) if name == "IpAddress"));
    }
}
