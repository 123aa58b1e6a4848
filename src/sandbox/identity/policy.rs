//! IAM's policy language, as far as `CodeArtifact` policies use it.
//!
//! Evaluation is IAM's: an explicit deny wins; within one account either an identity policy or a
//! resource policy may allow; across accounts both must. A role's trust policy must always allow.
//! Operators: `String…`, `Numeric…`,
//! `Bool`, `Arn…`, `Null`, each with `…IfExists`.

mod condition;
mod document;

use serde_json::Value;

pub use document::{Policy, PolicyError};

use super::Principal;
use condition::condition_holds;
use document::{Effect, OneOrMany, Statement};

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
    /// How the log calls it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied(_) => "explicit deny",
            Self::NotAllowed(_) => "not allowed",
        }
    }

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

/// Decides whether a role may be assumed. Its trust policy must allow it; so must the caller's own
/// policies, unless the trust policy names this very caller, of the role's account (IAM user
/// guide, "Cross-account resource access" and "Identity vs. resource policies").
pub(crate) fn decide_trust(question: &Question<'_>, trust: &[Policy]) -> Decision {
    let identity = effect_of(&question.principal.policies, question, PolicyKind::Identity);
    let resource = effect_of(trust, question, PolicyKind::Resource);
    let named = question.principal.account == question.account
        && statements(trust).any(|statement| {
            statement.effect == Effect::Allow
                && statement.matches(question, PolicyKind::Resource)
                && statement
                    .principal
                    .as_ref()
                    .is_some_and(|named| names_itself(named, question.principal))
        });
    match (identity, resource) {
        (Some(Effect::Deny), _) => Decision::Denied(PolicyKind::Identity),
        (_, Some(Effect::Deny)) => Decision::Denied(PolicyKind::Resource),
        (_, None) => Decision::NotAllowed(PolicyKind::Resource),
        (None, Some(Effect::Allow)) if !named => Decision::NotAllowed(PolicyKind::Identity),
        _ => Decision::Allowed,
    }
}

fn statements(policies: &[Policy]) -> impl Iterator<Item = &Statement> {
    policies.iter().flat_map(|policy| policy.statement.iter())
}

/// The strongest effect of the statements that match.
fn effect_of(policies: &[Policy], question: &Question<'_>, kind: PolicyKind) -> Option<Effect> {
    let mut effect = None;
    for statement in statements(policies) {
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

/// Whether a `Principal` element names this principal, itself or by its account.
fn names_principal(named: &Value, principal: &Principal) -> bool {
    names(named, principal, &|text| {
        text == principal.account
            || *text == format!("arn:aws:iam::{}:root", principal.account)
            || is_itself(text, principal)
    })
}

/// Whether a `Principal` element names this principal and not only its account.
fn names_itself(named: &Value, principal: &Principal) -> bool {
    names(named, principal, &|text| is_itself(text, principal))
}

fn names(named: &Value, principal: &Principal, is: &dyn Fn(&str) -> bool) -> bool {
    match named {
        Value::String(text) => text == "*" || is(text),
        Value::Array(several) => several.iter().any(|one| names(one, principal, is)),
        Value::Object(kinds) => kinds
            .get(principal.kind())
            .is_some_and(|named| names(named, principal, is)),
        _ => false,
    }
}

/// A user's or provider's own ARN, a session's, or that of the session's role.
fn is_itself(text: &str, principal: &Principal) -> bool {
    text == principal.arn || principal.role_arn().is_some_and(|role| role == text)
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
    fn an_unknown_member_is_an_error_and_not_a_hole() {
        for text in [
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condtion":{}}}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":"*","NotPrincipal":"*"}]}"#,
        ] {
            let error = Policy::parse(text).unwrap_err();
            let source = std::error::Error::source(&error).unwrap().to_string();
            assert!(source.contains("unknown field"), "{source}");
        }
        let whole = r#"{"Version":"2012-10-17","Id":"x","Statement":{"Sid":"y","Effect":"Deny","Action":"*","Resource":"*"}}"#;
        assert!(Policy::parse(whole).is_ok());
    }

    #[test]
    fn an_unknown_operator_is_an_error_and_not_a_hole() {
        let policy = Policy::parse(
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}}"#,
        );
        assert!(matches!(policy, Err(PolicyError::Operator(name)) if name == "IpAddress"));
    }
}
