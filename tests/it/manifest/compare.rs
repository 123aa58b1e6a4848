//! One package, both ways.

use std::path::Path;

use consign::manifest::{self, ManifestError, Prepared, TarballOrigin, json};
use serde_json::{Map, Value};

use super::case::Case;
use super::judge::{Judge, NPM_VERSION};

pub(crate) struct Outcome {
    /// One paragraph each; none if all agrees.
    pub(crate) differences: Vec<String>,
    /// Whether npm would publish the directory.
    pub(crate) is_published: bool,
}

pub(crate) fn compare(case: &Case, judge: &mut Judge) -> Outcome {
    let checkout = tempfile::tempdir().unwrap();
    compare_directory(&case.write(checkout.path()), judge)
}

pub(crate) fn compare_directory(directory: &Path, judge: &mut Judge) -> Outcome {
    let origin = TarballOrigin {
        integrity: "sha512-AA==".to_owned(),
        resolved: "/somewhere/p-1.0.0.tgz".to_owned(),
        from: "file:p-1.0.0.tgz".to_owned(),
    };
    let answer = judge.ask(directory, &origin);
    let mut differences = Differences::default();

    let packed = manifest::Manifest::read_to_pack(directory).map(manifest::Manifest::into_document);
    if let Some(document) = differences.result("pack", packed, &answer["pack"]) {
        let pretty = json::pretty(&Value::Object(document));
        let npms = json::text::plain_lossy(answer["pack"]["pretty"].as_str().unwrap_or_default())
            .into_owned();
        differences.equal(
            "pack, indented",
            &Value::String(pretty),
            &Value::String(npms),
        );
    }
    let published = manifest::prepare_directory(directory);
    let is_published = differences.prepared("publish", published, &answer["publish"]);
    let published = manifest::prepare_tarball(manifest::Beside::Directory(directory), &origin);
    differences.prepared("tarball", published, &answer["tarball"]);
    Outcome {
        differences: differences.found,
        is_published,
    }
}

#[derive(Default)]
struct Differences {
    found: Vec<String>,
}

impl Differences {
    fn prepared(
        &mut self,
        pipeline: &str,
        ours: Result<Prepared, ManifestError>,
        npms: &Value,
    ) -> bool {
        let (ours, lines) = match ours {
            Ok(Prepared {
                document,
                corrections,
                warnings,
            }) => (Ok(document), Some((corrections, warnings))),
            Err(error) => (Err(error), None),
        };
        let Some(document) = self.result(pipeline, ours, npms) else {
            return false;
        };
        if let Some((corrections, warnings)) = lines {
            if pipeline == "publish" {
                self.equal(
                    &format!("{pipeline}, corrections"),
                    &Value::from(corrections),
                    &plain_lines(&npms["corrections"]),
                );
            }
            self.equal(
                &format!("{pipeline}, warnings"),
                &Value::from(warnings),
                &plain_lines(&npms["warnings"]),
            );
        }
        self.finished(
            &format!("{pipeline}, finished"),
            &document,
            &npms["finished"],
        )
    }

    fn finished(&mut self, pipeline: &str, document: &Map<String, Value>, npms: &Value) -> bool {
        let node_version = process_version(npms);
        let dist = |key: &str| npms["dist"][key].as_str().unwrap_or_default().to_owned();
        let ours = manifest::is_prerelease(document).and_then(|is_prerelease| {
            let name = document
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let version = document
                .get("version")
                .and_then(Value::as_str)
                .unwrap_or_default();
            manifest::check_package_and_tag(name, version, "latest")?;
            let mut object =
                manifest::version_object(document, Some(&node_version), Some(NPM_VERSION))?;
            manifest::dist_tag(document, "latest")?;
            manifest::set_dist(
                &mut object,
                &dist("integrity"),
                &dist("shasum"),
                &dist("tarball"),
            );
            Ok((is_prerelease, object))
        });
        match ours {
            Ok((is_prerelease, object)) => {
                let npms_object = npms["object"]
                    .as_str()
                    .map(|object| serde_json::json!({"document": object}));
                self.result(pipeline, Ok(object), npms_object.as_ref().unwrap_or(npms));
                self.equal(
                    &format!("{pipeline}, prerelease"),
                    &Value::Bool(is_prerelease),
                    &npms["isPrerelease"],
                );
                true
            }
            Err(error) => {
                self.result(pipeline, Err(error), npms);
                false
            }
        }
    }

    fn equal(&mut self, what: &str, ours: &Value, npms: &Value) {
        if ours != npms {
            self.found.push(format!(
                "{what}\n  ours: {}\n  npm:  {}",
                json::compact(ours),
                json::compact(npms)
            ));
        }
    }

    /// Compares a document or a refusal; gives back the document if both have the same.
    fn result(
        &mut self,
        pipeline: &str,
        ours: Result<Map<String, Value>, ManifestError>,
        npms: &Value,
    ) -> Option<Map<String, Value>> {
        match (ours, npms["document"].as_str()) {
            (Ok(document), Some(npms)) => {
                let printed = json::compact(&Value::Object(document.clone()));
                let npms = json::text::plain_lossy(npms);
                if printed == npms {
                    return Some(document);
                }
                self.found
                    .push(format!("{pipeline}\n{}", first_difference(&printed, &npms)));
            }
            (Ok(document), None) => {
                let printed = json::compact(&Value::Object(document));
                self.found.push(format!(
                    "{pipeline}\n  ours: {printed}\n  npm:  {}",
                    json::compact(&npms["error"])
                ));
            }
            (Err(error), Some(npms)) => self
                .found
                .push(format!("{pipeline}\n  ours: {error}\n  npm:  {npms}")),
            (Err(error), None) => {
                if !is_same_refusal(&error, &npms["error"]) {
                    let npms = json::compact(&npms["error"]);
                    self.found.push(format!(
                        "{pipeline}\n  ours: {:?} {error}\n  npm:  {npms}",
                        error.code()
                    ));
                }
            }
        }
        None
    }
}

fn process_version(finished: &Value) -> String {
    let object = finished["object"]
        .as_str()
        .and_then(|object| json::parse(object.as_bytes()).ok());
    object
        .as_ref()
        .and_then(|object| object["_nodeVersion"].as_str())
        .unwrap_or_default()
        .to_owned()
}

fn is_same_refusal(ours: &ManifestError, npms: &Value) -> bool {
    let message = json::text::plain_lossy(npms["message"].as_str().unwrap_or_default());
    let status = npms["errno"]
        .to_string()
        .parse::<i64>()
        .map_or(1, |number| number.rem_euclid(256));
    if ours.code() != npms["code"].as_str() || i64::from(ours.exit_status()) != status {
        return false;
    }
    match ours {
        // Here npm quotes the parser or the system, or stumbles; the start or the kind decides.
        ManifestError::Syntax { .. } => message.starts_with("Invalid package.json"),
        ManifestError::Read { .. } => message.starts_with("Could not read package.json"),
        ManifestError::NullInPath { .. } => message.contains("without null bytes"),
        ManifestError::ReadFile { .. } => npms["code"].is_string(),
        ManifestError::NotAnObject { .. } => message.starts_with("Cannot use 'in' operator"),
        ManifestError::MissingVersion => {
            message == "Cannot read properties of null (reading 'prerelease')"
        }
        _ => message == json::text::plain_lossy(&ours.to_string()),
    }
}

/// The first field in which two printed objects differ.
fn first_difference(ours: &str, npms: &str) -> String {
    let (Ok(Value::Object(left)), Ok(Value::Object(right))) =
        (json::parse(ours.as_bytes()), json::parse(npms.as_bytes()))
    else {
        return format!("  ours: {ours}\n  npm:  {npms}");
    };
    let shown = |entry: Option<(&String, &Value)>| {
        entry.map_or("nothing".to_owned(), |(key, value)| {
            format!("{key}: {}", json::compact(value))
        })
    };
    let (mut left, mut right) = (left.iter(), right.iter());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return format!("  ours: {ours}\n  npm:  {npms}"),
            (left, right)
                if left != right
                    || left.map(|(_, value)| json::compact(value))
                        != right.map(|(_, value)| json::compact(value)) =>
            {
                return format!("  ours: {}\n  npm:  {}", shown(left), shown(right));
            }
            _ => {}
        }
    }
}

fn plain_lines(npms: &Value) -> Value {
    npms.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|line| json::text::plain_lossy(line).into_owned())
        .collect()
}
