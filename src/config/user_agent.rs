//! npm's `user-agent`, filled in (`@npmcli/config` 10.12 `definitions.js`, `ci-info` 4.x).

use Condition::{Holds, Is, Set};

use super::flat::Flat;
use super::value::{ConfigValue, trim};
use crate::environment::Environment;

/// The npm whose behaviour this is, named to registries and scripts.
pub const NPM_VERSION: &str = "11.19.1";

/// What identifies a CI system in its environment.
enum Condition {
    /// One of these variables is set and not empty.
    Set(&'static [&'static str]),
    /// The variable has this value.
    Is(&'static str, &'static str),
    /// The variable's value contains this.
    Holds(&'static str, &'static str),
}

/// CI systems by the name npm gives them; all conditions must hold, the last match counts.
#[rustfmt::skip] // One system per line, as a table.
const SYSTEMS: &[(&str, &[Condition])] = &[
    ("agola-ci", &[Set(&["AGOLA_GIT_REF"])]),
    ("alpic", &[Set(&["ALPIC_HOST"])]),
    ("appcircle", &[Set(&["AC_APPCIRCLE"])]),
    ("appveyor", &[Set(&["APPVEYOR"])]),
    ("aws-codebuild", &[Set(&["CODEBUILD_BUILD_ARN"])]),
    ("azure-pipelines", &[Set(&["TF_BUILD"])]),
    ("bamboo", &[Set(&["bamboo_planKey"])]),
    ("bitbucket-pipelines", &[Set(&["BITBUCKET_COMMIT"])]),
    ("bitrise", &[Set(&["BITRISE_IO"])]),
    ("buddy", &[Set(&["BUDDY_WORKSPACE_ID"])]),
    ("buildkite", &[Set(&["BUILDKITE"])]),
    ("circleci", &[Set(&["CIRCLECI"])]),
    ("cirrus-ci", &[Set(&["CIRRUS_CI"])]),
    ("cloudflare-pages", &[Set(&["CF_PAGES"])]),
    ("cloudflare-workers", &[Set(&["WORKERS_CI"])]),
    ("codefresh", &[Set(&["CF_BUILD_ID"])]),
    ("codemagic", &[Set(&["CM_BUILD_ID"])]),
    ("codeship", &[Is("CI_NAME", "codeship")]),
    ("drone", &[Set(&["DRONE"])]),
    ("dsari", &[Set(&["DSARI"])]),
    ("earthly", &[Set(&["EARTHLY_CI"])]),
    ("expo-application-services", &[Set(&["EAS_BUILD"])]),
    ("gerrit", &[Set(&["GERRIT_PROJECT"])]),
    ("gitea-actions", &[Set(&["GITEA_ACTIONS"])]),
    ("github-actions", &[Set(&["GITHUB_ACTIONS"])]),
    ("gitlab-ci", &[Set(&["GITLAB_CI"])]),
    ("gocd", &[Set(&["GO_PIPELINE_LABEL"])]),
    ("google-cloud-build", &[Set(&["BUILDER_OUTPUT"])]),
    ("harness-ci", &[Set(&["HARNESS_BUILD_ID"])]),
    ("heroku", &[Holds("NODE", "/app/.heroku/node/bin/node")]),
    ("hudson", &[Set(&["HUDSON_URL"])]),
    ("jenkins", &[Set(&["JENKINS_URL"]), Set(&["BUILD_ID"])]),
    ("layerci", &[Set(&["LAYERCI"])]),
    ("magnum-ci", &[Set(&["MAGNUM"])]),
    ("netlify-ci", &[Set(&["NETLIFY"])]),
    ("nevercode", &[Set(&["NEVERCODE"])]),
    ("prow", &[Set(&["PROW_JOB_ID"])]),
    ("releasehub", &[Set(&["RELEASE_BUILD_ID"])]),
    ("render", &[Set(&["RENDER"])]),
    ("sail-ci", &[Set(&["SAILCI"])]),
    ("screwdriver", &[Set(&["SCREWDRIVER"])]),
    ("semaphore", &[Set(&["SEMAPHORE"])]),
    ("sourcehut", &[Is("CI_NAME", "sourcehut")]),
    ("strider-cd", &[Set(&["STRIDER"])]),
    ("taskcluster", &[Set(&["TASK_ID"]), Set(&["RUN_ID"])]),
    ("teamcity", &[Set(&["TEAMCITY_VERSION"])]),
    ("travis-ci", &[Set(&["TRAVIS"])]),
    ("vela", &[Set(&["VELA"])]),
    ("vercel", &[Set(&["NOW_BUILDER","VERCEL"])]),
    ("visual-studio-app-center", &[Set(&["APPCENTER_BUILD_ID"])]),
    ("woodpecker", &[Is("CI", "woodpecker")]),
    ("xcode-cloud", &[Set(&["CI_XCODE_PROJECT"])]),
    ("xcode-server", &[Set(&["XCS"])]),
];

/// The name of the CI system, if this runs in one that npm knows.
pub fn ci_name(environment: &Environment) -> Option<&'static str> {
    if environment.variable("CI").as_deref() == Some("false") {
        return None;
    }
    let holds = |condition: &Condition| match condition {
        Set(names) => names
            .iter()
            .any(|name| environment.non_empty(name).is_some()),
        Is(name, value) => environment.variable(name).as_deref() == Some(value),
        Holds(name, part) => environment
            .variable(name)
            .is_some_and(|value| value.contains(part)),
    };
    SYSTEMS
        .iter()
        .rev()
        .find(|(_, conditions)| conditions.iter().all(holds))
        .map(|(name, _)| *name)
}

/// Whether nobody watches, by what npm goes by.
pub fn is_ci(environment: &Environment) -> bool {
    const SIGNS: [&str; 9] = [
        "BUILD_ID",
        "BUILD_NUMBER",
        "CI",
        "CI_APP_ID",
        "CI_BUILD_ID",
        "CI_BUILD_NUMBER",
        "CI_NAME",
        "CONTINUOUS_INTEGRATION",
        "RUN_ID",
    ];
    environment.variable("CI").as_deref() != Some("false")
        && (ci_name(environment).is_some()
            || SIGNS
                .iter()
                .any(|name| environment.non_empty(name).is_some()))
}

/// On GitHub's CI: whose machine and which instance.
fn github_runner(environment: &Environment) -> Option<&'static str> {
    let server = environment
        .variable("GITHUB_SERVER_URL")
        .unwrap_or_default();
    let host = url::Url::parse(trim(&server)).ok()?;
    let host = host.host_str()?.to_lowercase();
    let runner = environment.variable("RUNNER_ENVIRONMENT");
    Some(match host.as_str() {
        "" => return None,
        "github.com" => match runner.as_deref().map(trim) {
            Some("github-hosted") => "dotcom-hosted",
            Some("self-hosted") => "dotcom-selfhosted",
            _ => "dotcom",
        },
        "ghe.com" => "ghecom",
        host if host.ends_with(".ghe.com") => "ghecom",
        _ => "ghes",
    })
}

/// The header's value as npm's setting `user-agent` has it. `node_version` is what to say for
/// Node's, with its `v`.
pub fn user_agent(flat: &Flat, environment: &Environment, node_version: &str) -> String {
    let template = flat
        .value("user-agent")
        .and_then(ConfigValue::as_text)
        .unwrap_or_default();
    filled_user_agent(template, flat, environment, node_version)
}

/// A template of the header's value, with npm's placeholders filled in.
pub fn filled_user_agent(
    template: &str,
    flat: &Flat,
    environment: &Environment,
    node_version: &str,
) -> String {
    let in_workspaces = flat.value("workspaces").is_some_and(ConfigValue::is_truthy)
        || match flat.value("workspace") {
            Some(ConfigValue::Array(items)) => !items.is_empty(),
            Some(ConfigValue::String(text)) => !text.is_empty(),
            _ => false,
        };
    let ci = ci_name(environment).map_or_else(String::new, |name| {
        let runner = environment
            .non_empty("GITHUB_ACTIONS")
            .and_then(|_| github_runner(environment));
        runner.map_or_else(
            || format!("ci/{name}"),
            |runner| format!("ci/{name}/{runner}"),
        )
    });
    let platform = environment.platform();
    let filled = [
        ("{node-version}", node_version),
        ("{npm-version}", NPM_VERSION),
        ("{platform}", platform.os),
        ("{arch}", platform.architecture),
        ("{workspaces}", if in_workspaces { "true" } else { "false" }),
        ("{ci}", &ci),
    ]
    .iter()
    .fold(template.to_owned(), |text, (name, value)| {
        replace_any_case(&text, name, value)
    });
    trim(&filled).to_owned()
}

fn replace_any_case(text: &str, name: &str, value: &str) -> String {
    // Names are ASCII, so lower-casing ASCII keeps all positions.
    let lower = text.to_ascii_lowercase();
    let mut replaced = String::new();
    let mut from = 0;
    for (start, _) in lower.match_indices(name) {
        replaced.push_str(text.get(from..start).unwrap_or_default());
        replaced.push_str(value);
        from = start + name.len();
    }
    replaced.push_str(text.get(from..).unwrap_or_default());
    replaced
}
