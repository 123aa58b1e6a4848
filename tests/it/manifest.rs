//! Manifests of generated packages, prepared here and by npm's own modules, compared as printed.
//!
//! A mismatch is shrunk before it is reported.

pub(crate) mod case;
mod compare;
pub(crate) mod generate;
mod judge;
mod regressions;
mod rewrite;
mod texts;

use crate::support::{Random, campaign};
use case::Case;
use judge::Judge;

/// So many mismatches are shrunk and shown.
const SHOWN: usize = 5;

#[test]
fn generated_packages_have_npms_manifest() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let (count, seed) = campaign(300);
    let mut reports = Vec::new();
    let mut wrong = 0;
    let mut published = 0;
    for number in 0..count {
        let case = generate::case(&mut Random::of_case(seed, number));
        let outcome = compare::compare(&case, &mut judge);
        published += usize::from(outcome.is_published);
        if !outcome.differences.is_empty() {
            wrong += 1;
            if reports.len() < SHOWN {
                let small = case.shrink(|smaller| {
                    !compare::compare(smaller, &mut judge).differences.is_empty()
                });
                let differences = compare::compare(&small, &mut judge).differences;
                reports.push(format!(
                    "seed {seed}, case {number}:\n{small}\n{}",
                    differences.join("\n")
                ));
            }
        }
    }
    assert!(
        count < 50 || published * 3 > count,
        "only {published} of {count} packages could be published"
    );
    assert!(
        wrong == 0,
        "{wrong} of {count} packages differ\n\n{}",
        reports.join("\n\n")
    );
}

#[test]
fn regressions_stay_npms() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    for regression in regressions::ALL {
        let case = Case::new(regression.package_json, regression.files);
        let differences = compare::compare(&case, &mut judge).differences;
        assert!(
            differences.is_empty(),
            "{}:\n{}",
            regression.name,
            differences.join("\n")
        );
    }
}

#[test]
fn generated_texts_are_parsed_as_npm_does() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let (cases, seed) = campaign(300);
    let count = cases * 10;
    let mut random = Random::of_case(seed, usize::MAX);
    let texts: Vec<String> = (0..count).map(|_| texts::generate(&mut random)).collect();
    let mut differences = Vec::new();
    for some in texts.chunks(1000) {
        for (text, npms) in some.iter().zip(judge.ask_texts(some)) {
            differences.extend(texts::compare(text, &npms));
        }
    }
    let shown = differences
        .iter()
        .take(40)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        differences.is_empty(),
        "{} differences in {count} texts\n{shown}",
        differences.len()
    );
}

#[test]
fn npms_own_dependencies_have_npms_manifest() {
    let Some(mut judge) = Judge::start() else {
        return;
    };
    let modules = crate::support::npm_directory()
        .unwrap()
        .join("node_modules");
    let mut count = 0;
    for entry in std::fs::read_dir(&modules)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        let is_scope = entry
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with('@');
        let packages = if is_scope {
            std::fs::read_dir(entry)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect()
        } else {
            vec![entry]
        };
        for package in packages
            .iter()
            .filter(|package| package.join("package.json").exists())
        {
            let differences = compare::compare_directory(package, &mut judge).differences;
            assert!(
                differences.is_empty(),
                "{}:\n{}",
                package.display(),
                differences.join("\n")
            );
            count += 1;
        }
    }
    assert!(count > 50, "only {count} packages");
}
