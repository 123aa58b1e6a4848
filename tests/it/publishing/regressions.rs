//! Publishes that once came out differently, by the name of the rule they are about.

use super::case::Case;
use super::registry::Holds;

const PLAIN: &str = r#"{"name": "a", "version": "1.0.0"}"#;

pub(super) fn all() -> Vec<(&'static str, Case)> {
    vec![
        ("a plain package", Case::new(PLAIN, &[("p/index.js", "1")])),
        (
            "a version that is there",
            Case::new(PLAIN, &[]).against(Holds::versions(&[("1.0.0", None)])),
        ),
        (
            "a one-time password makes the auth type legacy",
            Case::new(PLAIN, &[]).with(&["--otp=123456"]),
        ),
        (
            "a configured scope is sent along",
            Case::new(PLAIN, &[]).with(&["--scope=acme"]),
        ),
        (
            "a package without a name is refused for its tag, after it was packed",
            Case::new(r#"{"version": "1.0.0"}"#, &[]),
        ),
        (
            "a package without a version has no prerelease to look at",
            Case::new(r#"{"name": "a"}"#, &[]),
        ),
        (
            "a name that a script adds is enough",
            Case::new(
                r#"{"version": "1.0.0", "scripts": {"prepack": "cp other.json package.json"}}"#,
                &[("p/other.json", PLAIN)],
            ),
        ),
        (
            "any value that JavaScript takes for true makes a package private",
            Case::new(r#"{"name": "a", "version": "1.0.0", "private": 1E-7}"#, &[]),
        ),
        (
            "a private package is refused whatever the registry holds",
            Case::new(r#"{"name": "a", "version": "1.0.0", "private": true}"#, &[])
                .against(Holds::versions(&[("1.0.0", None)])),
        ),
        (
            "half a surrogate pair in a key is published and read back",
            Case::new(
                r#"{"name": "@sc/foo", "version": "1.0.0", "a\ud800": [null]}"#,
                &[],
            ),
        ),
        (
            "half a surrogate pair in a member is no broken package.json",
            Case::member(r#"{"name": "a", "version": "1.0.0", "x": "\udc00\ud800"}"#),
        ),
        (
            "a dependency named as something that all objects inherit is refused",
            Case::new(
                r#"{"name": "a", "version": "1.0.0", "devDependencies": {"constructor": "1"}}"#,
                &[],
            ),
        ),
        (
            "a peer dependency of that name is none if it is the prototype's",
            Case::new(
                r#"{"name": "a", "version": "1.0.0", "peerDependencies": {"__proto__": "1"}}"#,
                &[],
            ),
        ),
        (
            "a tag that is an object has that object's text",
            Case::new(r#"{"name": "a", "version": "1.0.0", "tag": {"a": 1}}"#, &[]),
        ),
        (
            "a tag without a text is refused",
            Case::new(
                r#"{"name": "a", "version": "1.0.0", "tag": {"toString": 1}}"#,
                &[],
            ),
        ),
        (
            "nothing is printed of members that were all passed over",
            Case::member(r#"{"name": "a", "version": "1.0.0", "private": true}"#).with(&["--json"]),
        ),
        (
            "a publishConfig key that all objects inherit is not unknown",
            Case::new(
                r#"{"name": "a", "version": "1.0.0", "publishConfig": {"toString": 1}}"#,
                &[],
            ),
        ),
        (
            "protections that are switched off are named",
            Case::new(PLAIN, &[]).with(&["--force"]),
        ),
        (
            "a name that Node has is warned of again when it is uploaded under another version",
            Case::new(r#"{"name": "http", "version": "v1.2.3"}"#, &[]),
        ),
        (
            "what is warned of at the upload is not in a dry run",
            Case::new(r#"{"name": "http", "version": "v1.2.3"}"#, &[]).with(&["--dry-run"]),
        ),
        (
            "a scope that publishConfig names is told to the upload alone",
            Case::new(
                r#"{"name": "a", "version": "1.0.0", "publishConfig": {"scope": "x"}}"#,
                &[],
            ),
        ),
        (
            "a one-time password that publishConfig holds is sent with the upload alone",
            Case::new(
                r#"{"name": "a", "version": "1.0.0", "publishConfig": {"otp": "777777"}}"#,
                &[],
            ),
        ),
        (
            "a noncharacter is printed as it is",
            Case::new(PLAIN, &[("p/\u{FDD0}x", "")]),
        ),
        (
            "an access that is no string is sent as it is",
            Case::new(
                r#"{"name": "@sc/a", "version": "1.0.0", "publishConfig": {"access": 5}}"#,
                &[],
            ),
        ),
        (
            "an access that is a list is sent as it is",
            Case::new(
                r#"{"name": "a", "version": "1.0.0", "publishConfig": {"access": ["restricted"]}}"#,
                &[],
            ),
        ),
        (
            "a deprecated version is there in a dry run, too",
            Case::new(PLAIN, &[])
                .with(&["--dry-run"])
                .against(Holds::versions(&[("1.0.0", Some("old"))])),
        ),
        (
            "a version that is there explains a refusal of a forced upload",
            Case::new(PLAIN, &[])
                .with(&["--force"])
                .against(Holds::versions(&[("1.0.0", None)]).refusing(403, r#"{"error":"no"}"#)),
        ),
        (
            "a package.json that prepare removes leaves nothing to pack",
            Case::new(r#"{"scripts": {"prepare": "rm package.json"}}"#, &[]),
        ),
        (
            "a package.json that prepare removes and postpack brings back is published",
            Case::new(
                r#"{"name": "a", "version": "1.0.0",
                    "scripts": {"prepare": "rm package.json", "postpack": "cp other.json package.json"}}"#,
                &[("p/other.json", PLAIN)],
            ),
        ),
        (
            "a package.json that prepare breaks is packed as it is and refused later",
            Case::new(
                r#"{"name": "a", "version": "1.0.0", "scripts": {"prepare": "cp other.json package.json"}}"#,
                &[("p/other.json", r#"{"a":"#)],
            ),
        ),
        (
            "a package without a version has no prerelease to look at, whatever the tag",
            Case::new("{}", &[]).with(&["--tag=a/b"]),
        ),
        (
            "a package without a name is refused whatever the tag",
            Case::new(r#"{"version": "1.0.0"}"#, &[]).with(&["--tag=a/b"]),
        ),
        (
            "a package without a name is refused in a dry run, too",
            Case::new(r#"{"version": "1.0.0"}"#, &[]).with(&["--tag=a/b", "--dry-run"]),
        ),
        (
            "control characters are shown, not obeyed",
            Case::new(
                r#"{"name": "a", "version": "1.0.0", "bin": "\u0000\u001f\u007f\u2028\/"}"#,
                &[],
            ),
        ),
        (
            "a publishConfig that is text has a key for each half of a surrogate pair",
            Case::new(
                r#"{"name": "a", "version": "1.0.0", "publishConfig": "\udc00\ud800\ud83d\ude00"}"#,
                &[],
            ),
        ),
        (
            "the tag of a publishConfig that a script removes still counts",
            Case::new(
                r#"{"name": "a", "version": "1.0.0", "publishConfig": {"tag": "next"},
                    "scripts": {"prepublishOnly": "cp other.json package.json"}}"#,
                &[("p/other.json", PLAIN)],
            ),
        ),
        (
            "the access of a publishConfig that a script changes is the later one",
            Case::new(
                r#"{"name": "@sc/a", "version": "1.0.0", "publishConfig": {"access": "restricted", "tag": "next"},
                    "scripts": {"postpack": "cp other.json package.json"}}"#,
                &[(
                    "p/other.json",
                    r#"{"name": "@sc/a", "version": "1.0.0", "publishConfig": {"access": "public"}}"#,
                )],
            ),
        ),
        (
            "a dry run needs no tag that has a text",
            Case::new(
                r#"{"name": "a", "version": "1.0.0", "tag": [{"toString": 0}]}"#,
                &[],
            )
            .with(&["--dry-run"]),
        ),
        (
            "a dry run asks with the token of a folder above",
            Case {
                npmrc: vec!["registry=REGISTRY/other/".to_owned()],
                ..Case::new(PLAIN, &[]).with(&["--dry-run"])
            },
        ),
        (
            "a password in a URL is shown by npm alone",
            Case::new(
                r#"{"name": "a", "version": "1.0.0", "repository": " git+https://u%40:p%3a@github.com:22/foo@1/bar# /"}"#,
                &[],
            ),
        ),
        (
            "a member whose package.json is no object has no code",
            Case::member("null"),
        ),
        (
            "a member whose package.json is no JSON is refused while the configuration is loaded",
            Case::member("{"),
        ),
        (
            "a client certificate is looked for at the address of the request",
            Case {
                path: "/npm",
                npmrc: vec![
                    "HOST/npm/:certfile=package.json".to_owned(),
                    "HOST/npm/:keyfile=.".to_owned(),
                ],
                ..Case::new(PLAIN, &[])
            },
        ),
    ]
}
