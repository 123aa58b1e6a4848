//! Versions as npm's semver 7.8.5 reads and cleans them, strictly and loosely.
//!
//! The crate `nodejs-semver` compares and ranges; it has no loose mode, and what a loose reading cleans `v1.2.3` or
//! `01.2.3beta` to is part of the published document.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::corrections::Corrections;
use super::json::text;
use super::{ManifestError, javascript};

/// No version is longer, in UTF-16 units.
const MAX_LENGTH: usize = 256;
/// `Number.MAX_SAFE_INTEGER`; also the first number that a prerelease part is no longer read as.
pub(crate) const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// A semantic version, cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    text: String,
    is_prerelease: bool,
}

impl Version {
    /// Reads a version; `loose` allows `v1.2.3`, `= 1.2.3`, `01.2.3` and `1.2.3beta`.
    pub fn parse(given: &str, loose: bool) -> Option<Self> {
        if text::length(given) > MAX_LENGTH {
            return None;
        }
        let mut rest = text::trim(given);
        if loose {
            rest = rest.trim_start_matches(|character| {
                matches!(character, 'v' | '=') || text::is_space(character)
            });
        } else {
            rest = rest.strip_prefix('v').unwrap_or(rest);
        }
        let major = take_digits(&mut rest);
        rest = rest.strip_prefix('.')?;
        let minor = take_digits(&mut rest);
        rest = rest.strip_prefix('.')?;
        let from_patch = rest;
        let mut patch = take_digits(&mut rest);
        if loose && rest.starts_with('.') {
            // npm's pattern then reads the last digit as the start of a prerelease: `1.2.34.5` is `1.2.3-4.5`.
            (patch, rest) = from_patch.split_at(patch.len().checked_sub(1)?);
        }
        let mut cleaned = String::new();
        for number in [major, minor, patch] {
            if number.is_empty() || (!loose && number.len() > 1 && number.starts_with('0')) {
                return None;
            }
            if number.parse::<f64>().ok()? > MAX_SAFE_INTEGER {
                return None;
            }
            if !cleaned.is_empty() {
                cleaned.push('.');
            }
            cleaned.push_str(without_zeros(number));
        }
        // Build metadata starts at the first plus sign; what precedes it is the prerelease.
        let (prerelease, build) = match rest.split_once('+') {
            Some((prerelease, build)) => (prerelease, Some(build)),
            None => (rest, None),
        };
        if build.is_some_and(|build| !build.split('.').all(is_part)) {
            return None;
        }
        let parts = match prerelease.strip_prefix('-') {
            Some("") | None if prerelease.is_empty() => None,
            // Loosely the hyphen may be missing, or be the first character of the first part.
            Some(parts) if !loose || !parts.is_empty() && parts.split('.').all(is_part) => {
                Some(parts)
            }
            _ if loose => Some(prerelease),
            _ => return None,
        };
        if let Some(parts) = parts {
            cleaned.push('-');
            for (index, part) in parts.split('.').enumerate() {
                if index > 0 {
                    cleaned.push('.');
                }
                cleaned.push_str(&prerelease_part(part, loose)?);
            }
        }
        Some(Self {
            text: cleaned,
            is_prerelease: parts.is_some(),
        })
    }

    /// The cleaned form: without build metadata, leading zeros and decoration.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether there is anything after the three numbers but build metadata.
    pub fn is_prerelease(&self) -> bool {
        self.is_prerelease
    }
}

/// semver's `clean`: also drops `=` and `v` at the front, in the strict reading too.
pub fn clean(given: &str, loose: bool) -> Option<String> {
    let stripped = text::trim(given).trim_start_matches(['=', 'v']);
    Version::parse(stripped, loose).map(|version| version.text)
}

/// Makes an absent version empty, cleans a good one and refuses any other.
pub(crate) fn fix_version(
    map: &mut Map<String, Value>,
    corrections: &mut Corrections,
) -> Result<(), ManifestError> {
    if !javascript::truthy(map.get("version")) {
        javascript::assign(map, "version", Value::String(String::new()));
        return Ok(());
    }
    let given = map.get("version");
    let read = given
        .and_then(Value::as_str)
        .filter(|given| Version::parse(given, true).is_some());
    let Some(read) = read else {
        return Err(ManifestError::InvalidVersion {
            version: javascript::to_text(given)?,
        });
    };
    let cleaned = clean(read, true);
    if cleaned.as_deref() != Some(read) {
        corrections.push(&format!(
            "\"version\" was cleaned and set to \"{}\"",
            cleaned.as_deref().unwrap_or("null")
        ));
        javascript::assign(map, "version", cleaned.map_or(Value::Null, Value::String));
    }
    Ok(())
}

fn take_digits<'text>(rest: &mut &'text str) -> &'text str {
    let end = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, after) = rest.split_at(end);
    *rest = after;
    digits
}

fn without_zeros(digits: &str) -> &str {
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        "0"
    } else {
        significant
    }
}

fn is_part(part: &str) -> bool {
    !part.is_empty()
        && part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A part of digits is a number (unless too big to be one), any other stays as it is.
fn prerelease_part(part: &str, loose: bool) -> Option<Cow<'_, str>> {
    if !is_part(part) {
        return None;
    }
    if !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Cow::Borrowed(part));
    }
    if !loose && part.len() > 1 && part.starts_with('0') {
        return None;
    }
    let number: f64 = part.parse().ok()?;
    Some(Cow::Borrowed(if number < MAX_SAFE_INTEGER {
        without_zeros(part)
    } else {
        part
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_reading_cleans_as_npm_does() {
        for (given, cleaned) in [
            ("1.2.3", Some("1.2.3")),
            (" v1.2.3 ", Some("1.2.3")),
            ("= v1.2.3+b", Some("1.2.3")),
            ("01.02.03-04.x", Some("1.2.3-4.x")),
            ("1.2.3beta", Some("1.2.3-beta")),
            ("1.2.3-", Some("1.2.3--")),
            ("1.2.34-.5", Some("1.2.34--.5")),
            ("1.2.34.5+b", Some("1.2.3-4.5")),
            ("1.2.3.4", None),
            ("1.2.3+", None),
            ("1.2.3+a+b", None),
            ("1.2", None),
            ("99999999999999999.0.0", None),
            (
                "1.0.0-99999999999999999999",
                Some("1.0.0-99999999999999999999"),
            ),
        ] {
            assert_eq!(clean(given, true).as_deref(), cleaned, "{given:?}");
        }
    }

    #[test]
    fn strict_reading_refuses_zeros_in_front_and_a_missing_hyphen() {
        for (given, cleaned) in [
            ("v1.2.3", Some("1.2.3")),
            ("01.2.3", None),
            ("1.2.3-01", None),
            ("1.2.3beta", None),
            ("1.2.3-", None),
            ("1.2.3-a.b+c", Some("1.2.3-a.b")),
        ] {
            assert_eq!(clean(given, false).as_deref(), cleaned, "{given:?}");
        }
    }
}
