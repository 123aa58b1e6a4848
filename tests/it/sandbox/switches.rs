//! Each assumed behaviour has a switch, and the switch works.

use consign::sandbox::Config;
use consign::sandbox::config::Assumptions;
use serde_json::json;

use super::stage::{Request, Stage, document, put, read};

fn assuming(change: fn(&mut Assumptions)) -> Option<(Stage, String)> {
    let mut config = Config::default();
    change(&mut config.assumptions);
    let stage = Stage::with(config)?;
    let token = stage.token();
    assert_eq!(
        put(stage.registry(), &token, ("tool", "1.0.0"), "contents"),
        200
    );
    Some((stage, token))
}

#[test]
fn identical_contents_conflict_only_when_strict() {
    let Some((stage, token)) = assuming(|_| {}) else {
        return;
    };
    let again = |stage: &Stage, token: &str, contents: &str| {
        put(stage.registry(), token, ("tool", "1.0.0"), contents)
    };
    assert_eq!(again(&stage, &token, "contents"), 200);
    assert_eq!(again(&stage, &token, "other"), 409);
    let Some((stage, token)) = assuming(|switches| switches.strict_conflict = true) else {
        return;
    };
    assert_eq!(again(&stage, &token, "contents"), 409);
}

#[test]
fn an_identical_publish_moves_tags_only_when_told() {
    for (moves, expected) in [
        (false, json!({"latest": "1.0.0"})),
        (true, json!({"latest": "1.0.0", "next": "1.0.0"})),
    ] {
        let changed = if moves {
            assuming(|switches| switches.republish_moves_tags = true)
        } else {
            assuming(|_| {})
        };
        let Some((stage, token)) = changed else {
            return;
        };
        let mut body = document("tool", "1.0.0", b"contents");
        body["dist-tags"] = json!({"next": "1.0.0"});
        let url = format!("{}tool", stage.registry());
        let answer = Request::new("PUT", &url)
            .bearer(&token)
            .body(body.to_string())
            .send();
        assert_eq!(answer.status, 200);
        let packument = read(stage.registry(), &token, "tool").json();
        assert_eq!(packument["dist-tags"], expected);
    }
}

#[test]
fn a_tarball_comes_from_a_host_that_wants_no_credentials() {
    let Some((stage, token)) = assuming(|_| {}) else {
        return;
    };
    let url = format!("{}tool/-/tool-1.0.0.tgz", stage.registry());
    let redirect = Request::unfollowed("GET", &url).bearer(&token).send();
    assert_eq!(redirect.status, 307);
    let link = redirect.header("location").to_owned();
    assert!(link.starts_with("http://localhost:"), "{link}");
    assert_eq!(Request::new("GET", &link).send().body, b"contents");
    let forwarded = Request::new("GET", &link).bearer(&token).send();
    assert_eq!(forwarded.status, 400);
    assert!(forwarded.text().contains("Only one auth mechanism allowed"));
    let guessed = link.replace("Signature=", "Signature=0");
    assert_eq!(Request::new("GET", &guessed).send().status, 403);
    stage.admin("POST", "clock", &json!({"advance": 901}));
    assert_eq!(Request::new("GET", &link).send().status, 403);
}

#[test]
fn a_tarball_may_come_directly() {
    let Some((stage, token)) = assuming(|switches| switches.redirect_tarballs = false) else {
        return;
    };
    let url = format!("{}tool/-/tool-1.0.0.tgz", stage.registry());
    let answer = Request::unfollowed("GET", &url).bearer(&token).send();
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, &b"contents"[..])
    );
}

#[test]
fn a_tarballs_url_may_name_a_default_port() {
    let Some((stage, token)) = assuming(|switches| switches.tarball_port = Some(443)) else {
        return;
    };
    let packument = Request::new("GET", &format!("{}/npm/npm/tool", stage.endpoint()))
        .header(
            "host",
            "sandbox-111122223333.d.codeartifact.us-east-1.amazonaws.com",
        )
        .header("x-forwarded-proto", "https")
        .bearer(&token)
        .send()
        .json();
    assert_eq!(
        packument["versions"]["1.0.0"]["dist"]["tarball"],
        "https://sandbox-111122223333.d.codeartifact.us-east-1.amazonaws.com:443/npm/npm/tool/-/tool-1.0.0.tgz"
    );
}

#[test]
fn packuments_are_abbreviated_on_request_and_cached_by_etag() {
    let Some((stage, token)) = assuming(|_| {}) else {
        return;
    };
    let url = format!("{}tool", stage.registry());
    let full = Request::new("GET", &url).bearer(&token).send();
    assert_eq!(full.json()["_id"], "tool");
    let cached = Request::new("GET", &url)
        .bearer(&token)
        .header("if-none-match", full.header("etag"))
        .send();
    assert_eq!((cached.status, cached.body.len()), (304, 0));
    let short = Request::new("GET", &url)
        .bearer(&token)
        .header("accept", "application/vnd.npm.install-v1+json; q=1.0, */*")
        .send();
    assert_eq!(
        short.header("content-type"),
        "application/vnd.npm.install-v1+json"
    );
    let document = short.json();
    let members: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        ["name", "dist-tags", "versions", "time", "modified"]
    );
}

#[test]
fn an_endpoint_may_be_the_services_own_host() {
    let Some((stage, _)) = assuming(|switches| switches.virtual_host_endpoints = true) else {
        return;
    };
    let endpoint = |more: &str| {
        let path = format!("/repository/endpoint?domain=sandbox&repository=npm&format=npm{more}");
        stage.api("GET", &path, &serde_json::Value::Null)["repositoryEndpoint"].clone()
    };
    assert_eq!(
        endpoint(""),
        "https://sandbox-111122223333.d.codeartifact.us-east-1.amazonaws.com/npm/npm/"
    );
    assert_eq!(
        endpoint("&endpointType=dualstack"),
        "https://sandbox-111122223333.codeartifact.us-east-1.on.aws/npm/npm/"
    );
}
