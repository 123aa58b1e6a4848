//! Random rules against random paths: the pattern language alone.

use consign::packlist::Rule;
use serde_json::json;

use crate::support::{Judge, Random, campaign};

const LETTERS: [&str; 22] = [
    "a", "b", "ab", "A", "B", "x", "1", "2", ".", "-", "_", " ", "é", "É", "ß", "\u{212A}", "k",
    "K", "😀", "ς", "Σ", "İ",
];
const ATOMS: [&str; 44] = [
    "*",
    "*",
    "*",
    "**",
    "?",
    "?",
    "??",
    "[a-c]",
    "[!a]",
    "[^b]",
    "[a",
    "]",
    "[]",
    "[]a]",
    "[a-]",
    "[z-a]",
    "[.]",
    "[[:alpha:]]",
    "[[:upper:]x]",
    "[[:digit:]]",
    "[[:punct:]]",
    "[![:space:]]",
    "[[:ascii:]]",
    "[[:graph:]]",
    "[é-ü]",
    "[😀]",
    r"\*",
    r"\a",
    r"\|",
    r"\!",
    "\\",
    r"[\^a]",
    r"[\]a]",
    "{",
    "}",
    ",",
    "(",
    ")",
    "|",
    "!",
    "+",
    "@",
    "$",
    "#",
];

fn text(random: &mut Random) -> String {
    (0..=random.below(2))
        .map(|_| random.pick(&LETTERS))
        .collect()
}

fn piece(random: &mut Random, depth: usize) -> String {
    match random.below(if depth < 3 { 10 } else { 6 }) {
        0..=3 => text(random),
        4 | 5 => random.pick(&ATOMS).to_owned(),
        6 | 7 => {
            let items: Vec<String> = (0..=random.below(3))
                .map(|_| part(random, depth + 1))
                .collect();
            format!(
                "{}({})",
                random.pick(&["!", "?", "*", "+", "@"]),
                items.join("|")
            )
        }
        8 => {
            let items: Vec<String> = (0..=random.below(2))
                .map(|_| part(random, depth + 2))
                .collect();
            format!("{{{}}}", items.join(","))
        }
        _ => random
            .pick(&[
                "{1..3}",
                "{a..c}",
                "{01..3}",
                "{3..1..2}",
                "{a..e..2}",
                "{-1..1}",
                "{x}",
                "${a,b}",
                "{}",
                "{a,b}/{c,d}",
                "{a,/}",
            ])
            .to_owned(),
    }
}

fn part(random: &mut Random, depth: usize) -> String {
    match random.below(12) {
        0 => String::new(),
        1 => "*.a".to_owned(),
        _ => (0..=random.below(3))
            .map(|_| piece(random, depth))
            .collect(),
    }
}

fn pattern(random: &mut Random) -> String {
    let mut parts: Vec<String> = (0..=random.below(3)).map(|_| part(random, 0)).collect();
    for part in &mut parts {
        match random.below(14) {
            0 | 1 => "**".clone_into(part),
            2 => "..".clone_into(part),
            3 => ".".clone_into(part),
            4 => "*".clone_into(part),
            _ => {}
        }
    }
    let mut pattern = parts.join("/");
    if random.one_in(4) {
        pattern.insert(0, '/');
    }
    if random.one_in(5) {
        pattern.push('/');
    }
    if random.one_in(8) {
        pattern.insert(0, '!');
    }
    pattern
}

fn path(random: &mut Random) -> String {
    let parts: Vec<String> = (0..=random.below(4))
        .map(|_| {
            let name: String = (0..=random.below(3)).map(|_| text(random)).collect();
            if name == "." || name == ".." {
                "a".to_owned()
            } else {
                name
            }
        })
        .collect();
    let mut path = parts.join("/");
    if random.one_in(2) {
        path.insert(0, '/');
    }
    if random.one_in(3) {
        path.push('/');
    }
    path
}

/// A path made out of the pattern, so that more of them match.
fn path_like(random: &mut Random, pattern: &str) -> String {
    let mut path = String::new();
    for character in pattern.trim_start_matches('!').chars() {
        match character {
            '*' | '?' | '+' | '@' | '!' => {
                if random.one_in(2) {
                    path.push_str(&text(random));
                }
            }
            '(' | ')' | '|' | '{' | '}' | ',' | '[' | ']' | '\\' if !random.one_in(6) => {}
            character if random.one_in(12) => path.extend(character.to_uppercase()),
            character => {
                if !random.one_in(15) {
                    path.push(character);
                }
            }
        }
    }
    let leading = path.starts_with('/');
    let trailing = path.ends_with('/');
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != "." && *part != "..")
        .collect();
    if parts.is_empty() {
        return "a".to_owned();
    }
    format!(
        "{}{}{}",
        if leading { "/" } else { "" },
        parts.join("/"),
        if trailing { "/" } else { "" }
    )
}

#[test]
fn rules_match_paths_as_minimatch_does() {
    let Some(mut judge) = Judge::start("judge.mjs") else {
        return;
    };
    let (cases, seed) = campaign(300);
    let mut random = Random::new(seed ^ 0x6D69_6E69);
    let (mut pairs, mut hits, mut errors, mut slow) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut differences = Vec::new();
    let mut waited = std::time::Duration::ZERO;
    for _ in 0..cases {
        let mut batch = Vec::new();
        for _ in 0..25 {
            let rule = pattern(&mut random);
            if rule.trim_start_matches('!').is_empty() || rule.starts_with('#') {
                continue;
            }
            for index in 0..8 {
                let path = if index < 3 {
                    path(&mut random)
                } else {
                    path_like(&mut random, &rule)
                };
                batch.push((rule.clone(), path, random.one_in(4)));
            }
        }
        judge.send(&json!({"kind": "minimatch", "pairs": batch}));
        let started = std::time::Instant::now();
        let answer = judge.answer();
        waited += started.elapsed();
        let mut rule_text = None;
        let mut compiled = None;
        for ((rule, path, partial), theirs) in batch
            .iter()
            .zip(answer["matches"].as_array().expect("matches"))
        {
            pairs += 1;
            if rule_text != Some(rule) {
                rule_text = Some(rule);
                compiled = Rule::new(rule).ok();
            }
            let ours = compiled.as_ref().map(|rule| rule.matches(path, *partial));
            if theirs[0] == "too slow" {
                slow += 1;
                continue;
            }
            let expected = theirs[1].as_bool();
            hits += usize::from(expected == Some(true));
            errors += usize::from(expected.is_none());
            if ours != expected {
                differences.push(format!(
                    "{rule:?} {path:?} partial={partial}: ours {ours:?}, npm {theirs}"
                ));
            }
        }
    }
    println!("waiting for the judge {waited:?}");
    println!(
        "{pairs} pairs, {hits} match, {errors} refused, {slow} too slow for V8, {} differ",
        differences.len()
    );
    assert!(
        differences.is_empty(),
        "{}",
        differences
            .iter()
            .take(40)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
}
