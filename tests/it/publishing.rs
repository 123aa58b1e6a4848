//! The same package published by the real npm and by consign to a registry that writes down what comes.
//!
//! What is sent has to be the same: the requests up to the upload, their headers, the document with the order of its
//! keys; and so have the ends: exit status, error code, what is printed on stdout. `compare` lists every difference
//! that is meant. A mismatch is shrunk before it is reported; those found so far stay in `regressions`.

mod case;
mod compare;
mod end;
mod generate;
mod registry;
mod regressions;

use std::collections::BTreeMap;

use crate::support::{Judge, Random, campaign, no_failures};
use case::Case;
use compare::Both;

#[test]
fn generated_packages_are_published_as_npm_does() {
    let Some(mut both) = Judge::start("publish.mjs").map(Both::new) else {
        return;
    };
    let (cases, seed) = campaign(60);
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for number in 0..cases {
        let case = generate::case(&mut Random::of_case(seed, number));
        let compared = both.compare(&case);
        *outcomes.entry(compared.outcome).or_default() += 1;
        if compared.differences.is_empty() {
            continue;
        }
        // A few are made small, which takes its time; of the rest it is told what differs.
        let report = if failures.len() < 8 {
            let small = shrink(&case, &compared.differences, &mut both);
            let differences = both.compare(&small).differences;
            format!("{small}\n  {}", differences.join("\n  "))
        } else {
            compared.differences.join("\n  ")
        };
        let failure = format!("seed {seed}, case {number}:\n{report}");
        // At once: a campaign takes minutes, and may be cut off.
        println!("{failure}");
        failures.push(failure);
    }
    println!("{cases} packages: {outcomes:#?}");
    no_failures(&failures, cases);
    let sent = outcomes.get("published").copied().unwrap_or_default();
    assert!(
        cases < 50 || sent * 6 > cases,
        "only {sent} of {cases} were published"
    );
}

/// The least that still differs in the same way.
fn shrink(case: &Case, differences: &[String], both: &mut Both) -> Case {
    let kind = |differences: &[String]| {
        differences
            .first()
            .map(|first| first.split(':').next().unwrap_or_default().to_owned())
    };
    let kind_of_case = kind(differences);
    case.shrink(|smaller| kind(&both.compare(smaller).differences) == kind_of_case)
}

#[test]
fn packages_that_once_differed_are_published_as_npm_does() {
    let Some(mut both) = Judge::start("publish.mjs").map(Both::new) else {
        return;
    };
    let mut failures = Vec::new();
    let all = regressions::all();
    for (name, case) in &all {
        let differences = both.compare(case).differences;
        if !differences.is_empty() {
            failures.push(format!("{name}:\n{case}\n  {}", differences.join("\n  ")));
        }
    }
    no_failures(&failures, all.len());
}
