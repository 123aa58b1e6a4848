//! Packages made up from a seed: usual and odd values in every field, and the files npm looks at.

use super::case::{Case, Content};
use crate::support::Random;

pub(crate) mod files;
pub(crate) mod values;

pub(crate) use values::git_url;

pub(crate) fn case(random: &mut Random) -> Case {
    let mut entries = vec![
        ("\"name\"".to_owned(), values::name(random)),
        ("\"version\"".to_owned(), values::version(random)),
    ];
    if random.chance(2) {
        entries.remove(random.below(2));
    }
    for (field, value) in values::FIELDS {
        if random.chance(18) {
            let text = if random.chance(12) {
                values::odd(random)
            } else {
                value(random)
            };
            entries.push((format!("\"{field}\""), text));
        }
    }
    for _ in 0..random.below(3) {
        let key = random.one_of(r#""10" ¦ "2" ¦ "02" ¦ "4294967294" ¦ "4294967295" ¦ "_id" ¦ "_x" ¦ "" ¦ "a\ud800" ¦ "__proto__" ¦ "x"
"dist" ¦ "tag""#);
        entries.push((key.to_owned(), values::odd(random)));
    }
    // Any order, and now and then a key twice.
    for index in (1..entries.len()).rev() {
        if random.chance(60) {
            entries.swap(index, random.below(index + 1));
        }
    }
    if random.chance(3) {
        let again = random.below(entries.len());
        entries.push((entries[again].0.clone(), values::odd(random)));
    }
    let mut case = Case {
        entries,
        verbatim: None,
        is_missing: false,
        files: files::around(random),
    };
    case.verbatim = match random.below(200) {
        0 => Some(format!("\u{feff}{}", case.package_json())),
        1 => Some(
            random
                .pick(&[
                    "",
                    "null",
                    "5",
                    "\"text\"",
                    "true",
                    "[]",
                    "[1, {\"name\": \"a\"}]",
                    "{",
                    "{\"a\":1,}",
                    "<<<<<<< HEAD\n{}",
                    "{'a':1}",
                    "{\"a\":01}",
                    "{\"a\":\"\t\"}",
                    "{\"a\":\"\\x\"}",
                    "0",
                    "{} {}",
                ])
                .to_owned(),
        ),
        _ => None,
    };
    if random.chance(2) {
        leave_out_package_json(&mut case, random);
    }
    case
}

/// No package.json; perhaps what stands in for it, or something in its place that cannot be read.
fn leave_out_package_json(case: &mut Case, random: &mut Random) {
    let json = case
        .package_json()
        .replace('\n', random.pick(&["\n", "\n * ", "\r\n*"]));
    let open = random.pick(&[
        "/**package ",
        "/**package\n * ",
        "\n/**package\t",
        " /**package ",
        "/**packages ",
        "/**package",
    ]);
    let close = random.pick(&["**/", "**/\n", "\n **/\nx", "**/ ", "*/"]);
    let before = random.pick(&["", "#!x\n", "'use strict'\r"]);
    case.is_missing = true;
    case.files.insert(
        0,
        (
            "p/index.js".to_owned(),
            Content::Text(format!("{before}{open}{json}{close}")),
        ),
    );
    match random.below(4) {
        0 => case
            .files
            .insert(0, ("p/package.json".to_owned(), Content::Folder)),
        1 => case.files.insert(
            0,
            (
                "p/package.json".to_owned(),
                Content::Link("package.json".to_owned()),
            ),
        ),
        2 => case
            .files
            .insert(0, ("p/index.js".to_owned(), Content::Folder)),
        _ => {}
    }
}
