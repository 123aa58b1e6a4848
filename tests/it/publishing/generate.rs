//! Publishes made up from a seed.

use serde_json::json;

use super::case::Case;
use super::registry::Holds;
use crate::manifest::case::{Case as Package, Content};
use crate::manifest::generate::{self, values};
use crate::support::Random;

pub(super) fn case(random: &mut Random) -> Case {
    let mut case = Case {
        package: package(random),
        arguments: Vec::new(),
        variables: Vec::new(),
        npmrc: Vec::new(),
        is_named: random.chance(15),
        is_member: random.chance(15),
        path: random.pick(&["/", "/", "/", "/npm/", "/npm/repo/", "/npm"]),
        has_token: !random.chance(4),
        holds: holds(random),
    };
    for _ in 0..random.below(3) {
        let argument = random.one_of(
            "--tag=next ¦ --tag next ¦ --tag=latest ¦ --tag=1.x ¦ --tag=a/b ¦ --access=public ¦ --access restricted
--access=private ¦ --access=odd ¦ --dry-run ¦ --force ¦ -f ¦ --otp=123456 ¦ --json ¦ --ignore-scripts ¦ --scope=acme
--scope=@sc ¦ --unknown ¦ --no-access ¦ --loglevel=error ¦ -s ¦ --auth-type=legacy ¦ --no-dry-run",
        );
        case.arguments
            .extend(argument.split(' ').map(str::to_owned));
    }
    if random.chance(12) {
        let variable = random.one_of(
            "npm_config_tag=env ¦ npm_config_access=public ¦ NPM_CONFIG_TAG=beta ¦ npm_config_dry_run=true ¦ CI=true
npm_config_otp=654321 ¦ npm_config_scope=@acme ¦ GITHUB_ACTIONS=true ¦ npm_config_json=true",
        );
        let (name, value) = variable.split_once('=').unwrap();
        case.variables.push((name.to_owned(), value.to_owned()));
    }
    if random.chance(12) {
        let line = random.one_of(
            "tag=project ¦ access=restricted ¦ @sc:registry=REGISTRY/scoped/ ¦ @sc:registry=REGISTRY/scoped ¦ force=true
registry=REGISTRY/other/ ¦ ignore-scripts=true ¦ tag=2 ¦ scope=@sc ¦ otp=111111 ¦ _auth=YTpi",
        );
        case.npmrc.push(line.to_owned());
    }
    if case.is_named {
        let operand = if case.is_member {
            random.pick(&["--workspace=p", "-ws", "./p"])
        } else {
            "./p"
        };
        case.arguments.push(operand.to_owned());
    }
    case
}

fn package(random: &mut Random) -> Package {
    let mut package = if random.chance(50) {
        generate::case(random)
    } else {
        plain(random)
    };
    let has_field =
        |package: &Package, key: &str| package.entries.iter().any(|(known, _)| known == key);
    if random.chance(25) && !has_field(&package, "\"publishConfig\"") {
        let config = random.one_of(
            r#"{"access":"public"} ¦ {"access":"restricted"} ¦ {"access":5} ¦ {"tag":"next"} ¦ {"tag":"1.0"} ¦ {"tag":""}
{"registry":"http://127.0.0.1:9/"} ¦ {"unknown":true} ¦ {"otp":"777777"} ¦ {"dry-run":true} ¦ {"ignore-scripts":true}
{"tag":5} ¦ {"access":null} ¦ "text" ¦ ["a"] ¦ null ¦ {"tag":"beta","access":"public"} ¦ {"force":true} ¦ {"scope":"x"}"#,
        );
        package
            .entries
            .push(("\"publishConfig\"".to_owned(), config.to_owned()));
    }
    if random.chance(8) {
        let tag = random.one_of(r#""given" ¦ "" ¦ "1.x" ¦ 5 ¦ null ¦ "a/b""#);
        package.entries.push(("\"tag\"".to_owned(), tag.to_owned()));
    }
    if random.chance(15) && !has_field(&package, "\"scripts\"") {
        package
            .entries
            .push(("\"scripts\"".to_owned(), scripts(random)));
        package.files.push((
            "p/other.json".to_owned(),
            Content::Text(
                random
                    .one_of(r#"{"name":"other","version":"3.0.0"} ¦ {"name":"@sc/other","version":"2.0.0","description":"changed"} ¦ {"name":"x","version":"1.0.0-rc.1"} ¦ {"name":"x","version":"1.0.0","private":true} ¦ {"a":"#)
                    .to_owned(),
            ),
        ));
    }
    for _ in 0..random.below(4) {
        let path = random.one_of(
            "p/index.js ¦ p/lib/a.js ¦ p/lib/b.d.ts ¦ p/.hidden ¦ p/LICENSE ¦ p/test/t.js ¦ p/node_modules/z/index.js
p/.npmignore ¦ p/.gitignore ¦ p/lib/.npmignore ¦ p/é.js ¦ p/package-lock.json ¦ p/a.tgz ¦ p/bin/run",
        );
        let text = random.one_of("text ¦ lib ¦ *.js ¦ !lib ¦ # x ¦ ");
        package
            .files
            .push((path.to_owned(), Content::Text(text.to_owned())));
    }
    package
}

/// Scripts that print nothing: what they print goes to the judge's own streams.
fn scripts(random: &mut Random) -> String {
    let mut scripts = serde_json::Map::new();
    for _ in 0..=random.below(3) {
        let event = random.one_of(
            "prepublishOnly ¦ prepack ¦ prepare ¦ postpack ¦ publish ¦ postpublish ¦ prepublish",
        );
        let command = random.one_of(
            "true ¦ exit 3 ¦ cp other.json package.json ¦ rm package.json ¦ echo x > made.js ¦ exit 300 ¦ : > README.md",
        );
        scripts.insert(event.to_owned(), json!(command));
    }
    serde_json::Value::Object(scripts).to_string()
}

/// A package with nothing wrong in it.
fn plain(random: &mut Random) -> Package {
    let name = random.one_of(r#""foo" ¦ "@sc/foo" ¦ "Foo" ¦ "a.b-c_d" ¦ "a~b!*'()" ¦ "x""#);
    let version = random.one_of(r#""1.0.0" ¦ "1.2.3" ¦ "2.0.0" ¦ "1.2.3-beta.1" ¦ "1.0.0+build""#);
    let mut entries = vec![
        ("\"name\"".to_owned(), name.to_owned()),
        ("\"version\"".to_owned(), version.to_owned()),
    ];
    for (field, value) in values::FIELDS {
        if random.chance(10) && *field != "private" {
            entries.push((format!("\"{field}\""), value(random)));
        }
    }
    Package {
        entries,
        verbatim: None,
        is_missing: false,
        files: generate::files::around(random),
    }
}

fn holds(random: &mut Random) -> Holds {
    let held = match random.below(12) {
        0..=5 => Holds::nothing(),
        6 => Holds::versions(&[]),
        7 => Holds::versions(&[("0.0.1", None), ("1.0.0", None)]),
        8 => Holds::versions(&[("1.0.0", Some("old")), ("9.0.0-rc.1", None)]),
        9 => Holds::versions(&[("3.0.0", None), ("1.2.3-beta", None), ("1.2.3", Some(""))]),
        10 => Holds {
            get: (
                200,
                random
                    .one_of(
                        r#"{} ¦ {"versions":{"one":{}}} ¦ text ¦ {"versions":null} ¦ [] ¦ null"#,
                    )
                    .to_owned(),
            ),
            ..Holds::nothing()
        },
        _ => {
            let status: u16 = random
                .one_of("401 ¦ 403 ¦ 500 ¦ 410 ¦ 503 ¦ 418")
                .parse()
                .unwrap();
            Holds {
                get: (status, json!({"error": "no"}).to_string()),
                ..Holds::nothing()
            }
        }
    };
    if random.chance(12) {
        let status: u16 = random
            .one_of("400 ¦ 401 ¦ 402 ¦ 403 ¦ 404 ¦ 409 ¦ 413 ¦ 422 ¦ 500 ¦ 503")
            .parse()
            .unwrap();
        let body = random.one_of(
            r#"{"error":"because"} ¦ text ¦ {} ¦ {"message":"m","reason":"r"} ¦ {"error":"You must provide a one-time pass."}"#,
        );
        return held.refusing(status, body);
    }
    held
}
