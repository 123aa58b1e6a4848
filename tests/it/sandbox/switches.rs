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

/// A publish of `tool@1.0.0` that only sets the tag `next`.
fn put_next(stage: &Stage, token: &str) -> u16 {
    let mut body = document("tool", "1.0.0", b"contents");
    body["dist-tags"] = json!({"next": "1.0.0"});
    Request::new("PUT", &format!("{}tool", stage.registry()))
        .bearer(token)
        .body(body.to_string())
        .send()
        .status
}

#[test]
fn a_first_publish_may_set_latest() {
    for (sets, expected) in [
        (false, json!({"next": "1.0.0"})),
        (true, json!({"next": "1.0.0", "latest": "1.0.0"})),
    ] {
        let mut config = Config::default();
        config.assumptions.first_publish_sets_latest = sets;
        let Some(stage) = Stage::with(config) else {
            return;
        };
        let token = stage.token();
        assert_eq!(put_next(&stage, &token), 200);
        let packument = read(stage.registry(), &token, "tool").json();
        assert_eq!(packument["dist-tags"], expected);
    }
}

#[test]
fn statuses_and_the_key_of_errors_are_as_switched() {
    let assumptions = Assumptions {
        publish_status: 201,
        unsupported_status: 405,
        foreign_domain_status: 403,
        origin_block_status: 409,
        npm_error_key: "message".to_owned(),
        metadata_action: "codeartifact:PutPackageMetadata".to_owned(),
        ..Assumptions::default()
    };
    let config = Config {
        assumptions,
        ..Config::default()
    };
    let Some(stage) = Stage::with(config) else {
        return;
    };
    let token = stage.token();
    assert_eq!(
        put(stage.registry(), &token, ("tool", "1.0.0"), "contents"),
        201
    );
    let unsupported = read(stage.registry(), &token, "-/whoami");
    assert_eq!(unsupported.status, 405);
    assert!(unsupported.json()["message"].is_string());
    let other = stage.registry().replace("/sandbox-", "/other-");
    assert_eq!(read(&other, &token, "-/ping").status, 403);
    stage.api(
        "POST",
        "/package?domain=sandbox&repository=npm&format=npm&package=tool",
        &json!({"restrictions": {"publish": "BLOCK", "upstream": "ALLOW"}}),
    );
    assert_eq!(
        put(stage.registry(), &token, ("tool", "1.1.0"), "contents"),
        409
    );
    let tag = format!("{}-/package/tool/dist-tags/next", stage.registry());
    let set = Request::new("PUT", &tag)
        .bearer(&token)
        .body("\"1.0.0\"")
        .send();
    assert_eq!(set.status, 200, "{}", set.text());
    let entry = stage.log().pop().unwrap();
    assert_eq!(entry["action"], "codeartifact:PutPackageMetadata");
}

#[test]
fn packuments_may_be_plain() {
    let Some((stage, token)) = assuming(|switches| {
        switches.packument_revision = false;
        switches.packument_etag = false;
        switches.abbreviated_packument = false;
    }) else {
        return;
    };
    let answer = Request::new("GET", &format!("{}tool", stage.registry()))
        .bearer(&token)
        .header("accept", "application/vnd.npm.install-v1+json")
        .send();
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("etag"), "");
    assert_eq!(answer.json().get("_rev"), None);
    let Some((stage, token)) = assuming(|switches| switches.abbreviated_time = false) else {
        return;
    };
    let answer = Request::new("GET", &format!("{}tool", stage.registry()))
        .bearer(&token)
        .header("accept", "application/vnd.npm.install-v1+json")
        .send();
    assert_eq!(answer.json().get("time"), None);
}

#[test]
fn a_provenance_attachment_may_be_accepted() {
    for (accepts, status) in [(false, 400), (true, 200)] {
        let mut config = Config::default();
        config.assumptions.accept_provenance = accepts;
        let Some(stage) = Stage::with(config) else {
            return;
        };
        let mut body = document("tool", "1.0.0", b"contents");
        body["_attachments"]["tool-1.0.0.sigstore"] = json!({"content_type": "application/vnd.dev.sigstore.bundle+json", "data": "{}", "length": 2});
        let answer = Request::new("PUT", &format!("{}tool", stage.registry()))
            .bearer(&stage.token())
            .body(body.to_string())
            .send();
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}
