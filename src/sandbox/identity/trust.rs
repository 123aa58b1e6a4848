//! Whom a role trusts: its trust policies, and the short forms of the configuration.

use std::sync::Arc;

use serde_json::json;

use super::Principal;
use super::policy::Policy;
use crate::sandbox::config::RoleConfig;

/// The provider that the sandbox's stands in for: trust policies name GitHub's.
const PROVIDER: &str = "token.actions.githubusercontent.com";

/// Whoever a web identity token speaks for, and the condition keys it brings.
pub(crate) fn federated(
    account: &str,
    audience: &str,
    subject: &str,
) -> (Principal, [(&'static str, String); 2]) {
    let principal = Principal {
        arn: provider_arn(account),
        account: account.to_owned(),
        user_id: subject.to_owned(),
        session_end: None,
        // A provider has no policies of its own; what counts is the trust policy.
        policies: [Policy::allow_all()].into(),
    };
    let keys = [
        (
            "token.actions.githubusercontent.com:aud",
            audience.to_owned(),
        ),
        (
            "token.actions.githubusercontent.com:sub",
            subject.to_owned(),
        ),
    ];
    (principal, keys)
}

fn provider_arn(account: &str) -> String {
    format!("arn:aws:iam::{account}:oidc-provider/{PROVIDER}")
}

/// The trust policies of a role; its short forms are spelt out.
pub(super) fn policies(role: &RoleConfig, account: &str) -> Arc<[Policy]> {
    let mut policies = role.trust.clone();
    if let Some(audience) = &role.trusted_audience {
        policies.push(Policy::trusting(
            json!({"Federated": provider_arn(account)}),
            "sts:AssumeRoleWithWebIdentity",
            &[
                (
                    "StringEquals",
                    format!("{PROVIDER}:aud"),
                    vec![audience.clone()],
                ),
                (
                    "StringLike",
                    format!("{PROVIDER}:sub"),
                    role.trusted_subjects.clone(),
                ),
            ],
        ));
    }
    if !role.trusted_principals.is_empty() {
        policies.push(Policy::trusting(
            json!({"AWS": role.trusted_principals}),
            "sts:AssumeRole",
            &[],
        ));
    }
    policies.into()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::policy::{Decision, PolicyKind, Question, decide_trust};
    use super::*;

    const ACCOUNT: &str = "111122223333";

    fn role() -> RoleConfig {
        RoleConfig {
            name: "release".to_owned(),
            account: None,
            policies: Vec::new(),
            trust: Vec::new(),
            trusted_audience: None,
            trusted_subjects: Vec::new(),
            trusted_principals: Vec::new(),
            longest_session: 3600,
            instance_role: false,
            single_sign_on: false,
        }
    }

    fn user(account: &str, policies: Vec<Policy>) -> Principal {
        Principal {
            arn: format!("arn:aws:iam::{account}:user/release"),
            account: account.to_owned(),
            user_id: "AIDA".to_owned(),
            session_end: None,
            policies: policies.into(),
        }
    }

    fn ask(
        role: &RoleConfig,
        principal: &Principal,
        action: &str,
        context: &[(&str, String)],
    ) -> Decision {
        let question = Question {
            principal,
            action,
            resource: "arn:aws:iam::111122223333:role/release",
            context,
            account: ACCOUNT,
        };
        decide_trust(&question, &policies(role, ACCOUNT))
    }

    #[test]
    fn a_web_identity_needs_its_audience_and_a_subject_that_matches() {
        let short = RoleConfig {
            trusted_audience: Some("sts.amazonaws.com".to_owned()),
            trusted_subjects: vec!["repo:acme/tool:ref:refs/tags/v*".to_owned()],
            ..role()
        };
        // The same in the words of AWS's own documentation.
        let long = RoleConfig {
            trust: vec![
                Policy::parse(
                    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
                    "Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"},
                    "Action":"sts:AssumeRoleWithWebIdentity","Condition":{
                    "StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"},
                    "StringLike":{"token.actions.githubusercontent.com:sub":"repo:acme/tool:ref:refs/tags/v*"}}}]}"#,
                )
                .unwrap(),
            ],
            ..role()
        };
        for role in [short, long] {
            let asked = |audience: &str, subject: &str| {
                let (principal, context) = federated(ACCOUNT, audience, subject);
                ask(&role, &principal, "sts:AssumeRoleWithWebIdentity", &context)
            };
            let refused = Decision::NotAllowed(PolicyKind::Resource);
            let tag = "repo:acme/tool:ref:refs/tags/v1";
            assert_eq!(asked("sts.amazonaws.com", tag), Decision::Allowed);
            assert_eq!(asked("other", tag), refused);
            assert_eq!(asked("sts.amazonaws.com", "repo:evil/fork:x"), refused);
            let user = user(ACCOUNT, vec![Policy::allow_all()]);
            assert_eq!(ask(&role, &user, "sts:AssumeRole", &[]), refused);
        }
    }

    #[test]
    fn a_named_caller_needs_no_policy_and_an_account_delegates() {
        let trusting = |principals: &[&str]| RoleConfig {
            trusted_principals: principals.iter().map(ToString::to_string).collect(),
            ..role()
        };
        let asked =
            |role: &RoleConfig, principal: &Principal| ask(role, principal, "sts:AssumeRole", &[]);
        let bare = user(ACCOUNT, Vec::new());
        let able = user(ACCOUNT, vec![Policy::allow_all()]);
        let itself = trusting(&["arn:aws:iam::111122223333:user/release"]);
        assert_eq!(asked(&itself, &bare), Decision::Allowed);
        let account = trusting(&[ACCOUNT]);
        let silent = Decision::NotAllowed(PolicyKind::Identity);
        assert_eq!(asked(&account, &bare), silent);
        assert_eq!(asked(&account, &able), Decision::Allowed);
        // Whatever a caller's own policies say, the role decides whom it trusts.
        let nobody = Decision::NotAllowed(PolicyKind::Resource);
        assert_eq!(asked(&role(), &able), nobody);
        // From another account both are needed.
        let far = "arn:aws:iam::999900001111:user/release";
        assert_eq!(
            asked(&trusting(&[far]), &user("999900001111", Vec::new())),
            silent
        );
        assert_eq!(
            asked(
                &trusting(&[far]),
                &user("999900001111", vec![Policy::allow_all()])
            ),
            Decision::Allowed
        );
    }

    #[test]
    fn an_external_id_may_be_asked_for() {
        let role = RoleConfig {
            trust: vec![
                Policy::parse(
                    r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/release"},
                    "Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"shared"}}}}"#,
                )
                .unwrap(),
            ],
            ..role()
        };
        let asked = |context: &[(&str, String)]| {
            ask(&role, &user(ACCOUNT, Vec::new()), "sts:AssumeRole", context)
        };
        let id = |id: &str| [("sts:ExternalId", id.to_owned())];
        assert_eq!(asked(&id("shared")), Decision::Allowed);
        assert_ne!(asked(&id("other")), Decision::Allowed);
        assert_ne!(asked(&[]), Decision::Allowed);
    }
}
