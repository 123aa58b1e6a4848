//! No text makes the parsers fail other than by saying so, or take long.

use consign::config::{Flags, expand, parse_npmrc};
use consign::environment::Environment;
use consign::registry::RegistryUrl;
use consign::workspace::Glob;
use proptest::prelude::*;

fn environment() -> Environment {
    Environment::new([("A".into(), "${A}".into())], "/work", "/home")
}

proptest! {
    #[test]
    fn any_text_is_an_npmrc_or_an_error(text in any::<String>(), ini in "[a-z.=\\[\\]\"'#;\\\\\n{}$0-9]{0,60}") {
        let _ = parse_npmrc(&text);
        let _ = parse_npmrc(&ini);
        let _ = expand(&ini, &environment());
    }

    #[test]
    fn any_arguments_are_flags_or_an_error(arguments in prop::collection::vec("-{0,3}[a-z=:/@ -]{0,12}", 0..8)) {
        let _ = Flags::parse(arguments, &environment());
    }

    #[test]
    fn any_text_is_an_address_or_an_error(text in any::<String>(), url in "(http|https|file|x)?:?/{0,3}[a-z@:.%/?#\\\\ -]{0,20}") {
        for text in [text, url] {
            if let Ok(registry) = RegistryUrl::parse(&text) {
                let _ = registry.request("name");
                prop_assert!(registry.nerf_dart().starts_with("//"));
            }
        }
    }

    #[test]
    fn globs_end(pattern in "[ab*?+@!(){},|/.\\[\\]-]{0,40}", path in "[ab/.]{0,60}") {
        let glob = Glob::new(&pattern);
        let _ = glob.matches(&path);
        let _ = glob.matches_partially(&path);
    }
}

#[test]
fn hostile_globs_end() {
    let name = "a".repeat(250);
    for pattern in [
        "*a*a*a*a*a*a*a*a*a*a*a*a*b",
        "+(+(+(a|aa)|a)|aa)b",
        "!(!(!(a)*)*)!(a)!(b)!(c)b",
        "{{a,b},{a,b}}{{a,b},{a,b}}{{a,b},{a,b}}{{a,b},{a,b}}{{a,b},{a,b}}{1..9999}",
    ] {
        assert!(!Glob::new(pattern).matches(&name));
    }
    let path = vec!["a"; 200].join("/");
    assert!(!Glob::new("**/a/**/a/**/a/**/a/**/a/**/b").matches(&path));
}
