//! Random package trees, and the trees that once differed.

use std::path::{Path, PathBuf};

use super::compare::{ask, differences, ours};
use super::tree::Tree;
use super::{generate, shrink};
use crate::support::{Judge, Random, campaign};

/// Trees on disk at once, so that the judge works while the library does.
const BATCH: usize = 32;

fn regressions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/regressions")
}

/// Packs one tree both ways.
fn judge_one(judge: &mut Judge, tree: &Tree) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let base = directory.path().canonicalize().expect("its real path");
    tree.write(&base);
    ask(judge, tree, &base);
    let ours = ours(tree, &base);
    differences(&ours, &judge.answer())
}

/// What kind of difference comes first: reducing a tree must not turn one into another.
fn kind_of(differences: &[String]) -> Option<String> {
    let first = differences.first()?;
    let end = first.find(['[', '"']).unwrap_or(first.len());
    let code = first.find("\"code\":").map_or("", |at| {
        let rest = &first[at..];
        &rest[..rest.find(',').unwrap_or(rest.len())]
    });
    Some(format!("{} {code}", &first[..end]))
}

/// Writes a reduced tree down as a regression, once.
fn keep(tree: &Tree, seed: u64, case: usize) -> PathBuf {
    let path = regressions().join(format!("seed-{seed}-case-{case}.json"));
    let text = serde_json::to_string_pretty(tree).expect("a tree is JSON");
    std::fs::write(&path, text + "\n").expect("the regression can be written");
    path
}

#[test]
fn packages_are_packed_as_npm_does() {
    let Some(mut judge) = Judge::start("judge.mjs") else {
        return;
    };
    let (cases, seed) = campaign(200);
    let mut failures = Vec::new();
    let mut done = 0;
    let mut refused = 0;
    let mut wavered = 0;
    let mut files = 0;
    let mut spent = (std::time::Duration::ZERO, std::time::Duration::ZERO);
    while done < cases && failures.len() < 10 {
        let batch: Vec<usize> = (done..cases.min(done + BATCH)).collect();
        done += batch.len();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let base = directory.path().canonicalize().expect("its real path");
        let trees: Vec<(usize, Tree, PathBuf)> = batch
            .into_iter()
            .map(|case| {
                let case_seed = seed.wrapping_mul(0x1_0000_0001).wrapping_add(case as u64);
                let tree = generate::tree(&mut Random::new(case_seed));
                let base = base.join(case.to_string());
                std::fs::create_dir(&base).expect("a directory for the case");
                tree.write(&base);
                (case, tree, base)
            })
            .collect();
        for (_, tree, base) in &trees {
            ask(&mut judge, tree, base);
        }
        let started = std::time::Instant::now();
        let answers: Vec<_> = trees
            .iter()
            .map(|(_, tree, base)| ours(tree, base))
            .collect();
        spent.0 += started.elapsed();
        let started = std::time::Instant::now();
        let theirs: Vec<_> = trees.iter().map(|_| judge.answer()).collect();
        spent.1 += started.elapsed();
        for (((case, tree, _), ours), theirs) in trees.iter().zip(&answers).zip(&theirs) {
            refused += usize::from(!theirs["refused"].is_null());
            files += theirs["files"].as_array().map_or(0, Vec::len);
            let found = differences(ours, theirs);
            if found.is_empty() {
                continue;
            }
            // npm loads trees and makes tarballs in parallel, and now and then decides otherwise.
            if (0..5).any(|_| judge_one(&mut judge, tree).is_empty()) {
                println!("case {case}: npm changed its mind: {}", found.join("; "));
                wavered += 1;
                continue;
            }
            let kind = kind_of(&found);
            let smallest =
                shrink::shrink(tree, |tree| kind_of(&judge_one(&mut judge, tree)) == kind);
            let kept = keep(&smallest, seed, *case);
            let why = judge_one(&mut judge, &smallest).join("\n  ");
            failures.push(format!(
                "case {case} ({}):\n  {}\n reduced:\n  {why}\n",
                kept.display(),
                found.join("\n  ")
            ));
        }
    }
    println!("library {:?}, waiting for the judge {:?}", spent.0, spent.1);
    println!(
        "{done} trees, {files} files, {refused} refused, {wavered} undecided, {} differ",
        failures.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn regressions_stay_fixed() {
    let Some(mut judge) = Judge::start("judge.mjs") else {
        return;
    };
    let mut failures = Vec::new();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(regressions())
        .expect("the folder of regressions")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    paths.sort();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a regression");
        let tree: Tree = serde_json::from_str(&text).expect("a tree");
        let found = judge_one(&mut judge, &tree);
        if !found.is_empty() {
            failures.push(format!("{}:\n  {}", path.display(), found.join("\n  ")));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
