//! How a publish ends, against a registry that behaves and misbehaves: one outcome, its exit status, what was asked.

use std::io::Read as _;

use serde_json::{Value, json};

use crate::support::{Answer, Asked, Home, Scripted, packument, run};

const TOKEN: &str = "planted-secret-token";
const ENOUGH: [&str; 4] = [
    "--wait=0",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1",
    "--loglevel=silly",
];

/// What a publish of the package `a@1.0.0` did.
struct Published {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    registry: Scripted,
}

/// Publishes `a@1.0.0` to a registry, with some flags.
fn publish(
    script: impl Fn(&Asked, &[Asked]) -> Answer + Send + Sync + 'static,
    flags: &[&str],
) -> Published {
    let registry = Scripted::start(script);
    let (code, stdout, stderr) = publish_to(&registry, flags);
    Published {
        code,
        stdout,
        stderr,
        registry,
    }
}

fn publish_to(registry: &Scripted, flags: &[&str]) -> (Option<i32>, String, String) {
    let home = Home::new();
    home.npmrc(&registry.npmrc(TOKEN));
    home.file("a/package.json", r#"{"name":"a","version":"1.0.0"}"#);
    home.file("a/index.js", "module.exports = 1\n");
    let ran = run(home
        .consign()
        .args(["publish", "./a"])
        .args(ENOUGH)
        .args(flags));
    for said in [&ran.stdout, &ran.stderr] {
        assert!(!said.contains(TOKEN), "the token is in the output:\n{said}");
    }
    (ran.code, ran.stdout, ran.stderr)
}

/// Accepts what is put and shows it.
fn good(asked: &Asked, before: &[Asked]) -> Answer {
    match asked.method.as_str() {
        "PUT" => Answer::json(201, &json!({"ok": true})),
        _ => packument(before),
    }
}

/// Answers every PUT with one status, knows no package.
fn refuses(status: u16, body: &'static str) -> impl Fn(&Asked, &[Asked]) -> Answer + Send + Sync {
    move |asked, _| match asked.method.as_str() {
        "PUT" => Answer::Reply(status, "application/json", body.to_owned()),
        _ => Answer::json(404, &json!({})),
    }
}

#[test]
fn an_accepted_version_is_read_back() {
    let published = publish(good, &[]);
    assert_eq!(published.code, Some(0), "{}", published.stderr);
    assert_eq!(published.stdout, "+ a@1.0.0\n");
    assert_eq!(published.registry.lines(), ["GET /a", "PUT /a", "GET /a"]);
    let put = &published.registry.asked()[1];
    assert_eq!(
        put.header("authorization"),
        Some(format!("Bearer {TOKEN}").as_str())
    );
    assert_eq!(
        put.header("content-length"),
        Some(put.body.len().to_string().as_str())
    );
    assert_eq!(put.header("npm-command"), Some("publish"));
    assert_eq!(put.document()["dist-tags"], json!({"latest": "1.0.0"}));
}

#[test]
fn json_carries_the_outcome() {
    let published = publish(good, &["--json"]);
    let printed: Value = serde_json::from_str(&published.stdout).unwrap();
    assert_eq!(printed["a"]["outcome"], "published");
    assert_eq!(printed["a"]["id"], "a@1.0.0");
    let refused = publish(refuses(403, r#"{"error":"no"}"#), &["--json"]);
    let printed: Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(printed["error"]["outcome"], "forbidden");
    assert_eq!(printed["error"]["code"], "E403");
}

#[test]
fn a_second_publish_of_the_same_bytes_is_already_published() {
    let first = publish(good, &[]);
    let (code, _, stderr) = publish_to(&first.registry, &[]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stderr.contains("already there with identical contents"),
        "{stderr}"
    );
    assert_eq!(first.registry.lines()[3..], ["GET /a"], "nothing was sent");
}

#[test]
fn a_lost_reply_to_an_accepted_upload_ends_as_published() {
    let published = publish(
        |asked, before| match asked.method.as_str() {
            "PUT" => Answer::HangUp,
            _ => packument(before),
        },
        &[],
    );
    assert_eq!(published.code, Some(0), "{}", published.stderr);
    let puts = published
        .registry
        .lines()
        .iter()
        .filter(|line| line.starts_with("PUT"))
        .count();
    assert_eq!(puts, 1, "it was found out by reading, not by sending again");
}

#[test]
fn a_registry_that_recovers_is_tried_again() {
    let published = publish(
        |asked, before| match asked.method.as_str() {
            "PUT" if before.iter().all(|asked| asked.method != "PUT") => {
                Answer::With(503, "retry-after: 0", "busy".into())
            }
            "PUT" => Answer::json(201, &json!({})),
            _ => {
                // The first PUT was not accepted: only later ones count.
                let first = before.iter().position(|asked| asked.method == "PUT");
                packument(first.map_or(&[], |first| &before[first + 1..]))
            }
        },
        &[],
    );
    assert_eq!(published.code, Some(0), "{}", published.stderr);
    assert_eq!(
        published.registry.lines(),
        ["GET /a", "PUT /a", "GET /a", "PUT /a", "GET /a"]
    );
}

#[test]
fn each_refusal_has_its_outcome_and_says_what_to_do() {
    for (status, body, code, words) in [
        (
            401,
            r#"{"error":"expired"}"#,
            13,
            ["outcome unauthenticated", "expired", ".npmrc"],
        ),
        (
            403,
            r#"{"message":"not authorized to perform: x"}"#,
            13,
            ["outcome forbidden", "perform: x", "PublishPackageVersion"],
        ),
        (
            404,
            r#"{"error":"no"}"#,
            14,
            ["outcome rejected", "404", "registry URL"],
        ),
        (
            413,
            "<html>too large</html>",
            14,
            ["outcome rejected", "an HTML page", "files"],
        ),
        (
            409,
            r#"{"error":"exists"}"#,
            10,
            ["outcome conflict", "exists", "raise the version"],
        ),
        (
            400,
            r#"{"error":"bad"}"#,
            14,
            ["outcome rejected", "bad", "PUT"],
        ),
    ] {
        let published = publish(refuses(status, body), &[]);
        assert_eq!(published.code, Some(code), "{status}: {}", published.stderr);
        assert_eq!(published.stdout, "", "{status}");
        for word in words {
            assert!(
                published.stderr.contains(word),
                "{status}: {word} in {}",
                published.stderr
            );
        }
    }
}

#[test]
fn a_registry_that_only_fails_leaves_it_unknown() {
    let published = publish(refuses(500, "broken"), &[]);
    assert_eq!(published.code, Some(12), "{}", published.stderr);
    for word in [
        "outcome unknown",
        "PUT: 500",
        "GET: the version is not there",
        "run the same command again",
    ] {
        assert!(
            published.stderr.contains(word),
            "{word} in {}",
            published.stderr
        );
    }
}

#[test]
fn what_is_accepted_and_not_shown_is_not_called_published() {
    let published = publish(
        |asked, _| match asked.method.as_str() {
            "PUT" => Answer::json(200, &json!({})),
            _ => Answer::json(404, &json!({})),
        },
        &[],
    );
    assert_eq!(published.code, Some(11), "{}", published.stderr);
    assert_eq!(published.stdout, "");
    assert!(
        published.stderr.contains("outcome accepted-not-visible"),
        "{}",
        published.stderr
    );
}

/// What was accepted before, as `packument` shows it, with its `dist` and the other versions changed.
fn changed(before: &[Asked], change: impl Fn(&mut Value)) -> Answer {
    let Answer::Reply(200, kind, body) = packument(before) else {
        return packument(before);
    };
    let mut body: Value = serde_json::from_str(&body).unwrap();
    change(&mut body["versions"]["1.0.0"]["dist"]);
    for (number, odd) in [
        ("0.1.0", json!(null)),
        ("0.2.0", json!({"dist": "gone"})),
        (
            "0.3.0",
            json!({"dist": {"integrity": 5, "tarball": {}}, "deprecated": [1]}),
        ),
    ] {
        body["versions"][number] = odd;
    }
    body["dist-tags"]["odd"] = json!([5]);
    Answer::Reply(200, kind, body.to_string())
}

#[test]
fn other_versions_that_are_malformed_hide_nothing() {
    let published = publish(
        |asked, before| match asked.method.as_str() {
            "PUT" => Answer::json(201, &json!({})),
            _ => changed(before, |_| ()),
        },
        &[],
    );
    assert_eq!(published.code, Some(0), "{}", published.stderr);
    let (code, _, stderr) = publish_to(&published.registry, &[]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(
        stderr.contains("already there with identical contents"),
        "{stderr}"
    );
}

/// A registry that names no digest may still serve the tarball: a plain one here, whose bytes are text.
#[test]
fn a_version_without_digests_is_known_by_its_tarball() {
    let home = Home::new();
    home.file("a/package.json", r#"{"name":"a","version":"1.0.0"}"#);
    run(home.consign().args(["pack", "./a"])).success();
    let mut tar = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(home.path("a-1.0.0.tgz")).unwrap())
        .read_to_string(&mut tar)
        .unwrap();
    home.file("a.tar", &tar);
    for (served, code, words) in [
        (Some(tar.clone()), 0, ""),
        (Some(tar.replace("1.0.0", "1.0.1")), 10, "outcome conflict"),
        (
            None,
            11,
            "lists it without a digest, and its tarball cannot be fetched",
        ),
    ] {
        let registry = Scripted::start(move |asked, before| match asked.method.as_str() {
            "PUT" => Answer::json(201, &json!({})),
            "GET" if asked.path.contains("/-/") => match &served {
                Some(tar) => Answer::Reply(200, "application/octet-stream", tar.clone()),
                None => Answer::json(404, &json!({})),
            },
            _ => changed(before, |dist| {
                let tarball = dist["tarball"].take();
                *dist = json!({"integrity": null, "shasum": ["odd"], "tarball": tarball});
            }),
        });
        home.npmrc(&registry.npmrc(TOKEN));
        let publish = || run(home.consign().args(["publish", "a.tar"]).args(ENOUGH));
        let ran = publish();
        assert_eq!(ran.code, Some(code), "{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
        // Before an upload a version that is listed is there, as for npm.
        let again = publish();
        assert_eq!(
            again.code,
            Some(if code == 0 { 0 } else { 10 }),
            "{}",
            again.stderr
        );
        let puts = registry
            .lines()
            .iter()
            .filter(|line| line.starts_with("PUT"))
            .count();
        assert_eq!(puts, 1);
    }
}

#[test]
fn html_where_a_packument_belongs_is_named() {
    let published = publish(
        |asked, _| match asked.method.as_str() {
            "PUT" => Answer::json(200, &json!({})),
            _ => Answer::Reply(
                200,
                "text/html",
                "<!doctype html><title>Login</title>".into(),
            ),
        },
        &[],
    );
    assert_eq!(published.code, Some(11), "{}", published.stderr);
    assert!(
        published.stderr.contains("an HTML page"),
        "{}",
        published.stderr
    );
}

#[test]
fn a_version_with_other_contents_says_which_files_differ() {
    let other = {
        let home = Home::new();
        home.file("a/package.json", r#"{"name":"a","version":"1.0.0"}"#);
        home.file("a/index.js", "module.exports = 2\n");
        home.file("a/more.js", "");
        let registry = Scripted::start(good);
        home.npmrc(&registry.npmrc(TOKEN));
        run(home.consign().args(["publish", "./a"])).success();
        registry
    };
    // The packument names the tarball's place; this registry has no tarballs.
    let (code, _, stderr) = publish_to(&other, &[]);
    assert_eq!(code, Some(10), "{stderr}");
    assert!(stderr.contains("outcome conflict"), "{stderr}");
    assert!(stderr.contains("could not be compared"), "{stderr}");
}

#[test]
fn nobody_listening_is_unreachable() {
    // Bound and dropped: nothing listens there any more.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let home = Home::new();
    home.npmrc(&format!(
        "registry=http://127.0.0.1:{port}/\n//127.0.0.1:{port}/:_authToken={TOKEN}\n"
    ));
    home.file("a/package.json", r#"{"name":"a","version":"1.0.0"}"#);
    let ran = run(home.consign().args(["publish", "./a"]).args(ENOUGH));
    assert_eq!(ran.code, Some(16), "{}", ran.stderr);
    assert!(ran.stderr.contains("outcome unreachable"), "{}", ran.stderr);
    assert!(!ran.stderr.contains(TOKEN), "{}", ran.stderr);
}

#[test]
fn a_dry_run_sends_nothing() {
    let published = publish(good, &["--dry-run"]);
    assert_eq!(published.code, Some(0), "{}", published.stderr);
    assert_eq!(published.stdout, "+ a@1.0.0\n");
    assert_eq!(published.registry.lines(), ["GET /a"]);
}

#[test]
fn latest_does_not_go_back_by_itself() {
    let held = |asked: &Asked, _: &[Asked]| match asked.method.as_str() {
        "GET" => Answer::json(
            200,
            &json!({"versions": {"2.0.0": {}, "3.0.0-rc.1": {}}, "dist-tags": {}}),
        ),
        _ => Answer::json(500, &json!({})),
    };
    let published = publish(held, &[]);
    assert_eq!(published.code, Some(1), "{}", published.stderr);
    assert!(
        published
            .stderr
            .contains("previously published version 2.0.0 is higher"),
        "{}",
        published.stderr
    );
    let tagged = publish(held, &["--tag=old"]);
    assert!(
        tagged.registry.lines().contains(&"PUT /a".to_owned()),
        "{}",
        tagged.stderr
    );
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_host() {
    let elsewhere = Scripted::start(|_, _| Answer::json(403, &json!({})));
    let target = elsewhere.url.replace("127.0.0.1", "localhost");
    let published = publish(
        move |asked, _| match asked.method.as_str() {
            "PUT" => {
                // A leaked header lives as long as the test process.
                Answer::With(
                    307,
                    Box::leak(format!("location: {target}a").into_boxed_str()),
                    String::new(),
                )
            }
            _ => Answer::json(404, &json!({})),
        },
        &[],
    );
    assert_eq!(published.code, Some(13), "{}", published.stderr);
    let asked = elsewhere.asked();
    assert_eq!(asked[0].method, "PUT");
    assert_eq!(asked[0].header("authorization"), None);
    assert!(!asked[0].body.is_empty(), "the document went along");
}
