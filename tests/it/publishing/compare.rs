//! One publish, both ways, and what has to be the same.
//!
//! What differs on purpose (`docs/npm-compatibility.md`) is named here and nowhere else: [`NOT_COMPARED`] headers,
//! `end` for the outcomes' own statuses, [`without_versions`] for what names Node.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use consign::manifest::json as kept;
use consign::output::redact::redact;
use serde_json::{Map, Value, json};

use super::case::{Case, Place};
use super::end::expected_end;
use super::registry::{Holds, Registry};
use crate::support::{Asked, Home, Judge, run};

/// Headers that belong to the connection, name the program, keep caches out of the way (consign looks at what is there
/// now), or that only npm's fetcher of packuments sends.
const NOT_COMPARED: [&str; 10] = [
    "accept-encoding",
    "cache-control",
    "connection",
    "content-length",
    "host",
    "pacote-integrity",
    "pacote-pkg-id",
    "pacote-req-type",
    "pacote-version",
    "user-agent",
];

/// The judge and the registry.
pub(super) struct Both {
    judge: Judge,
    registry: Registry,
    home: Home,
}

pub(super) struct Compared {
    /// How npm ended, in a word.
    pub(super) outcome: String,
    /// One paragraph each; none if all agrees.
    pub(super) differences: Vec<String>,
}

/// How a publish went.
pub(super) struct Went {
    pub(super) exit: i64,
    pub(super) code: Option<String>,
    /// What went wrong, in words.
    pub(super) message: String,
    /// Nothing was said at all.
    is_silent: bool,
    /// npm ended without a word, by an exception that nothing catches.
    is_uncaught: bool,
    pub(super) stdout: String,
    stderr: String,
    asked: Vec<Asked>,
}

impl Went {
    /// The requests up to the upload, and the upload.
    pub(super) fn before_and_put(&self) -> (&[Asked], Option<&Asked>) {
        match self.asked.iter().position(|asked| asked.method == "PUT") {
            Some(at) => (&self.asked[..at], Some(&self.asked[at])),
            None => (&self.asked, None),
        }
    }
}

impl Both {
    pub(super) fn new(judge: Judge) -> Self {
        Self {
            judge,
            registry: Registry::start(),
            home: Home::new(),
        }
    }

    pub(super) fn compare(&mut self, case: &Case) -> Compared {
        // The same path for both, made anew: scripts change what is there.
        let root = std::fs::canonicalize(self.home.folder("case")).unwrap();
        let again = || std::fs::remove_dir_all(&root).unwrap();
        let mut npms = self.npms(case, &root);
        again();
        let ours = self.ours(case, &root);
        again();
        // Of a package without a name npm asks as `undefined`, and fails only when it sends it; consign refuses it at
        // once, in a dry run too.
        if npms
            .asked
            .iter()
            .any(|asked| asked.path.ends_with("/undefined"))
        {
            (npms.exit, npms.code) = (1, None);
            npms.asked.clear();
        }
        // What can be refused without asking the registry is refused before that; npm asks first, and may stop at the
        // answer. Then its refusal of an empty registry counts.
        if ours.asked.is_empty() && npms.exit != 0 && !npms.asked.is_empty() {
            let empty = Case {
                holds: Holds::nothing(),
                ..case.clone()
            };
            npms = self.npms(&empty, &root);
            again();
            npms.asked.retain(|asked| asked.method == "PUT");
        }
        Compared {
            outcome: match (npms.exit, &npms.code) {
                (0, _) if npms.before_and_put().1.is_some() => "published".to_owned(),
                (0, _) => "nothing sent".to_owned(),
                (_, Some(code)) => code.clone(),
                (_, None) => npms.message.chars().take(40).collect(),
            },
            differences: differences(case, &ours, &npms),
        }
    }

    fn npms(&mut self, case: &Case, root: &Path) -> Went {
        let Place { cwd, variables } = case.write(root, self.registry.address());
        let mut arguments = vec!["publish".to_owned()];
        arguments.extend(case.arguments.iter().cloned());
        let request = json!({"cwd": cwd, "env": variables, "args": arguments});
        let judge = &mut self.judge;
        let (answer, asked) = self.registry.during(&case.holds, || {
            judge.send(&request);
            kept::parse(judge.line().as_bytes()).unwrap()
        });
        // What npm said, without the escapes of the parser that keeps what JavaScript keeps.
        let text = |key: &str| Some(kept::text::plain_lossy(answer[key].as_str()?).into_owned());
        Went {
            // A status as the system has it: npm exits with -2 for ENOENT.
            exit: answer["exit"]
                .to_string()
                .parse::<i64>()
                .unwrap()
                .rem_euclid(256),
            code: text("code"),
            message: text("message").unwrap_or_default(),
            is_silent: false,
            // Where not even its configuration could be loaded npm has no code to print, and the judge's npm trips
            // over that.
            is_uncaught: answer["uncaught"] == true
                || answer["message"] == "call config.load() before reading values",
            stdout: text("stdout").unwrap_or_default(),
            stderr: text("stderr").unwrap_or_default(),
            asked,
        }
    }

    fn ours(&self, case: &Case, root: &Path) -> Went {
        let Place { cwd, variables } = case.write(root, self.registry.address());
        let mut command = Command::new(self.home.consign().get_program());
        command
            .env_clear()
            .envs(variables)
            .current_dir(cwd)
            .args(["publish", "--wait=0", "--no-rewrite"])
            .args(&case.arguments);
        let (ran, asked) = self.registry.during(&case.holds, || run(&mut command));
        let said: Vec<&str> = ran
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("consign error "))
            .collect();
        let code = said.iter().find_map(|line| line.strip_prefix("code "));
        let message = said
            .iter()
            .find(|line| !line.starts_with("code ") && !line.starts_with("outcome "));
        Went {
            // A signal's end, as a shell shows it, is no case here.
            exit: i64::from(ran.code.unwrap()),
            code: code.map(str::to_owned),
            message: message.map_or_else(|| ran.stderr.clone(), |message| (*message).to_owned()),
            is_silent: ran.stderr.is_empty(),
            is_uncaught: false,
            stdout: ran.stdout,
            stderr: ran.stderr,
            asked,
        }
    }
}

fn differences(case: &Case, ours: &Went, npms: &Went) -> Vec<String> {
    let mut found = Vec::new();
    let mut equal = |what: &str, ours: &dyn std::fmt::Debug, npms: &dyn std::fmt::Debug| {
        let (ours, npms) = (format!("{ours:?}"), format!("{npms:?}"));
        if ours != npms {
            found.push(format!("{what}:\n    ours {ours}\n    npm  {npms}"));
        }
    };
    let end = expected_end(case, npms);
    if npms.is_uncaught {
        equal("end", &(ours.exit != 0), &true);
    } else {
        let shown = |exit, code: &Option<String>, message| (exit, code.clone(), message);
        // `--silent` hides the code as well.
        let code = if ours.is_silent {
            &end.code
        } else {
            &ours.code
        };
        let message = |message: &str| message.lines().next().unwrap_or_default().to_owned();
        let is_same = ours.exit == end.exit && *code == end.code;
        let (own, other) = if is_same {
            (String::new(), String::new())
        } else {
            (message(&ours.message), message(&npms.message))
        };
        equal(
            "end",
            &shown(ours.exit, code, own),
            &shown(end.exit, &end.code, other),
        );
    }

    let (our_gets, our_put) = ours.before_and_put();
    let (npms_gets, npms_put) = npms.before_and_put();
    if end.is_sent {
        match (our_put, npms_put) {
            (Some(ours), Some(npms)) => {
                equal("PUT line", &ours.path, &npms.path);
                equal("PUT headers", &headers(ours), &headers(npms));
                found.extend(documents_differ(&ours.body, &npms.body));
            }
            (ours, npms) => equal("PUT sent", &ours.is_some(), &npms.is_some()),
        }
    } else {
        equal("PUT sent", &our_put.is_some(), &false);
    }
    let lines = |gets: &[Asked]| -> Vec<(String, BTreeMap<String, String>)> {
        gets.iter()
            .map(|asked| (format!("{} {}", asked.method, asked.path), headers(asked)))
            .collect()
    };
    let (our_gets, mut npms_gets) = (lines(our_gets), lines(npms_gets));
    // npm asks an unwilling registry once more, for the whole packument.
    let is_repeated = |pair: &[(String, BTreeMap<String, String>)]| pair[0].0 == pair[1].0;
    if npms_gets.len() == 2 && is_repeated(&npms_gets) {
        npms_gets.pop();
    }
    let mut equal = |what: &str, ours: String, npms: String| {
        if ours != npms {
            found.push(format!("{what}:\n    ours {ours}\n    npm  {npms}"));
        }
    };
    // Reading back after an upload that did not come about is consign's own.
    let our_gets = &our_gets[..our_gets.len().min(npms_gets.len().max(1))];
    equal("GETs", format!("{our_gets:?}"), format!("{npms_gets:?}"));
    // Where a script changes the name or the version, npm goes on to print those it knew before. What it knows now shows
    // in what it sends.
    let is_told = match put_id(npms_put) {
        Some(id) => npms.stdout.contains(&id) || npms.stdout.is_empty(),
        None => !case.package.to_string().contains("other.json package.json"),
    };
    if npms.exit == 0 && ours.exit == 0 && is_told {
        equal("stdout", printed(&ours.stdout), printed(&npms.stdout));
        equal(
            "talk",
            talk(&ours.stderr, "consign "),
            talk(&npms.stderr, "npm "),
        );
    }
    found
}

/// `name@version` of an upload.
fn put_id(put: Option<&Asked>) -> Option<String> {
    let document = kept::parse(&put?.body).ok()?;
    let (version, _) = document["versions"].as_object()?.iter().next()?;
    Some(format!("{}@{version}", document["name"].as_str()?))
}

fn headers(asked: &Asked) -> BTreeMap<String, String> {
    asked
        .headers
        .iter()
        .filter(|(name, _)| !NOT_COMPARED.contains(&name.as_str()))
        .cloned()
        .collect()
}

/// Documents as they are printed, so that the order of keys counts.
fn documents_differ(ours: &[u8], npms: &[u8]) -> Option<String> {
    let document = |body: &[u8]| match kept::parse(body) {
        Ok(Value::Object(document)) => without_versions(document),
        other => panic!("no publish document: {other:?}"),
    };
    let (ours, npms) = (document(ours), document(npms));
    let printed = |document: &Map<String, Value>| kept::compact(&Value::Object(document.clone()));
    if printed(&ours) == printed(&npms) {
        return None;
    }
    let first = first_difference("", &Value::Object(ours), &Value::Object(npms));
    Some(format!("document: {first}"))
}

/// Node's and npm's versions, which consign has none of.
fn without_versions(mut document: Map<String, Value>) -> Map<String, Value> {
    let versions = document.get_mut("versions").and_then(Value::as_object_mut);
    for version in versions.into_iter().flat_map(Map::values_mut) {
        if let Some(version) = version.as_object_mut() {
            version.shift_remove("_nodeVersion");
            version.shift_remove("_npmVersion");
        }
    }
    document
}

/// Where two documents part.
fn first_difference(place: &str, ours: &Value, npms: &Value) -> String {
    if let (Value::Object(left), Value::Object(right)) = (ours, npms) {
        let names = |map: &Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
        if names(left) != names(right) {
            return format!(
                "{place} has\n    ours {:?}\n    npm  {:?}",
                names(left),
                names(right)
            );
        }
        for (key, own) in left {
            if kept::compact(own) != kept::compact(&right[key]) {
                return first_difference(&format!("{place}.{key}"), own, &right[key]);
            }
        }
    }
    format!(
        "{place}\n    ours {}\n    npm  {}",
        kept::compact(ours),
        kept::compact(npms)
    )
}

/// What went to stdout; of JSON, without the key that only consign prints.
fn printed(stdout: &str) -> String {
    match kept::parse(stdout.as_bytes()) {
        Ok(Value::Object(mut packages)) => {
            for package in packages.values_mut().filter_map(Value::as_object_mut) {
                package.shift_remove("outcome");
            }
            kept::pretty(&Value::Object(packages))
        }
        _ => stdout.to_owned(),
    }
}

/// Notices in their order; before them the warnings, each once: npm repeats some as often as it reads package.json,
/// and others stand where it happens to find them. Of what was corrected npm and consign say it in other words.
fn talk(stderr: &str, name: &str) -> String {
    let lines = || {
        stderr
            .lines()
            .filter_map(|line| line.strip_prefix(name))
            .map(str::trim_end)
    };
    // npm shows some passwords in URLs; consign shows none.
    let mut warnings: Vec<String> = lines()
        .filter(|line| line.starts_with("warn"))
        .filter(|line| !line.contains("`npm pkg fix`") && !line.contains("\"npm pkg fix\""))
        .map(redact)
        .collect();
    warnings.sort_unstable();
    warnings.dedup();
    let notices = lines().filter(|line| line.starts_with("notice"));
    let notices = notices.map(str::to_owned);
    let all: Vec<String> = warnings.into_iter().chain(notices).collect();
    all.join("\n      ")
}
