//! How long selecting and ordering takes, and that it grows no faster than what it works on.
//!
//! Names, rules and files are doubled step by step; each row says how long the step took and how
//! that compares with the step before. Where the work is linear no row gets far above 2.
//!
//! `cargo bench --bench packlist -- DIRECTORY...` times package directories instead.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and ends when it fails"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use consign::manifest::Manifest;
use consign::packlist::{Package, Rule, packlist};
use serde_json::Map;

fn main() {
    let directories: Vec<PathBuf> = std::env::args_os()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .map(PathBuf::from)
        .collect();
    if directories.is_empty() {
        growth();
    } else {
        for directory in &directories {
            time(directory);
        }
    }
}

/// Times the selecting and ordering of a package's files, warm.
fn time(directory: &Path) {
    let root = directory.canonicalize().unwrap();
    let manifest = Manifest::read_to_pack(&root).unwrap();
    let package = Package {
        root: &root,
        manifest: manifest.document(),
        members: &[],
        workspaces: None,
    };
    let mut took: Vec<Duration> = (0..11)
        .map(|_| {
            let started = Instant::now();
            packlist(&package).unwrap();
            started.elapsed()
        })
        .collect();
    took.sort();
    let files = packlist(&package).unwrap().entries.len();
    println!(
        "{files:>7} files  median {:.2?}  least {:.2?}",
        took[5], took[0]
    );
}

fn growth() {
    doubling(
        "rules over 2,000 files: bare names",
        &[1_250, 2_500, 5_000, 10_000],
        |rules| with_rules(2_000, rules, |index| format!("name-{index}.js")),
    );
    doubling(
        "rules over 2,000 files: paths",
        &[1_250, 2_500, 5_000, 10_000],
        |rules| with_rules(2_000, rules, |index| format!("/part-1/name-{index}.js")),
    );
    doubling(
        "rules over 2,000 files: patterns",
        &[250, 500, 1_000, 2_000],
        |rules| {
            with_rules(2_000, rules, |index| {
                format!("part-*/n+(a|b){index}?.j[st]")
            })
        },
    );
    doubling("files", &[12_500, 25_000, 50_000, 100_000], |files| {
        with_rules(files, 10, |index| format!("*.{index}"))
    });
    for (what, pattern, unit) in [
        ("nested repetition", "+(*(a)|a)b", "a"),
        ("negations", "!(a*b)*!(b*a)x", "ab"),
        ("stars", "*a*a*a*a*a*b", "a"),
        ("sections", "**/a/**/a/**/a/**/b", "a/"),
    ] {
        let rule = Rule::new(&format!("x/{pattern}")).unwrap();
        doubling(
            &format!("name length: {what}"),
            &[500, 1_000, 2_000, 4_000],
            |length| {
                let path = format!("x/{}c", unit.repeat(length / unit.len()));
                let started = Instant::now();
                for _ in 0..20 {
                    assert!(!rule.matches(std::hint::black_box(&path), false));
                }
                started.elapsed()
            },
        );
    }
}

fn doubling(what: &str, sizes: &[usize], measure: impl Fn(usize) -> Duration) {
    println!("{what}");
    let mut before: Option<Duration> = None;
    for &size in sizes {
        let took = (0..3).map(|_| measure(size)).min().unwrap();
        let ratio = before.map_or(1.0, |before| took.as_secs_f64() / before.as_secs_f64());
        println!("  {size:>7}  {took:>10.2?}  x{ratio:.2}");
        before = Some(took);
    }
}

fn with_rules(files: usize, rules: usize, rule: impl Fn(usize) -> String) -> Duration {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    write(&root, files);
    let text: Vec<String> = (0..rules).map(rule).collect();
    fs::write(root.join(".npmignore"), text.join("\n")).unwrap();
    let manifest = Map::new();
    let package = Package {
        root: &root,
        manifest: &manifest,
        members: &[],
        workspaces: None,
    };
    let started = Instant::now();
    packlist(&package).unwrap();
    started.elapsed()
}

fn write(root: &Path, files: usize) {
    for index in 0..files {
        let part = root.join(format!("part-{}", index / 50));
        if index % 50 == 0 {
            fs::create_dir(&part).unwrap();
        }
        fs::write(part.join(format!("file-{index}.js")), "x").unwrap();
    }
    fs::write(root.join("package.json"), "{}").unwrap();
}
