//! Package and tag together, as npm reads `name@tag` before it publishes.
//!
//! npm asks npm-package-arg to parse that text only to hear whether it fails; what it takes for a file, a git
//! repository or an alias passes. Source: npm-package-arg 13.0.2, npm 11.19.1 `lib/commands/publish.js`.

use super::hosted_git::{self, HostedGit};
use super::json::text;
use super::range::is_range;
use super::version::Version;
use super::{ManifestError, name, web_url};

/// Refuses a tag that reads as a range of versions (`1.x`, `v1`, the empty text).
pub fn check_tag(tag: &str) -> Result<(), ManifestError> {
    if is_range(tag, false) {
        return Err(ManifestError::TagIsRange {
            tag: text::trim(tag).to_owned(),
        });
    }
    Ok(())
}

/// Refuses a name that cannot be fetched again, and a tag that cannot stand in a URL.
///
/// # Errors
///
/// [`ManifestError::InvalidPackageName`], [`ManifestError::InvalidTagName`], [`ManifestError::InvalidSpec`].
pub fn check_package_and_tag(name: &str, version: &str, tag: &str) -> Result<(), ManifestError> {
    resolve(name, version, &format!("{name}@{version}"))?;
    parse(&format!("{name}@{tag}"))?;
    Ok(())
}

/// What a text leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// A package of a registry, with a name.
    Named,
    /// A version, range or tag of a registry, without a name.
    Nameless,
    Alias,
    /// A file, a URL, a git repository.
    Elsewhere,
}

/// npm-package-arg's function of a single text.
fn parse(given: &str) -> Result<Target, ManifestError> {
    let name_end = given
        .char_indices()
        .skip(1)
        .find(|(_, character)| *character == '@')
        .map(|(index, _)| index);
    let (name, spec) = match name_end {
        Some(end) => (
            given.get(..end).unwrap_or_default(),
            given.get(end + 1..).unwrap_or_default(),
        ),
        None => (given, ""),
    };
    if is_url(given) {
        resolve("", given, given)
    } else if is_scp_address(given) {
        resolve("", &format!("git+ssh://{given}"), given)
    } else if !name.starts_with('@') && (name.contains('/') || is_archive(name)) {
        resolve("", given, given)
    } else if name_end.is_some() {
        resolve(name, if spec.is_empty() { "*" } else { spec }, given)
    } else if name::objections(given)?.is_empty() {
        resolve(given, "*", given)
    } else {
        resolve("", given, given)
    }
}

/// npm-package-arg's function of a name (empty for none) and what to fetch of it; `package` is for the errors.
fn resolve(name: &str, spec: &str, package: &str) -> Result<Target, ManifestError> {
    if !name.is_empty() {
        let reasons = name::objections(name)?;
        if !reasons.is_empty() {
            let (name, package) = (name.to_owned(), package.to_owned());
            return Err(ManifestError::InvalidPackageName {
                name,
                package,
                reasons,
            });
        }
    }
    if is_file(spec) {
        check_file(spec)?;
    } else if starts_with_ignoring_case(spec, "npm:") {
        check_alias(spec.get("npm:".len()..).unwrap_or_default())?;
        return Ok(Target::Alias);
    } else if let Some(hosted) = HostedGit::from_url(spec) {
        check_committish(hosted.committish())?;
    } else if is_url(spec) {
        check_url(spec)?;
    } else if spec.contains('/') || is_archive(spec) {
        check_file(spec)?;
    } else {
        check_registry(spec, package)?;
        return Ok(if name.is_empty() {
            Target::Nameless
        } else {
            Target::Named
        });
    }
    Ok(Target::Elsewhere)
}

fn check_registry(spec: &str, package: &str) -> Result<(), ManifestError> {
    let tag = text::trim(spec);
    if Version::parse(tag, true).is_some() || is_range(tag, true) || name::is_encoded(tag)? {
        return Ok(());
    }
    Err(ManifestError::InvalidTagName {
        tag: tag.to_owned(),
        package: package.to_owned(),
    })
}

fn check_alias(target: &str) -> Result<(), ManifestError> {
    match parse(target)? {
        Target::Named => Ok(()),
        Target::Nameless => Err(invalid("aliases must have a name")),
        Target::Alias => Err(invalid("nested aliases not supported")),
        Target::Elsewhere => Err(invalid("aliases only work for registry deps")),
    }
}

fn check_url(spec: &str) -> Result<(), ManifestError> {
    if let Some(place) = spec.strip_prefix("git+ssh:").and(scp_place(spec)) {
        return check_committish(place);
    }
    let url =
        web_url::parse(&text::plain_lossy(spec)).ok_or_else(|| ManifestError::InvalidSpec {
            code: Some("ERR_INVALID_URL"),
            message: "Invalid URL".to_owned(),
        })?;
    match url.scheme() {
        "git" | "git+http" | "git+https" | "git+rsync" | "git+ftp" | "git+file" | "git+ssh" => {
            check_committish(url.fragment().unwrap_or_default())
        }
        "http" | "https" => Ok(()),
        scheme => Err(ManifestError::InvalidSpec {
            code: Some("EUNSUPPORTEDPROTOCOL"),
            message: format!("Unsupported URL Type \"{scheme}:\": {spec}"),
        }),
    }
}

/// The part behind `#` of `git+ssh://user@host:path#committish`, if the part behind the colon is no port.
fn scp_place(spec: &str) -> Option<&str> {
    let rest = spec
        .get("git+ssh://".len()..)
        .filter(|_| starts_with_ignoring_case(spec, "git+ssh://"))?;
    let (address, committish) = rest.split_once('#').unwrap_or((rest, ""));
    let (user, path) = address.split_once(':')?;
    if user.is_empty() || path.is_empty() {
        return None;
    }
    let is_port = address.match_indices(':').any(|(colon, _)| {
        let after = address.get(colon + 1..).unwrap_or_default();
        let rest = after.trim_start_matches(|character: char| character.is_ascii_digit());
        rest.len() < after.len() && (rest.is_empty() || rest.starts_with('/'))
    });
    (!is_port).then_some(committish)
}

fn check_committish(committish: &str) -> Result<(), ManifestError> {
    let (mut range, mut commit, mut path) = (false, false, false);
    for part in committish.split("::").filter(|_| !committish.is_empty()) {
        let Some((key, value)) = part.split_once(':') else {
            if range {
                return Err(invalid(
                    "cannot override existing semver range with a committish",
                ));
            }
            if commit {
                return Err(invalid(
                    "cannot override existing committish with a second committish",
                ));
            }
            commit = !part.is_empty();
            continue;
        };
        let value = value.split(':').next().unwrap_or_default();
        match key {
            "semver" if commit => {
                return Err(invalid(
                    "cannot override existing committish with a semver range",
                ));
            }
            "semver" if range => {
                return Err(invalid(
                    "cannot override existing semver range with a second semver range",
                ));
            }
            "semver" => {
                let decoded = hosted_git::decode(value).ok_or(ManifestError::MalformedText)?;
                range = !decoded.is_empty();
            }
            "path" if path => {
                return Err(invalid("cannot override existing path with a second path"));
            }
            "path" => path = true,
            _ => {}
        }
    }
    Ok(())
}

/// What npm-package-arg does to `file:` texts before it gives them to the URL parser never makes a good one bad.
fn check_file(spec: &str) -> Result<(), ManifestError> {
    let path = spec
        .get("file:".len()..)
        .filter(|_| spec.starts_with("file:"))
        .unwrap_or(spec);
    // Only half of a surrogate pair cannot be part of a path.
    match text::plain(path) {
        Some(_) => Ok(()),
        None => Err(ManifestError::MalformedText),
    }
}

fn invalid(message: &str) -> ManifestError {
    ManifestError::InvalidSpec {
        code: None,
        message: message.to_owned(),
    }
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// `^(?:git[+])?[a-z]+:` in any case.
fn is_url(text: &str) -> bool {
    let rest = if starts_with_ignoring_case(text, "git+") {
        text.get(4..).unwrap_or_default()
    } else {
        text
    };
    rest.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphabetic())
    })
}

/// `user@host.domain:path`
fn is_scp_address(text: &str) -> bool {
    let Some((user, rest)) = text.split_once('@') else {
        return false;
    };
    let Some((host, path)) = rest.split_once(':') else {
        return false;
    };
    let Some((first, domain)) = host.split_once('.') else {
        return false;
    };
    ![user, first, domain, path]
        .iter()
        .any(|part| part.is_empty())
        && !path.contains(['\n', '\r', '\u{2028}', '\u{2029}'])
}

/// `.tgz`, `.tar.gz` or `.tar` at the end, in any case.
fn is_archive(text: &str) -> bool {
    let lower_case = text.to_ascii_lowercase();
    [".tgz", ".tar.gz", ".tar"]
        .iter()
        .any(|ending| lower_case.ends_with(ending))
}

/// A relative or absolute path, a home directory, a drive.
fn is_file(spec: &str) -> bool {
    let mut characters = spec.chars();
    let (first, second) = (characters.next(), characters.next());
    starts_with_ignoring_case(spec, "file:")
        || matches!(
            (first, second),
            (Some('.' | '/'), _) | (Some('~'), Some('/'))
        )
        || first.is_some_and(|drive| drive.is_ascii_alphabetic()) && second == Some(':')
}
