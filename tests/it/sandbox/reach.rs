//! Who can reach the sandbox at all: programs on this machine, and no web page.

use serde_json::json;

use super::stage::{Request, Stage};

#[test]
fn web_pages_cannot_use_the_admin_api() {
    let Some(stage) = Stage::start() else { return };
    let url = format!("{}/_sandbox/log", stage.endpoint());
    let answer = Request::new("GET", &url)
        .header("origin", "http://evil.example")
        .send();
    assert_eq!(answer.status, 403);
}

#[test]
fn a_name_that_is_not_the_sandboxs_reaches_nothing() {
    let Some(stage) = Stage::start() else { return };
    let port = stage.endpoint().rsplit_once(':').unwrap().1.to_owned();
    let status = |method: &str, path: &str, host: &str| {
        Request::new(method, &format!("{}{path}", stage.endpoint()))
            .header("host", host)
            .header("x-aws-ec2-metadata-token-ttl-seconds", "60")
            .send()
            .status
    };
    for (method, path) in [
        ("GET", "/_sandbox/log"),
        ("DELETE", "/_sandbox/log"),
        ("PUT", "/latest/api/token"),
        ("GET", "/npm/d/sandbox-111122223333/npm/-/ping"),
        ("POST", "/"),
    ] {
        let rebound = status(method, path, &format!("evil.example:{port}"));
        assert_eq!(rebound, 421, "{method} {path}");
        let own = status(method, path, &format!("localhost:{port}"));
        assert_ne!(own, 421, "{method} {path}");
    }
    let refused = Request::new("GET", stage.endpoint())
        .header("host", "evil.example")
        .send();
    assert!(refused.text().contains("host_names"), "{}", refused.text());
}

#[test]
fn a_configured_name_is_the_sandboxs() {
    let config = consign::sandbox::Config {
        host_names: vec!["registry.test".to_owned()],
        ..consign::sandbox::Config::default()
    };
    let Some(stage) = Stage::with(config) else {
        return;
    };
    let answer = Request::new("GET", &format!("{}/_sandbox/clock", stage.endpoint()))
        .header("host", "registry.test:4873")
        .send();
    assert_eq!(answer.status, 200);
}

#[test]
fn both_hosts_are_logged_and_no_signature_is() {
    let Some(stage) = Stage::start() else { return };
    let token = stage.token();
    assert_eq!(
        super::stage::put(stage.registry(), &token, ("tool", "1.0.0"), "contents"),
        200
    );
    let read = super::stage::read(stage.registry(), &token, "tool/-/tool-1.0.0.tgz");
    assert_eq!(read.body, b"contents");
    let log = stage.log();
    let last = log.last().unwrap();
    assert!(last["path"].as_str().unwrap().starts_with("/assets/"));
    assert_eq!(last["status"], 200);
    assert!(
        last["path"]
            .as_str()
            .unwrap()
            .ends_with("&X-Amz-Signature=***")
    );
    assert!(!json!(log).to_string().contains(&token));
}
