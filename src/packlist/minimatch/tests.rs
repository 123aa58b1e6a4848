//! Rules of the pattern language, one row each. Random pairs go against the real minimatch in
//! `tests/it/differential.rs`.

use super::*;

fn matches(pattern: &str, path: &str, partial: bool) -> bool {
    Pattern::new(pattern).is_ok_and(|pattern| pattern.matches_text(path, partial))
}

#[test]
fn paths_match_as_in_minimatch() {
    for (pattern, path, expected) in [
        ("foo", "a/b/foo", true),
        ("/foo", "/foo", true),
        ("/foo", "foo", false),
        ("x/foo", "x/foo", true),
        ("foo/", "foo", false),
        ("foo/", "foo/", true),
        ("./foo", "foo", false),
        ("a/../foo", "foo", true),
        ("*.js", ".js", true),
        (r"*\.js", "a.js", false),
        ("?", "é", true),
        ("?", "😀", false),
        ("??", "😀", true),
        ("É*", "éa", true),
        ("**/b", "a/c/b", true),
        ("a/**", "a/b", true),
        ("a/**", "a", false),
        ("a/**", "a/", true),
        ("!(a)", "b", true),
        ("+(ab|c)", "abcab", true),
        ("a!(b)c", "abc", false),
        ("a!(b)c", "abbc", true),
        ("[[:alpha:]]", "é", true),
        ("[!a]", "b", true),
        (r"[\^a]", "b", true),
        ("[z-a]", "b", false),
        (r"a\|b", "axx", true),
        ("@()", "@()", true),
    ] {
        // `!` at the start is negation, not an extglob.
        let negated = pattern.starts_with('!');
        let pattern = if negated {
            format!("x/{pattern}")
        } else {
            pattern.to_owned()
        };
        let path = if negated {
            format!("x/{path}")
        } else {
            path.to_owned()
        };
        assert_eq!(
            matches(&pattern, &path, false),
            expected,
            "{pattern} {path}"
        );
    }
}

#[test]
fn partial_paths_match_what_may_follow() {
    for (pattern, path, expected) in [
        ("a/b/c", "a", true),
        ("a/b/c", "a/b", true),
        ("a/b/c", "b", false),
        ("**/c", "x/y", true),
        ("a/**/c", "a/x", true),
        ("a/**/c", "b/x", false),
    ] {
        assert_eq!(matches(pattern, path, true), expected, "{pattern} {path}");
    }
}

#[test]
fn what_javascript_refuses_is_an_error() {
    let invalid = PatternError::Regex("invalid escape");
    assert_eq!(Pattern::new("[[:alpha:]]-x").err(), Some(invalid));
    let negations = "!(a)".repeat(40) + "b";
    assert_eq!(
        Pattern::new(&format!("x{negations}")).err(),
        Some(PatternError::TooComplex)
    );
    let nested = "*(".repeat(20_000) + "a" + &")".repeat(20_000);
    assert_eq!(Pattern::new(&nested).err(), Some(PatternError::TooDeep));
    assert_eq!(
        Pattern::new(&"a".repeat(65_537)).err(),
        Some(PatternError::TooLong)
    );
}
