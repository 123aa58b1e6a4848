//! Texts for npm's small parsers: versions, ranges, names, tags, URLs of git hosts.

use consign::manifest::{self, HostedGit, ManifestError, Version, json};
use serde_json::{Value, json};

use super::generate;
use crate::support::Random;

const RANGE_PARTS: &[&str] = &[
    "1",
    "2",
    "0",
    "01",
    "10",
    "x",
    "X",
    "*",
    ".",
    ".",
    ".",
    "-",
    " - ",
    " ",
    " ",
    "||",
    ">",
    "<",
    "=",
    ">=",
    "<=",
    "~",
    "~>",
    "^",
    "v",
    "a",
    "beta",
    "+b",
    "+",
    "1.2.3",
    "1.2.3-a.1",
    "0.0.0",
    "9007199254740991",
    "9007199254740993",
    "\t",
    "\u{a0}",
    "1.2.3",
    "1.x",
    "latest",
    "\u{feff}",
];

const TAG_PARTS: &[&str] = &[
    "latest",
    "next",
    "a",
    "/",
    ":",
    "#",
    ".",
    "@",
    "git+",
    "git:",
    "http://",
    "npm:",
    "file:",
    "foo",
    "foo.tgz",
    ".tar",
    "~",
    "1",
    " ",
    "%20",
    "%",
    "é",
    "semver:^1",
    "::",
    "path:x",
    "host.x",
    "svn:",
    "ftp://x",
    "git+ssh://",
    "git+ssh://u@h.c:p/q",
    "github:",
    "a/b",
    "\\",
    "-",
    "_",
    "!",
    "[",
    "?x",
    "*",
    "node_modules",
    ":1",
    "git@h.c:p",
    "https://",
    "NPM:",
    "C:",
];

/// A text without numbers so long that JavaScript prints them with an exponent: npm then compares with a version it
/// cannot read itself.
pub(crate) fn generate(random: &mut Random) -> String {
    loop {
        let text = assemble(random);
        let longest = text
            .split(|character: char| !character.is_ascii_digit())
            .map(str::len)
            .max();
        if longest.unwrap_or_default() < 21 {
            return text;
        }
    }
}

fn assemble(random: &mut Random) -> String {
    let parts = match random.below(3) {
        0 => return generate::git_url(random),
        1 => RANGE_PARTS,
        _ => TAG_PARTS,
    };
    let longest = if random.chance(60) { 4 } else { 9 };
    let count = 1 + random.below(longest);
    (0..count).map(|_| random.pick(parts)).collect()
}

/// What is different, one line each.
pub(crate) fn compare(text: &str, npms: &Value) -> Vec<String> {
    let kept = &json::text::escape(text).into_owned();
    let version = |loose| Version::parse(kept, loose).map(|version| version.as_str().to_owned());
    let page = HostedGit::from_url(kept);
    let ours = json!({
        "valid": [version(false), version(true)],
        "clean": [manifest::clean(kept, false), manifest::clean(kept, true)],
        "range": [manifest::is_range(kept, false), manifest::is_range(kept, true)],
        "name": manifest::objections(kept).map_or_else(|error| json!(error.to_string()), |reasons| json!(reasons)),
        "hosted": page.map(|page| json!([page.to_text(), page.https(), page.bugs(), page.docs()])),
        "tag": refusal(manifest::check_package_and_tag("name", "1.0.0", kept)),
        "spec": refusal(manifest::check_package_and_tag("name", kept, "latest")),
    });
    let mut differences = Vec::new();
    for (parser, ours) in ours.as_object().unwrap() {
        if ours != &npms[parser] {
            let npms = json::compact(&npms[parser]);
            differences.push(format!(
                "{parser} {text:?}\n  ours: {}\n  npm:  {npms}",
                json::compact(ours)
            ));
        }
    }
    differences
}

fn refusal(checked: Result<(), ManifestError>) -> Value {
    match checked {
        Ok(()) => Value::Null,
        Err(error) => json!({"code": error.code(), "message": error.to_string()}),
    }
}
