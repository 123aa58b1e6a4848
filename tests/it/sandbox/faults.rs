//! Every fault, seen through a client that nobody here wrote.

use serde_json::{Value, json};

use super::stage::{Request, Stage, document};
use crate::support::run;

/// A stage with `tool@1.0.0` published and npm logged in.
fn published() -> Option<(Stage, String)> {
    let stage = Stage::start()?;
    let token = stage.token();
    stage.log_in(stage.registry(), &token);
    let package = stage.package("tool", "1.0.0", "1");
    stage.npm(&package, "publish");
    Some((stage, token))
}

fn put(stage: &Stage, token: &str, name: &str) -> Request {
    Request::new("PUT", &format!("{}{name}", stage.registry()))
        .bearer(token)
        .body(document(name, "1.0.0", b"contents").to_string())
}

fn is_there(stage: &Stage, token: &str, name: &str) -> bool {
    let url = format!("{}{name}", stage.registry());
    Request::new("GET", &url).bearer(token).send().status == 200
}

#[test]
fn a_status_is_answered_as_often_as_asked_and_says_when_to_come_again() {
    let Some((stage, token)) = published() else {
        return;
    };
    stage.fault(
        &json!({"fault": "status", "status": 429, "retry_after": 3, "method": "PUT", "times": 2}),
    );
    for _ in 0..2 {
        let answer = put(&stage, &token, "other").send();
        assert_eq!(answer.status, 429);
        assert_eq!(answer.header("retry-after"), "3");
        assert!(!is_there(&stage, &token, "other"));
    }
    assert_eq!(put(&stage, &token, "other").send().status, 200);
    // npm retries a 503 by itself, and gets through.
    stage.fault(&json!({"fault": "status", "status": 503, "path": "*/tool"}));
    let project = stage.project("project");
    let mut install = stage.client(
        "npm",
        &project,
        "install tool --fetch-retries=1 --fetch-retry-mintimeout=1",
    );
    run(&mut install).success();
    assert_eq!(stage.required(&project, "tool"), "1");
}

#[test]
fn the_aws_cli_retries_a_throttled_call() {
    let Some((stage, _)) = published() else {
        return;
    };
    stage.fault(&json!({"fault": "status", "status": 500, "path": "/v1/domains"}));
    stage.aws("list-domains");
    let calls = stage
        .log()
        .iter()
        .filter(|entry| entry["path"] == "/v1/domains")
        .count();
    assert_eq!(calls, 2);
}

#[test]
fn a_proxys_page_is_answered_instead_of_json() {
    let Some((stage, token)) = published() else {
        return;
    };
    stage.fault(&json!({"fault": "html", "status": 502}));
    let answer = put(&stage, &token, "other").send();
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (502, "text/html")
    );
}

#[test]
fn resets_before_and_within_the_body_leave_nothing() {
    let Some((stage, token)) = published() else {
        return;
    };
    for fault in [
        json!({"fault": "reset-before-body"}),
        json!({"fault": "reset-during-body", "after": 10}),
    ] {
        stage.fault(&fault);
        let answer = super::stage::block_on(put(&stage, &token, "other").try_send());
        assert!(answer.is_err(), "{fault}: {answer:?}");
        assert!(!is_there(&stage, &token, "other"), "{fault}");
    }
}

#[test]
fn a_lost_reply_leaves_the_version_and_fails_npm() {
    let Some((stage, token)) = published() else {
        return;
    };
    let package = stage.package("lost", "1.0.0", "1");
    stage.fault(&json!({"fault": "lose-reply", "method": "PUT"}));
    let ran = run(&mut stage.client("npm", &package, "publish"));
    assert_ne!(ran.code, Some(0), "npm takes the reset for a failure");
    assert!(is_there(&stage, &token, "lost"));
    let lost = stage
        .log()
        .into_iter()
        .find(|entry| entry["fault"] == "lose-reply")
        .unwrap();
    assert_eq!(lost["status"], 200);
    assert_eq!(lost["action"], "codeartifact:PublishPackageVersion");
}

#[test]
fn a_reply_that_breaks_off_is_no_reply() {
    let Some((stage, token)) = published() else {
        return;
    };
    stage.fault(&json!({"fault": "reset-during-reply", "after": 40}));
    let url = format!("{}tool", stage.registry());
    let answer = super::stage::block_on(Request::new("GET", &url).bearer(&token).try_send());
    assert!(answer.is_err(), "{answer:?}");
    assert!(is_there(&stage, &token, "tool"));
}

#[test]
fn an_accepted_version_may_stay_invisible_for_a_while() {
    let Some((stage, token)) = published() else {
        return;
    };
    stage.fault(&json!({"fault": "invisible", "milliseconds": 5000, "method": "PUT"}));
    assert_eq!(put(&stage, &token, "late").send().status, 200);
    assert!(!is_there(&stage, &token, "late"));
    stage.admin("POST", "clock", &json!({"advance": 6}));
    assert!(is_there(&stage, &token, "late"));
}

#[test]
fn npm_notices_damaged_tarballs_and_wrong_integrity() {
    let Some((stage, _)) = published() else {
        return;
    };
    for (index, (fault, path)) in [
        (json!({"fault": "corrupt-tarball"}), "*.tgz"),
        (json!({"fault": "truncate-tarball"}), "*.tgz"),
        (json!({"fault": "wrong-integrity"}), "*/tool"),
    ]
    .into_iter()
    .enumerate()
    {
        let project = stage.project(&format!("project-{index}"));
        let mut fault = fault;
        fault["path"] = path.into();
        fault["times"] = 9.into();
        stage.fault(&fault);
        let mut install = stage.client("npm", &project, "install tool");
        install.env(
            "npm_config_cache",
            stage.home.path(format!("cache-{index}")),
        );
        let ran = run(&mut install);
        assert_ne!(ran.code, Some(0), "npm installed in spite of {fault}");
        stage.admin("DELETE", "faults", &Value::Null);
        let mut again = stage.client("npm", &project, "install tool");
        again.env(
            "npm_config_cache",
            stage.home.path(format!("fresh-{index}")),
        );
        run(&mut again).success();
    }
}

#[test]
fn a_token_may_expire_between_two_requests() {
    let Some((stage, _)) = published() else {
        return;
    };
    let package = stage.package("tool", "1.1.0", "1");
    // npm reads the packument first, and is let in; then it publishes, and is not.
    stage.fault(&json!({"fault": "expire-token", "method": "PUT"}));
    let ran = run(&mut stage.client("npm", &package, "publish"));
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("E401"), "{}", ran.stderr);
}

#[test]
fn a_delay_is_only_a_delay() {
    let Some((stage, token)) = published() else {
        return;
    };
    stage.fault(&json!({"fault": "delay", "milliseconds": 30}));
    let before = std::time::Instant::now();
    assert!(is_there(&stage, &token, "tool"));
    assert!(before.elapsed() >= std::time::Duration::from_millis(30));
}

#[test]
fn web_pages_cannot_use_the_admin_api() {
    let Some((stage, _)) = published() else {
        return;
    };
    let url = format!("{}/_sandbox/log", stage.endpoint());
    let answer = Request::new("GET", &url)
        .header("origin", "http://evil.example")
        .send();
    assert_eq!(answer.status, 403);
}
