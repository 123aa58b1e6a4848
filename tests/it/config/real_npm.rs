//! The real npm publishes from a generated configuration to a registry that writes down what comes.

use std::collections::BTreeMap;

use consign::config::{Config, Flags};
use serde_json::{Map, Value};

use super::answer::{Failure, case_environment, config_failure, fill_credentials};
use super::generate::{Case, Profile};
use crate::support::{Answer, Asked, Random, Scripted, campaign, no_failures, real_npm};

#[test]
fn real_npm_sends_the_same_authorization() {
    if real_npm().is_none() {
        return;
    }
    let registry = Scripted::start(|asked, _| {
        let status = if asked.method == "PUT" { 200 } else { 404 };
        Answer::json(status, &Value::Object(Map::new()))
    });
    let address = registry.url.trim_start_matches("http://127.0.0.1:");
    let port = address.trim_end_matches('/');
    let hosts = ["127.0.0.1", "localhost"].map(|host| format!("{host}:{port}"));
    let profile = Profile::Requests(hosts.into());
    // Each is a process of npm, half a second.
    let (cases, seed) = campaign(8);
    let cases = cases.min(500);
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut failures = Vec::new();
    for number in 0..cases {
        let directory = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(directory.path()).unwrap();
        let mut case = Case::generate(&mut Random::of_case(seed, number), &root, &profile);
        case.write_package();
        // A process gets its variables sorted; which of two spellings counts depends on it.
        case.env.sort();
        let output = real_npm()
            .unwrap()
            .args(&case.args)
            .current_dir(&case.cwd)
            .env_clear()
            .envs(case.env.iter().cloned())
            .output()
            .unwrap();
        let theirs = outcome_of_npm(&String::from_utf8_lossy(&output.stderr), &registry.take());
        let ours = expected_outcome(&case);
        let kind = theirs.split(' ').next().unwrap_or_default().to_owned();
        *outcomes.entry(kind).or_default() += 1;
        let is_either = ours == "ENEEDAUTH or failure" && ours.contains(&theirs);
        if ours != theirs && !is_either {
            failures.push(format!(
                "seed {seed}, case {number}: ours {ours}, npm's {theirs}\n{}{}",
                case.describe(),
                String::from_utf8_lossy(&output.stderr)
            ));
        }
    }
    println!("{cases} publishes: {outcomes:?}");
    no_failures(&failures, cases);
}

/// `PUT <path> <header>`, or the code npm ends with, or `failure` for an error without one.
fn outcome_of_npm(stderr: &str, asked: &[Asked]) -> String {
    if let Some(put) = asked.iter().rfind(|asked| asked.method == "PUT") {
        let header = put.header("authorization").unwrap_or("none");
        return format!("PUT {} {header}", put.path);
    }
    stderr
        .lines()
        .find_map(|line| line.strip_prefix("npm error code "))
        .map_or_else(|| "failure".to_owned(), reached)
}

/// Codes that mean no registry was there to ask are one.
fn reached(code: &str) -> String {
    match code {
        "ECONNREFUSED" | "ENOTFOUND" | "EAI_AGAIN" | "EPROTO" | "ERR_SSL_WRONG_VERSION_NUMBER" => {
            "unreachable".to_owned()
        }
        other => other.to_owned(),
    }
}

fn expected_outcome(case: &Case) -> String {
    let mut result = Map::new();
    let failed = fill_installed(case, &mut result).err();
    if let Some((None, message)) = &failed
        && message.contains(":registry` from")
    {
        // A list for a scope: npm looks for credentials first, and may stop there.
        return "ENEEDAUTH or failure".to_owned();
    }
    let text = |key: &str| result.get(key).and_then(Value::as_str);
    // The check comes before whatever goes wrong with the request.
    match (text("check"), failed) {
        (Some("missing"), _) => "ENEEDAUTH".to_owned(),
        (_, Some((code, _))) => code.map_or_else(|| "failure".to_owned(), str::to_owned),
        _ => {
            let url = url::Url::parse(text("uri").unwrap()).unwrap();
            if !url
                .host_str()
                .is_some_and(|host| matches!(host, "127.0.0.1" | "localhost"))
                || url.port().is_none()
            {
                return "unreachable".to_owned();
            }
            let query = url
                .query()
                .map_or_else(String::new, |query| format!("?{query}"));
            let header = text("header").unwrap_or("none");
            format!("PUT {}{query} {header}", url.path())
        }
    }
}

/// Our answer, with the npm that is installed.
fn fill_installed(case: &Case, result: &mut Map<String, Value>) -> Result<(), Failure> {
    let environment = case_environment(case);
    let flags = Flags::parse(case.args.clone(), &environment).map_err(|e| config_failure(&e))?;
    let config = Config::load(&environment, flags).map_err(|error| config_failure(&error))?;
    let flat = match &case.publish_config {
        Some(own) => config
            .flat_with(own)
            .map_err(|error| config_failure(&error))?,
        None => config.flat().clone(),
    };
    fill_credentials(case, &config, &flat, result)
}
