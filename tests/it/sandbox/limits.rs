//! Quotas and rates, with small values.

use consign::sandbox::Config;
use serde_json::json;

use super::stage::{Request, Stage, document};

#[test]
fn a_publish_over_the_limit_is_413_whether_its_length_is_known_or_not() {
    let mut config = Config::default();
    config.limits.publish_request = 10_000;
    let Some(stage) = Stage::with(config) else {
        return;
    };
    let token = stage.token();
    let put = |contents: usize| {
        Request::new("PUT", &format!("{}big", stage.registry()))
            .bearer(&token)
            .body(document("big", "1.0.0", &vec![1; contents]).to_string())
    };
    assert_eq!(put(10_000).send().status, 413);
    assert_eq!(put(5_000).send().status, 200);
}

#[test]
fn buckets_run_dry_and_fill_with_time() {
    let mut config = Config::default();
    config.limits.tokens = Some(2);
    config.limits.writes = Some(1);
    config.clock = consign::sandbox::ClockStart::Fixed(
        i64::try_from(
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_millis(),
        )
        .unwrap(),
    );
    let Some(stage) = Stage::with(config) else {
        return;
    };
    let path = format!("/v1/authorization-token?domain={}", stage.domain());
    let token = stage.token();
    assert_eq!(stage.signed("POST", &path, "").status, 200);
    let throttled = stage.signed("POST", &path, "");
    assert_eq!(throttled.status, 429);
    assert_eq!(throttled.header("x-amzn-errortype"), "ThrottlingException");
    assert_eq!(throttled.header("retry-after"), "1");
    let put = |name: &str| {
        Request::new("PUT", &format!("{}{name}", stage.registry()))
            .bearer(&token)
            .body(document(name, "1.0.0", b"x").to_string())
            .send()
    };
    assert_eq!(put("one").status, 200);
    assert_eq!(put("two").status, 429);
    stage.admin("POST", "clock", &json!({"advance": 1}));
    assert_eq!(put("two").status, 200);
}

#[test]
fn quotas_are_402_and_conflicts_409() {
    let mut config = Config::default();
    config.limits.repositories = 2;
    let Some(stage) = Stage::with(config) else {
        return;
    };
    let create = |name: &str| {
        let path = format!("/v1/repository?domain={}&repository={name}", stage.domain());
        let answer = stage.signed("POST", &path, "{}");
        (answer.status, answer.header("x-amzn-errortype").to_owned())
    };
    assert_eq!(create("second").0, 200);
    assert_eq!(create("second"), (409, "ConflictException".to_owned()));
    assert_eq!(
        create("third"),
        (402, "ServiceQuotaExceededException".to_owned())
    );
    assert_eq!(create("-no"), (400, "ValidationException".to_owned()));
}

/// Makes a good publish document a bad one.
type Change = fn(&mut serde_json::Value);

#[test]
fn what_a_publish_says_must_be_what_it_sends() {
    let Some(stage) = Stage::start() else { return };
    let token = stage.token();
    let good = document("strict", "1.0.0", b"contents");
    let wrong = |change: Change| {
        let mut document = good.clone();
        change(&mut document);
        let answer = Request::new("PUT", &format!("{}strict", stage.registry()))
            .bearer(&token)
            .body(document.to_string())
            .send();
        (answer.status, answer.text())
    };
    let cases: [(Change, &str); 9] = [
        (
            |body| body["_attachments"]["strict-1.0.0.tgz"]["length"] = 9.into(),
            "bytes",
        ),
        (
            |body| body["_attachments"]["strict-1.0.0.tgz"]["data"] = "*".into(),
            "base64",
        ),
        (
            |body| body["versions"]["1.0.0"]["dist"]["integrity"] = "sha512-AAAA".into(),
            "SHA-512",
        ),
        (
            |body| body["versions"]["1.0.0"]["dist"]["shasum"] = "00".into(),
            "SHA-1",
        ),
        (
            |body| body["versions"]["1.0.0"]["version"] = "2.0.0".into(),
            "manifest",
        ),
        (|body| body["versions"]["2.0.0"] = json!({}), "exactly one"),
        (
            |body| body["dist-tags"]["latest"] = "2.0.0".into(),
            "dist-tag",
        ),
        (|body| body["name"] = "other".into(), "name"),
        (
            |body| body["_attachments"]["x.sigstore"] = json!({"data": "{}"}),
            "not supported",
        ),
    ];
    for (change, why) in cases {
        let (status, text) = wrong(change);
        assert_eq!(status, 400, "{why}: {text}");
        assert!(text.contains(why), "{why}: {text}");
    }
    assert_eq!(wrong(|_| {}).0, 200);
}
