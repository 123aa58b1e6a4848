//! How consign has to end where npm ended in some way: npm's end, or an outcome with a status of its own.

use consign::manifest::json as kept;
use serde_json::Value;

use super::case::Case;
use super::compare::Went;
use crate::support::Asked;

/// How consign has to end where npm ended so.
pub(super) struct End {
    pub(super) exit: i64,
    pub(super) code: Option<String>,
    pub(super) is_sent: bool,
}

/// npm's end, but where an outcome has its own.
pub(super) fn expected_end(case: &Case, npms: &Went) -> End {
    let end = |exit, code: &str, is_sent| End {
        exit,
        code: Some(code.to_owned()),
        is_sent,
    };
    let conflict = || end(10, "EPUBLISHCONFLICT", false);
    if npms
        .message
        .starts_with("You cannot publish over the previously published versions")
    {
        return conflict();
    }
    let (gets, put) = npms.before_and_put();
    let version = put.map_or_else(|| version_told(case, npms), version_in);
    let is_held = version.is_some_and(|version| is_listed(case, &version));
    // npm does not see prereleases and deprecated versions; consign does, in a dry run too.
    if is_held && !gets.is_empty() && (put.is_some() || npms.exit == 0) {
        return conflict();
    }
    if let Some(code @ ("EOTP" | "EAUTHIP")) = npms.code.as_deref() {
        return end(13, code, true);
    }
    match npms
        .code
        .as_deref()
        .and_then(|code| code.strip_prefix('E'))
        .and_then(|status| status.parse::<u16>().ok())
    {
        Some(401) => end(13, "E401", true),
        Some(408 | 420 | 429 | 500..) => end(12, "EUNKNOWNOUTCOME", true),
        Some(413) => end(14, "E413", true),
        // Whatever the registry says: a version that is there explains it.
        Some(status) if status == 409 || is_held => end(10, &format!("E{status}"), true),
        Some(403) => end(13, "E403", true),
        Some(status) => end(14, &format!("E{status}"), true),
        None => End {
            exit: npms.exit,
            code: npms.code.clone(),
            is_sent: put.is_some(),
        },
    }
}

/// The version in a document.
fn version_in(put: &Asked) -> Option<String> {
    let document = kept::parse(&put.body).ok()?;
    document["versions"].as_object()?.keys().next().cloned()
}

/// The version of a dry run: as npm prints it, or, where it prints nothing, as package.json has it.
fn version_told(case: &Case, npms: &Went) -> Option<String> {
    let printed = npms.stdout.trim();
    if let Some(id) = printed.strip_prefix("+ ") {
        return Some(id.rsplit_once('@')?.1.to_owned());
    }
    if let Ok(Value::Object(packages)) = kept::parse(printed.as_bytes()) {
        let package = packages.values().next()?;
        return package["version"].as_str().map(str::to_owned);
    }
    let entries = &case.package.entries;
    let (_, version) = entries.iter().rfind(|(key, _)| key == "\"version\"")?;
    let version: String = serde_json::from_str(version).ok()?;
    consign::manifest::clean(&version, true)
}

/// Whether the registry listed the version before.
fn is_listed(case: &Case, version: &str) -> bool {
    let (status, body) = &case.holds.get;
    let held = kept::parse(body.as_bytes());
    *status == 200 && held.is_ok_and(|held| held["versions"].get(version).is_some())
}
