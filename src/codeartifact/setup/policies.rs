//! What a publisher has to be allowed, and who may become one: least privilege, for exactly the
//! resources of a plan (`codeartifact.md` §5).

use serde::Serialize;
use serde_json::{Value, json};

use super::Plan;

/// The token of a publish is good for 15 minutes; nobody needs more than an hour.
const LONGEST_TOKEN: u32 = 3600;
/// Whom GitHub's identity tokens are by.
const GITHUB: &str = "token.actions.githubusercontent.com";

/// Documents to paste.
#[derive(Debug, Clone)]
pub struct Policies<'a> {
    plan: &'a Plan,
    scope: Option<String>,
}

/// Which of GitHub's jobs may publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GithubSubject {
    repository: String,
    environment: Option<String>,
}

/// Something that is not a repository of GitHub's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a repository of GitHub's, such as acme/tool")]
pub struct SubjectError(String);

impl GithubSubject {
    /// A repository as `owner/name`: its version tags, or an environment of its.
    ///
    /// # Errors
    /// [`SubjectError`]: a pattern here would let in more than one repository.
    pub fn new(repository: &str, environment: Option<String>) -> Result<Self, SubjectError> {
        let is_word = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        let is_right = repository
            .split_once('/')
            .is_some_and(|(owner, name)| is_word(owner) && is_word(name));
        let has_pattern = environment
            .as_ref()
            .is_some_and(|name| name.contains(['*', '?']));
        if !is_right || has_pattern {
            return Err(SubjectError(repository.to_owned()));
        }
        Ok(Self {
            repository: repository.to_owned(),
            environment,
        })
    }
}

impl<'a> Policies<'a> {
    pub(super) fn new(plan: &'a Plan, scope: Option<String>) -> Self {
        Self { plan, scope }
    }

    /// The identity policy of a publisher.
    pub fn publish(&self) -> Value {
        let Plan {
            wanted,
            account,
            region,
            ..
        } = self.plan;
        let (domain, repository) = (&wanted.domain, &wanted.repository);
        let arn = |rest: &str| {
            format!(
                "arn:{}:codeartifact:{region}:{account}:{rest}",
                self.partition()
            )
        };
        // Of an unscoped package the namespace is an empty segment: all packages have `npm/*`.
        let packages = match &self.scope {
            Some(scope) => format!("{}/*", scope.trim_start_matches('@')),
            None => "*".to_owned(),
        };
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "codeartifact:GetAuthorizationToken",
             "Resource": arn(&format!("domain/{domain}"))},
            {"Effect": "Allow", "Action": "sts:GetServiceBearerToken", "Resource": "*",
             "Condition": {"StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"},
                           "NumericLessThanEquals": {"sts:DurationSeconds": LONGEST_TOKEN}}},
            {"Effect": "Allow",
             "Action": ["codeartifact:GetRepositoryEndpoint", "codeartifact:ReadFromRepository"],
             "Resource": arn(&format!("repository/{domain}/{repository}"))},
            {"Effect": "Allow",
             "Action": ["codeartifact:PublishPackageVersion", "codeartifact:DescribePackage",
                        "codeartifact:DescribePackageVersion", "codeartifact:ListPackageVersionAssets"],
             "Resource": arn(&format!("package/{domain}/{repository}/npm/{packages}"))},
        ]})
    }

    /// The trust policy of a role that GitHub's jobs assume.
    pub fn trust(&self, subject: &GithubSubject) -> Value {
        let GithubSubject {
            repository,
            environment,
        } = subject;
        let audience = (format!("{GITHUB}:aud"), json!("sts.amazonaws.com"));
        let name = format!("{GITHUB}:sub");
        // `aud` alone would let every repository of GitHub's in.
        let condition = if let Some(environment) = environment {
            let subject = json!(format!("repo:{repository}:environment:{environment}"));
            let equal: Value = [audience, (name, subject)].into_iter().collect();
            json!({"StringEquals": equal})
        } else {
            let equal: Value = [audience].into_iter().collect();
            let subject = json!(format!("repo:{repository}:ref:refs/tags/v*"));
            let like: Value = [(name, subject)].into_iter().collect();
            json!({"StringEquals": equal, "StringLike": like})
        };
        let provider = format!(
            "arn:{}:iam::{}:oidc-provider/{GITHUB}",
            self.partition(),
            self.plan.account
        );
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Federated": provider},
             "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition},
        ]})
    }

    /// A workflow of GitHub's that publishes.
    pub fn workflow(&self, subject: &GithubSubject, role: &str, registry: &str) -> String {
        let (on, environment) = match &subject.environment {
            Some(environment) => (
                "on: workflow_dispatch",
                format!("    environment: {environment}\n"),
            ),
            None => ("on: { push: { tags: ['v*'] } }", String::new()),
        };
        format!(
            "{on}\njobs:\n  publish:\n    runs-on: ubuntu-latest\n{environment}    permissions:\n      contents: read\n      \
             id-token: write\n    steps:\n      - uses: actions/checkout@v4\n      - run: consign publish --registry \
             {registry}\n        env:\n          AWS_ROLE_ARN: arn:{}:iam::{}:role/{role}\n",
            self.partition(),
            self.plan.account
        )
    }

    fn partition(&self) -> &'static str {
        let region = &self.plan.region;
        if region.starts_with("cn-") {
            "aws-cn"
        } else if region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]
mod tests {
    use super::super::Wanted;
    use super::*;
    use crate::sandbox::config::Policy;

    fn plan() -> Plan {
        Plan {
            wanted: Wanted {
                domain: "team".into(),
                owner: None,
                repository: "releases".into(),
                store: None,
            },
            account: "111122223333".into(),
            region: "eu-west-1".into(),
            steps: Vec::new(),
        }
    }

    #[test]
    fn policies_name_the_plans_resources_alone() {
        let plan = plan();
        let text = plan.policies(Some("@acme")).publish().to_string();
        for arn in [
            "arn:aws:codeartifact:eu-west-1:111122223333:domain/team\"",
            "arn:aws:codeartifact:eu-west-1:111122223333:repository/team/releases\"",
            "arn:aws:codeartifact:eu-west-1:111122223333:package/team/releases/npm/acme/*\"",
        ] {
            assert!(text.contains(arn), "{arn} in {text}");
        }
        Policy::parse(&text).unwrap();
        let all = plan.policies(None).publish().to_string();
        assert!(all.contains("package/team/releases/npm/*\""), "{all}");
    }

    #[test]
    fn only_one_repository_is_trusted() {
        let plan = plan();
        let policies = plan.policies(None);
        let tags = GithubSubject::new("acme/tool", None).unwrap();
        let text = policies.trust(&tags).to_string();
        assert!(
            text.contains(r#""repo:acme/tool:ref:refs/tags/v*""#),
            "{text}"
        );
        Policy::parse(&text).unwrap();
        let environment = GithubSubject::new("acme/tool", Some("release".into())).unwrap();
        let text = policies.trust(&environment).to_string();
        assert!(
            text.contains("repo:acme/tool:environment:release"),
            "{text}"
        );
        assert!(!text.contains("StringLike"), "{text}");
        for (repository, environment) in [
            ("acme/*", None),
            ("acme", None),
            ("acme/tool/x", None),
            ("", None),
            ("acme/tool", Some("*".to_owned())),
        ] {
            assert!(
                GithubSubject::new(repository, environment).is_err(),
                "{repository}"
            );
        }
    }
}
