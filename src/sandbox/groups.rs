//! Package groups: which one a package belongs to, and what its origin restrictions come to.
//!
//! A pattern ends in `*` (everything below), `~` (names with this prefix) or `$` (exactly this); a
//! package belongs to its most specific group. A restriction that is `INHERIT` is the nearest
//! ancestor's; the root `/*` allows everything until it is told otherwise (user guide, package
//! group definition syntax; the word-boundary rule of `~` and weak matches are not looked at).

use super::names::PackageId;
use super::state::{Domain, GroupRecord};

/// The group every package belongs to in the end.
pub(crate) const ROOT: &str = "/*";

/// The three ways for a version to get into a repository.
pub(crate) const RESTRICTIONS: [&str; 3] = ["PUBLISH", "EXTERNAL_UPSTREAM", "INTERNAL_UPSTREAM"];

/// Whether this is a pattern the service has: a format, a namespace and a name at most, and one
/// closing symbol.
pub(crate) fn is_pattern(pattern: &str) -> bool {
    if pattern == ROOT {
        return true;
    }
    let Some(body) = pattern
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix(['*', '~', '$']))
    else {
        return false;
    };
    let mut parts = body.split('/');
    let format = parts.next().unwrap_or_default();
    let more: Vec<&str> = parts.collect();
    let whole = pattern.ends_with('*');
    [
        "npm", "pypi", "maven", "nuget", "generic", "ruby", "swift", "cargo",
    ]
    .contains(&format)
        && (1..=2).contains(&more.len())
        && !body.contains(['*', '~', '$'])
        && (!whole || body.ends_with('/'))
        && (whole || more.last().is_some_and(|last| !last.is_empty()))
}

/// Whether the group with this pattern holds the package.
pub(crate) fn holds(pattern: &str, package: &PackageId) -> bool {
    reaches(pattern, &package.group_path())
}

fn reaches(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('$') {
        Some(exact) => exact == path,
        None => path.starts_with(pattern.trim_end_matches(['*', '~'])),
    }
}

/// Longer is more specific; at the same length exact beats prefix beats everything.
fn specificity(pattern: &str) -> (usize, u8) {
    let closing = match pattern.as_bytes().last() {
        Some(b'$') => 2,
        Some(b'~') => 1,
        _ => 0,
    };
    (pattern.len(), closing)
}

/// The package's group: always one, at least the root.
pub(crate) fn of_package<'a>(domain: &'a Domain, package: &PackageId) -> &'a str {
    most_specific(domain, |pattern| holds(pattern, package)).unwrap_or(ROOT)
}

/// The group around a group; the root has none.
pub(crate) fn parent<'a>(domain: &'a Domain, pattern: &str) -> Option<&'a str> {
    if pattern == ROOT {
        return None;
    }
    let body = pattern.trim_end_matches(['*', '~', '$']);
    most_specific(domain, |other| {
        other != pattern
            && !other.ends_with('$')
            && body.starts_with(other.trim_end_matches(['*', '~']))
            && specificity(other) < specificity(pattern)
    })
    .or(Some(ROOT))
}

fn most_specific(domain: &Domain, fits: impl Fn(&str) -> bool) -> Option<&str> {
    domain
        .groups
        .keys()
        .map(String::as_str)
        .filter(|pattern| fits(pattern))
        .max_by_key(|pattern| specificity(pattern))
}

/// A restriction's mode and the group that says so.
pub(crate) fn effective<'a>(
    domain: &'a Domain,
    pattern: &'a str,
    restriction: &str,
) -> (&'a str, &'a str) {
    let mut at = pattern;
    loop {
        let mode = domain
            .groups
            .get(at)
            .and_then(|group| group.restrictions.get(restriction))
            .map_or("INHERIT", String::as_str);
        match (mode, parent(domain, at)) {
            ("INHERIT", Some(above)) => at = above,
            ("INHERIT", None) => return ("ALLOW", ROOT),
            (mode, _) => return (mode, at),
        }
    }
}

/// Whether the package's group lets versions into `repository` this way.
pub(crate) fn allows(
    domain: &Domain,
    package: &PackageId,
    restriction: &str,
    repository: &str,
) -> bool {
    let (mode, from) = effective(domain, of_package(domain, package), restriction);
    match mode {
        "ALLOW" => true,
        "ALLOW_SPECIFIC_REPOSITORIES" => domain
            .groups
            .get(from)
            .and_then(|group: &GroupRecord| group.allowed.get(restriction))
            .is_some_and(|allowed| allowed.iter().any(|name| name == repository)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::state::DomainRecord;
    use std::collections::BTreeMap;

    fn domain(groups: &[(&str, &[(&str, &str)])]) -> Domain {
        let groups = groups.iter().map(|(pattern, restrictions)| {
            let restrictions = restrictions
                .iter()
                .map(|(name, mode)| ((*name).to_owned(), (*mode).to_owned()))
                .collect();
            let record = GroupRecord {
                restrictions,
                ..GroupRecord::default()
            };
            ((*pattern).to_owned(), record)
        });
        Domain {
            record: DomainRecord {
                created: 0,
                encryption_key: String::new(),
                tags: Vec::new(),
                policy: None,
            },
            repositories: BTreeMap::new(),
            groups: groups.collect(),
        }
    }

    fn package(name: &str) -> PackageId {
        PackageId::parse_npm(name).unwrap_or(PackageId {
            format: String::new(),
            namespace: None,
            name: String::new(),
        })
    }

    #[test]
    fn a_package_belongs_to_its_most_specific_group() {
        let domain = domain(&[
            ("/npm/*", &[]),
            ("/npm/acme/*", &[]),
            ("/npm/acme/tool~", &[]),
            ("/npm/acme/tool$", &[]),
            ("/npm//*", &[]),
        ]);
        for (name, group) in [
            ("react", "/npm//*"),
            ("@other/x", "/npm/*"),
            ("@acme/x", "/npm/acme/*"),
            ("@acme/tool-kit", "/npm/acme/tool~"),
            ("@acme/tool", "/npm/acme/tool$"),
        ] {
            assert_eq!(of_package(&domain, &package(name)), group, "{name}");
        }
        assert_eq!(parent(&domain, "/npm/acme/tool$"), Some("/npm/acme/tool~"));
        assert_eq!(parent(&domain, "/npm/acme/tool~"), Some("/npm/acme/*"));
        assert_eq!(parent(&domain, "/npm/acme/*"), Some("/npm/*"));
        assert_eq!(parent(&domain, "/npm/*"), Some(ROOT));
        assert_eq!(parent(&domain, ROOT), None);
    }

    #[test]
    fn the_nearest_group_that_says_something_decides() {
        let domain = domain(&[
            (ROOT, &[("EXTERNAL_UPSTREAM", "BLOCK")]),
            ("/npm/*", &[("EXTERNAL_UPSTREAM", "ALLOW")]),
            ("/npm/acme/*", &[("PUBLISH", "BLOCK")]),
        ]);
        let allowed = |name: &str, way: &str| allows(&domain, &package(name), way, "r");
        assert!(allowed("@acme/x", "EXTERNAL_UPSTREAM"));
        assert!(!allowed("@acme/x", "PUBLISH"));
        assert!(allowed("@acme/x", "INTERNAL_UPSTREAM"));
        assert!(allowed("x", "PUBLISH"));
    }

    #[test]
    fn patterns_have_a_format_and_one_closing_symbol() {
        for (pattern, expected) in [
            ("/*", true),
            ("/npm/*", true),
            ("/npm/acme/*", true),
            ("/npm//*", true),
            ("/npm/acme/tool$", true),
            ("/npm//react$", true),
            ("/npm/acme~", true),
            ("/npm/acme", false),
            ("npm/*", false),
            ("/deb/*", false),
            ("/npm/a*b/*", false),
            ("/npm/acme/tool*", false),
            ("/npm/a/b/c$", false),
            ("/npm/acme/$", false),
        ] {
            assert_eq!(is_pattern(pattern), expected, "{pattern}");
        }
    }
}
