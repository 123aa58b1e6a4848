//! One-time passwords: given, asked for on a terminal, got from a page; and refusals as npm words them.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Answer, Asked, Home, Peer, Peers, Scripted, packument, run};

const CODE: &str = "734512";

/// A registry that accepts only what comes with that password; else it answers with a header and a body.
fn wants(
    password: &'static str,
    challenge: &'static str,
    body: impl Fn(&Asked) -> Value + Send + Sync + 'static,
) -> Scripted {
    Scripted::start(move |asked, before| match asked.method.as_str() {
        "PUT" if asked.header("npm-otp") == Some(password) => {
            Answer::json(201, &json!({"ok": true}))
        }
        "PUT" => Answer::With(401, challenge, body(asked).to_string()),
        _ => {
            let accepted = before
                .iter()
                .filter(|asked| asked.header("npm-otp") == Some(password));
            packument(&accepted.cloned().collect::<Vec<_>>())
        }
    })
}

fn package(home: &Home, registry: &Scripted) {
    home.npmrc(&registry.npmrc("t"));
    home.file("p/package.json", r#"{"name":"a","version":"1.0.0"}"#);
}

fn passwords(registry: &Scripted) -> Vec<Option<String>> {
    let asked = registry.asked();
    let puts = asked.iter().filter(|asked| asked.method == "PUT");
    puts.map(|put| put.header("npm-otp").map(str::to_owned))
        .collect()
}

#[test]
fn a_given_code_is_sent_and_not_shown() {
    for flags in [
        &["--otp", CODE][..],
        &[&format!("--otp={CODE}")],
        &["--json", "--otp", CODE],
    ] {
        for password in [CODE, "another"] {
            let registry = wants(password, "www-authenticate: OTP", |_| json!({}));
            let home = Home::new();
            package(&home, &registry);
            let mut consign = home.consign();
            let command = consign
                .current_dir(home.path("p"))
                .args(["publish", "--loglevel=silly"]);
            let ran = run(command.args(flags));
            let expected = if password == CODE { 0 } else { 13 };
            assert_eq!(ran.code, Some(expected), "{}", ran.stderr);
            assert_eq!(passwords(&registry), [Some(CODE.to_owned())]);
            let auth_type = registry.asked()[0].header("npm-auth-type") == Some("legacy");
            assert!(auth_type, "a given code is the old way");
            for said in [ran.stdout, ran.stderr] {
                assert!(!said.contains(CODE), "the code is in the output:\n{said}");
            }
        }
    }
}

#[test]
fn without_a_terminal_it_ends_in_npms_words() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let web = |_: &Asked| {
        json!({
            "authUrl": "https://h/auth/0d9a6a4e-0000-4000-8000-aaaaaaaaaaaa",
            "doneUrl": "https://h/done?id=0d9a6a4e-0000-4000-8000-aaaaaaaaaaaa",
        })
    };
    let plain = |_: &Asked| json!({"error": "You must provide a one-time pass"});
    for (registry, is_verbatim) in [
        (wants(CODE, "www-authenticate: OTP", plain), true),
        (wants(CODE, "x: y", plain), true),
        (wants(CODE, "www-authenticate: Basic, OTP", web), true),
        (wants(CODE, "www-authenticate: ipaddress", plain), true),
        (wants(CODE, "www-authenticate: Bearer", plain), false),
        (wants(CODE, "www-authenticate: Basic realm=x", plain), false),
        (wants(CODE, "www-authenticate: Digest", plain), false),
    ] {
        let home = Home::new();
        package(&home, &registry);
        let said = |mut command: std::process::Command| {
            let command = command.current_dir(home.path("p"));
            run(command.args(["publish", "--json"]))
        };
        let npm = said(peers.command(Peer::Npm, &home));
        let ours = said(home.consign());
        assert_eq!(ours.code, Some(13), "{}", ours.stderr);
        let error = |stdout: &str| {
            let printed: Value = serde_json::from_str(stdout).unwrap();
            printed["error"].clone()
        };
        let (mut ours_said, npms) = (error(&ours.stdout), error(&npm.stdout));
        ours_said.as_object_mut().unwrap().shift_remove("outcome");
        assert_eq!(ours_said["code"], npms["code"]);
        if is_verbatim {
            let summary = npms["summary"].as_str().unwrap();
            assert!(ours.stderr.contains(summary), "{}", ours.stderr);
            for key in ["summary", "authUrl", "doneUrl"] {
                assert_eq!(ours_said[key], npms[key], "{key}");
            }
            if npms["detail"] != "" {
                assert_eq!(ours_said["detail"], npms["detail"]);
            }
        } else {
            let summary = ours_said["summary"].as_str().unwrap();
            assert!(
                summary.starts_with(npms["summary"].as_str().unwrap()),
                "{summary}"
            );
        }
        // Nobody could answer, so the upload was tried once by each.
        assert_eq!(passwords(&registry), [None, None]);
    }
}

/// Runs a publish with a terminal at both ends; what is typed is there from the beginning.
#[cfg(target_os = "linux")]
fn on_a_terminal(home: &Home, flags: &str, typed: &str) -> (Option<i32>, String) {
    let consign = home.consign();
    let program = consign.get_program().to_string_lossy().into_owned();
    let mut script = home.command("script");
    let mut child = script
        .current_dir(home.path("p"))
        .args(["-qec", &format!("'{program}' publish {flags}"), "/dev/null"])
        .env(
            "PATH",
            format!(
                "{}:{}",
                home.folder("tools").display(),
                std::env::var("PATH").unwrap()
            ),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    // Kept open to the end: a terminal that hangs up is another test.
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(typed.as_bytes()).unwrap();
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut said).unwrap();
    let code = child.wait().unwrap().code();
    drop(stdin);
    (code, said)
}

#[cfg(target_os = "linux")]
#[test]
fn a_code_is_asked_for_on_a_terminal() {
    let registry = wants(CODE, "www-authenticate: OTP", |_| json!({}));
    let home = Home::new();
    package(&home, &registry);
    let (code, said) = on_a_terminal(&home, "", "no code\n734 512\n");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        said.matches("This operation requires a one-time password.")
            .count(),
        2
    );
    assert!(said.contains("Enter OTP: "), "{said}");
    assert!(said.contains("+ a@1.0.0"), "{said}");
    assert_eq!(passwords(&registry), [None, Some(CODE.to_owned())]);
    // The repetition says nothing else anew.
    let types: Vec<_> = registry
        .asked()
        .iter()
        .map(|asked| asked.header("npm-auth-type").map(str::to_owned))
        .collect();
    assert!(types.iter().all(|kind| kind.as_deref() == Some("web")));
}

#[cfg(target_os = "linux")]
#[test]
fn a_wrong_code_is_the_last() {
    let registry = wants(CODE, "www-authenticate: OTP", |_| json!({}));
    let home = Home::new();
    package(&home, &registry);
    let (code, said) = on_a_terminal(&home, "", "111111\n222222\n");
    assert_eq!(code, Some(13), "{said}");
    assert!(said.contains("code EOTP"), "{said}");
    assert_eq!(passwords(&registry), [None, Some("111111".to_owned())]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_page_hands_out_the_code() {
    const PASSWORD: &str = "web-one-time-token";
    // The page counts as visited once the browser has been there.
    for browser in [true, false] {
        let home = Home::new();
        let visited = home.path("visited");
        let there = visited.clone();
        let registry = Scripted::start(move |asked, before| match asked.method.as_str() {
            "PUT" if asked.header("npm-otp") == Some(PASSWORD) => Answer::json(201, &json!({})),
            "PUT" => {
                let host = asked.header("host").unwrap();
                Answer::With(
                    401,
                    "www-authenticate: OTP",
                    json!({
                        "authUrl": format!("http://{host}/auth/me?a=b&c=d"),
                        "doneUrl": format!("http://{host}/done/me"),
                    })
                    .to_string(),
                )
            }
            _ if asked.path == "/done/me" => {
                let looks = before.iter().filter(|asked| asked.path == "/done/me");
                let is_done = if browser {
                    there.exists()
                } else {
                    looks.count() > 2
                };
                // A browser that never comes ends the test, not the machine's patience.
                assert!(before.len() < 20_000, "nobody visited the page");
                if is_done {
                    Answer::json(200, &json!({"token": PASSWORD}))
                } else {
                    Answer::With(202, "retry-after: 0", "{}".to_owned())
                }
            }
            _ => {
                let accepted = before
                    .iter()
                    .filter(|asked| asked.header("npm-otp") == Some(PASSWORD));
                packument(&accepted.cloned().collect::<Vec<_>>())
            }
        });
        package(&home, &registry);
        let program = home.file(
            "tools/xdg-open",
            format!("#!/bin/sh\nprintf %s \"$1\" > {}\n", visited.display()),
        );
        run(home.command("chmod").arg("755").arg(&program)).success();
        let flags = if browser { "" } else { "--no-browser" };
        let (code, said) = on_a_terminal(&home, flags, "\n");
        assert_eq!(code, Some(0), "{said}");
        let address = format!("{}auth/me?a=b&c=d", registry.url);
        assert!(
            said.contains(&format!("Authenticate your account at:\r\n{address}")),
            "{said}"
        );
        assert_eq!(said.contains("Press ENTER to open"), browser, "{said}");
        assert_eq!(passwords(&registry), [None, Some(PASSWORD.to_owned())]);
        assert!(!said.contains(PASSWORD), "{said}");
        if browser {
            assert_eq!(std::fs::read_to_string(&visited).unwrap(), address);
        }
    }
}
