//! Generated configurations, read by consign and by npm's own modules.
//!
//! A case that fails prints its seed and its files.

mod answer;
mod compare;
mod generate;
mod properties;
mod real_npm;
mod secrets;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Judge, Random, campaign, no_failures};
use answer::{answer, shown};
use compare::{compare, kind};
use generate::{Case, Profile};

#[test]
fn registry_credentials_and_refusals_are_npms() {
    let Some(mut judge) = Judge::start("config.mjs") else {
        return;
    };
    let (cases, seed) = campaign(150);
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let mut failures = Vec::new();
    for number in 0..cases {
        let directory = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(directory.path()).unwrap();
        let case = Case::generate(
            &mut Random::of_case(seed, number),
            &root,
            &Profile::Everything,
        );
        let theirs = judge.ask(&case.request());
        let ours = answer(&case);
        let differences = compare(&ours, &theirs);
        *outcomes.entry(kind(&theirs)).or_default() += 1;
        if !differences.is_empty() {
            failures.push(format!(
                "seed {seed}, case {number}:\n  {}\n{}",
                differences.join("\n  "),
                case.describe()
            ));
        }
    }
    println!("{cases} configurations: {outcomes:?}");
    no_failures(&failures, cases);
}

#[test]
fn ini_text_is_read_as_npm_reads_it() {
    let Some(mut judge) = Judge::start("config.mjs") else {
        return;
    };
    let (cases, seed) = campaign(2000);
    for number in 0..cases {
        let text = generate::ini_text(&mut Random::of_case(seed, number));
        let theirs = judge.ask(&json!({ "ini": text }));
        let ours = match consign::config::parse_npmrc(&text) {
            Ok(file) => {
                let members = file
                    .entries
                    .iter()
                    .map(|entry| (entry.key.clone(), shown(&entry.value)))
                    .collect();
                json!({ "parsed": Value::Object(members) })
            }
            Err(_) => json!({ "error": true }),
        };
        if theirs.get("error").is_some() {
            assert!(
                ours.get("error").is_some(),
                "seed {seed}, case {number}: npm fails with {theirs} on {text:?}, we read {ours}"
            );
        } else {
            assert_eq!(
                ours.to_string(),
                theirs.to_string(),
                "seed {seed}, case {number}: {text:?}"
            );
        }
    }
}
