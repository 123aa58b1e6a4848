//! Random sets of paths: tar order and the listing's order.

use consign::packlist::{listing_order, tar_order};
use serde_json::{Value, json};

use crate::support::{Judge, Random, campaign};

const PIECES: [&str; 60] = [
    "a", "b", "A", "B", "z", "Z", "1", "2", "10", "9", "01", "_", "-", ".", ".", ".js", ".JS",
    ".ts", ".md", " ", "/", "/", "@", "~", "$", "+", "(", ")", "[", "]", "{", "}", "'", "\"", "!",
    "#", "%", "&", ",", ";", ":", "<", ">", "=", "?", "^", "`", "|", "\\", "\t", "\u{1}", "\u{7f}",
    "é", "É", "e\u{301}", "ß", "日本", "😀", "Ω", "İ",
];

fn path(random: &mut Random) -> String {
    let ascii = random.one_in(2);
    let pool: &[&str] = if ascii { &PIECES[..50] } else { &PIECES };
    let text: String = (0..=random.below(6)).map(|_| random.pick(pool)).collect();
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."))
        .collect();
    if parts.is_empty() {
        "x".to_owned()
    } else {
        parts.join("/")
    }
}

#[test]
fn paths_sort_as_in_npm() {
    let Some(mut judge) = Judge::start("judge.mjs") else {
        return;
    };
    let (cases, seed) = campaign(100);
    let mut random = Random::new(seed ^ 0x6F72_6465);
    let mut differences = Vec::new();
    for _ in 0..cases {
        let mut paths: Vec<String> = (0..60).map(|_| path(&mut random)).collect();
        paths.sort();
        paths.dedup();
        judge.send(&json!({"kind": "sort", "paths": paths}));
        let answer = judge.answer();
        let positions = |key: &str| -> Vec<usize> {
            let list = answer[key]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_u64);
            list.map(|index| usize::try_from(index).unwrap_or(0))
                .collect()
        };
        for (what, ours, theirs) in [
            ("tar", tar_order(&paths), positions("tar")),
            ("listing", listing_order(&paths), positions("listing")),
        ] {
            if let Some(at) = (0..paths.len()).find(|index| ours[*index] != theirs[*index]) {
                let of = |order: &[usize]| -> Vec<String> {
                    order
                        .iter()
                        .skip(at.saturating_sub(1))
                        .take(4)
                        .map(|index| paths[*index].clone())
                        .collect()
                };
                differences.push(format!(
                    "{what}: ours {:?}, npm {:?}",
                    of(&ours),
                    of(&theirs)
                ));
            }
        }
    }
    assert!(
        differences.is_empty(),
        "{} of {cases}\n{}",
        differences.len(),
        differences
            .iter()
            .take(30)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
}
