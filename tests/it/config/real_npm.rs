//! Both programs publish from a generated configuration to a registry that writes down what comes: the same address,
//! the same `Authorization`, or the same refusal.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Map, Value, json};

use super::generate::{Case, Profile};
use crate::support::{Answer, Asked, Home, Judge, Random, Scripted, campaign, no_failures, run};

/// A difference that is meant: a row of `docs/npm-compatibility.md`.
struct Exception {
    /// The row's first cell.
    row: &'static str,
    applies: fn(&Compared) -> bool,
}

/// How both ended, and what consign said.
struct Compared {
    ours: String,
    npms: String,
    said: String,
}

const EXCEPTIONS: [Exception; 1] = [Exception {
    row: "a list for a scope's registry (`@scope:registry[]=`)",
    // npm looks for credentials of the list's text before it fails.
    applies: |compared| {
        compared.said.contains(":registry` from")
            && compared.ours == "failure"
            && compared.npms == "ENEEDAUTH"
    },
}];

#[test]
fn real_npm_sends_the_same_authorization() {
    let Some(mut judge) = Judge::start("publish.mjs") else {
        return;
    };
    let home = Home::new();
    let registry = Scripted::start(|asked, _| {
        let status = if asked.method == "PUT" { 200 } else { 404 };
        Answer::json(status, &Value::Object(Map::new()))
    });
    let address = registry.url.trim_start_matches("http://127.0.0.1:");
    let port = address.trim_end_matches('/');
    let hosts = ["127.0.0.1", "localhost"].map(|host| format!("{host}:{port}"));
    let profile = Profile::Requests(hosts.into());
    let (cases, seed) = campaign(40);
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut excepted: BTreeMap<&str, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for number in 0..cases {
        let directory = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(directory.path()).unwrap();
        let mut case = Case::generate(&mut Random::of_case(seed, number), &root, &profile);
        case.write_package();
        // A process gets its variables sorted; which of two spellings counts depends on it.
        case.env.sort();
        registry.take();
        let answer = judge.ask(&json!({"cwd": case.cwd, "env": case.env, "args": case.args}));
        let npms = outcome(answer["code"].as_str(), &registry.take());
        // npm's own steps leave their traces in the cache and nowhere else.
        let (ours, said) = by_consign(&home, &case, &registry);
        let kind = npms.split(' ').next().unwrap_or_default().to_owned();
        *outcomes.entry(kind).or_default() += 1;
        let compared = Compared { ours, npms, said };
        if compared.ours == compared.npms {
            continue;
        }
        let meant = EXCEPTIONS.iter().find(|meant| (meant.applies)(&compared));
        if let Some(meant) = meant {
            *excepted.entry(meant.row).or_default() += 1;
            continue;
        }
        let Compared { ours, npms, said } = compared;
        let failure = format!(
            "seed {seed}, case {number}: ours {ours}, npm's {npms}\n{}{said}\n{}",
            case.describe(),
            answer["stderr"].as_str().unwrap_or_default()
        );
        println!("{failure}");
        failures.push(failure);
    }
    let fit = cases - failures.len();
    println!(
        "{fit} of {cases} publishes agree or are a documented exception: {outcomes:?}, of which {excepted:?}"
    );
    no_failures(&failures, cases);
}

#[test]
fn exceptions_are_documented() {
    let documented = include_str!("../../../docs/npm-compatibility.md");
    for Exception { row, .. } in EXCEPTIONS {
        assert!(documented.contains(&format!("\n| {row} |")), "{row}");
    }
}

fn by_consign(home: &Home, case: &Case, registry: &Scripted) -> (String, String) {
    let (name, arguments) = case.args.split_first().unwrap();
    let ran = run(Command::new(home.consign().get_program())
        .args([name, "--wait=0"])
        .args(arguments)
        .current_dir(&case.cwd)
        .env_clear()
        .envs(case.env.iter().cloned()));
    let code = ran
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("consign error code "));
    let failed = (ran.code != Some(0)).then_some(code.unwrap_or(""));
    (outcome(failed, &registry.take()), ran.stderr)
}

/// `PUT <path> <header>`, or the code of an error, or `failure` for one without.
fn outcome(code: Option<&str>, asked: &[Asked]) -> String {
    if let Some(put) = asked.iter().find(|asked| asked.method == "PUT") {
        let header = put.header("authorization").unwrap_or("none");
        return format!("PUT {} {header}", put.path);
    }
    match code {
        // No registry was there to ask.
        Some(
            "ECONNREFUSED"
            | "ENOTFOUND"
            | "EAI_AGAIN"
            | "EPROTO"
            | "ERR_SSL_WRONG_VERSION_NUMBER"
            | "EUNREACHABLE",
        ) => "unreachable".to_owned(),
        Some("") | None => "failure".to_owned(),
        Some(code) => code.to_owned(),
    }
}
