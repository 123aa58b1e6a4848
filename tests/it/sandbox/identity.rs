//! Who is asking, and what they may do.

use std::path::Path;
use std::time::{Duration, SystemTime};

use consign::sandbox::Config;
use serde_json::{Value, json};

use super::stage::{Request, Stage, document, read};
use crate::support::{Peer, run};

const EXAMPLE: &str = include_str!("../../../docs/sandbox-example.toml");
const PUBLISHER: (&str, &str) = (
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
);

fn example() -> Option<Stage> {
    let config = Config::parse(EXAMPLE, Path::new("/nowhere")).unwrap();
    Stage::with(config)
}

fn token_call(stage: &Stage, keys: (&str, &str), query: &str) -> super::stage::Answer {
    let path = format!("/v1/authorization-token?domain=team{query}");
    stage.signed_by(keys, SystemTime::now(), "POST", &path, "")
}

#[test]
fn a_least_privilege_publisher_gets_what_the_policy_says_and_no_more() {
    let Some(stage) = example() else { return };
    // The default of twelve hours is over the cap on sts:DurationSeconds.
    let refused = token_call(&stage, PUBLISHER, "");
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("x-amzn-errortype"), "AccessDeniedException");
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    assert_eq!(
        message,
        "User: arn:aws:iam::111122223333:user/publisher is not authorized to perform: sts:GetServiceBearerToken \
         on resource: * because no identity-based policy allows the sts:GetServiceBearerToken action"
    );
    let granted = token_call(&stage, PUBLISHER, "&duration=3600");
    assert_eq!(granted.status, 200, "{}", granted.text());
    let token = granted.json()["authorizationToken"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(token.split('.').count(), 5);

    let put = |registry: &str, name: &str| {
        Request::new("PUT", &format!("{registry}{}", name.replace('/', "%2f")))
            .bearer(&token)
            .body(document(name, "1.0.0", b"x").to_string())
            .send()
    };
    assert_eq!(put(stage.registry(), "@acme/tool").status, 200);
    for (registry, name, arn) in [
        (
            stage.registry().to_owned(),
            "tool",
            "package/team/releases/npm//tool",
        ),
        (
            stage.registry().to_owned(),
            "@other/tool",
            "package/team/releases/npm/other/tool",
        ),
        (
            stage.registry_of("npm-store"),
            "@acme/tool",
            "package/team/npm-store/npm/acme/tool",
        ),
    ] {
        let answer = put(&registry, name);
        assert_eq!(answer.status, 403, "{name}");
        let text = answer.text();
        assert!(
            text.contains("codeartifact:PublishPackageVersion") && text.contains(arn),
            "{text}"
        );
    }
    let store = read(&stage.registry_of("npm-store"), &token, "-/ping");
    assert_eq!(store.status, 403);
    assert_eq!(read(stage.registry(), &token, "-/ping").status, 200);
    let create = stage.signed_by(
        PUBLISHER,
        SystemTime::now(),
        "POST",
        "/v1/repository?domain=team&repository=mine",
        "{}",
    );
    assert_eq!(create.status, 403);
}

#[test]
fn a_duration_is_nothing_or_fifteen_minutes_to_twelve_hours() {
    let Some(stage) = Stage::start() else { return };
    for (duration, status) in [
        ("0", 200),
        ("900", 200),
        ("43200", 200),
        ("899", 400),
        ("1", 400),
        ("43201", 400),
        ("x", 400),
        ("-1", 400),
    ] {
        let path = format!(
            "/v1/authorization-token?domain={}&duration={duration}",
            stage.domain()
        );
        assert_eq!(stage.signed("POST", &path, "").status, status, "{duration}");
    }
}

#[test]
fn a_signature_is_refused_for_each_reason_in_its_own_words() {
    let Some(stage) = Stage::start() else { return };
    let id = stage.environment["AWS_ACCESS_KEY_ID"].clone();
    let secret = stage.environment["AWS_SECRET_ACCESS_KEY"].clone();
    let now = SystemTime::now();
    let path = format!("/v1/domain?domain={}", stage.domain());
    let code = |keys: (&str, &str), time: SystemTime| {
        let answer = stage.signed_by(keys, time, "GET", &path, "");
        (answer.status, answer.header("x-amzn-errortype").to_owned())
    };
    let refusal = |code: &str| (403, code.to_owned());
    assert_eq!(code((&id, &secret), now).0, 200);
    assert_eq!(
        code((&id, "wrong"), now),
        refusal("InvalidSignatureException")
    );
    assert_eq!(
        code(("AKIAUNKNOWN", &secret), now),
        refusal("UnrecognizedClientException")
    );
    let late = now - Duration::from_mins(16);
    assert_eq!(
        code((&id, &secret), late),
        refusal("InvalidSignatureException")
    );
    let early = now + Duration::from_mins(16);
    assert_eq!(
        code((&id, &secret), early),
        refusal("InvalidSignatureException")
    );
    assert_eq!(code((&id, &secret), now - Duration::from_mins(14)).0, 200);
    let unsigned = Request::new("GET", &format!("{}{path}", stage.endpoint())).send();
    assert_eq!(unsigned.status, 403);
    assert_eq!(
        unsigned.header("x-amzn-errortype"),
        "MissingAuthenticationTokenException"
    );
    let unknown = stage.signed("GET", "/v1/nonsense", "");
    assert_eq!(
        (unknown.status, unknown.json()["reason"].clone()),
        (400, json!("UNKNOWN_OPERATION"))
    );
}

#[test]
fn a_changed_query_or_body_breaks_the_signature_and_odd_characters_do_not() {
    let Some(stage) = Stage::start() else { return };
    // Signed by the SDK's signer: spaces, slashes, plus, tilde, equals and non-ASCII in the query.
    let path = format!(
        "/v1/package-groups?domain={}&odd=a%20b%2Fc%2Bd~e%3D%C3%A4",
        stage.domain()
    );
    assert_eq!(stage.signed("POST", &path, "").status, 200);
    let listed = stage.signed("POST", "/v1/domains", r#"{"maxResults": 1}"#);
    assert_eq!(listed.status, 200, "{}", listed.text());
}

#[test]
fn the_npm_side_challenges_whoever_has_no_good_token() {
    let Some(stage) = Stage::start() else { return };
    let token = stage.token();
    let url = format!("{}-/ping", stage.registry());
    let basic = |user: &str, password: &str| {
        use base64::Engine as _;
        let pair = format!("{user}:{password}");
        format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode(pair)
        )
    };
    let status = |value: &str| {
        Request::new("GET", &url)
            .header("authorization", value)
            .send()
            .status
    };
    assert_eq!(status(&format!("Bearer {token}")), 200);
    assert_eq!(status(&basic("aws", &token)), 200);
    assert_eq!(status(&basic("me", &token)), 401);
    assert_eq!(status("Bearer garbage"), 401);
    assert_eq!(status("Token x"), 401);
    let none = Request::new("GET", &url).send();
    assert_eq!(none.status, 401);
    assert_eq!(
        none.header("www-authenticate"),
        "Bearer realm=\"sandbox/npm\", Basic realm=\"sandbox/npm\""
    );
    // A good token, for another domain.
    stage.api("POST", "/domain?domain=other", &json!({}));
    stage.api(
        "POST",
        "/repository?domain=other&repository=npm",
        &json!({}),
    );
    let other = stage.registry().replace("/sandbox-", "/other-");
    assert_eq!(read(&other, &token, "-/ping").status, 401);
    stage.admin("POST", "clock", &json!({"advance": 43_100}));
    assert_eq!(status(&format!("Bearer {token}")), 200);
    stage.admin("POST", "clock", &json!({"advance": 100}));
    assert_eq!(status(&format!("Bearer {token}")), 401);
}

#[test]
fn endpoints_that_cannot_be_fail_each_in_its_own_way() {
    let Some(stage) = Stage::start() else { return };
    let token = stage.token();
    let at = |path: &str| {
        let answer = Request::new("GET", &format!("{}{path}", stage.endpoint()))
            .bearer(&token)
            .send();
        assert_eq!(answer.status, 404, "{path}");
        answer.text()
    };
    assert!(at("/npm/d/sandbox-111122223333/nothere/tool").contains("no repository nothere"));
    assert!(at("/npm/d/sandbox-111122223333/npmtool").contains("ends in a slash"));
    assert!(at("/npm/d/111122223333/npm/tool").contains("account id alone"));
    assert!(at("/npm/d/sandbox-111122223333/npm/").contains("no package"));
    // The virtual host, as a proxy or a hosts file would lead here.
    let ping = Request::new("GET", &format!("{}/npm/npm/-/ping", stage.endpoint()))
        .header(
            "host",
            "sandbox-111122223333.d.codeartifact.us-east-1.amazonaws.com",
        )
        .bearer(&token)
        .send();
    assert_eq!(ping.status, 200, "{}", ping.text());
    let elsewhere = Request::new("GET", &format!("{}/npm/npm/-/ping", stage.endpoint()))
        .header(
            "host",
            "sandbox-111122223333.d.codeartifact.eu-west-1.amazonaws.com",
        )
        .bearer(&token)
        .send();
    assert_eq!(elsewhere.status, 401, "a token is bound to its region");
}

/// `aws sts get-caller-identity` with this environment and no keys.
pub(super) fn caller(stage: &Stage, variables: &[(&str, &str)]) -> Result<Value, String> {
    let mut command = stage.peers.command(Peer::Aws, &stage.home);
    command
        .env("AWS_ENDPOINT_URL", stage.endpoint())
        .env("AWS_DEFAULT_REGION", &stage.environment["AWS_REGION"])
        .env("AWS_MAX_ATTEMPTS", "1")
        .envs(variables.iter().copied())
        .args(["sts", "get-caller-identity"]);
    let ran = run(&mut command);
    if ran.code == Some(0) {
        Ok(serde_json::from_str(&ran.stdout).unwrap())
    } else {
        Err(ran.stderr)
    }
}

fn identity_token(stage: &Stage) -> String {
    let url = format!(
        "{}&audience=sts.amazonaws.com",
        stage.machine["ACTIONS_ID_TOKEN_REQUEST_URL"]
    );
    let wrong = Request::new("GET", &url).bearer("wrong").send();
    assert_eq!(wrong.status, 401);
    let answer = Request::new("GET", &url)
        .bearer(&stage.machine["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
        .send();
    answer.json()["value"].as_str().unwrap().to_owned()
}

#[test]
fn a_workflows_identity_becomes_a_session_of_the_role_that_trusts_it() {
    let Some(stage) = example() else { return };
    let file = stage.home.file("identity-token", identity_token(&stage));
    let file = file.to_str().unwrap();
    let role = "arn:aws:iam::111122223333:role/release";
    let web_identity = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file),
        ("AWS_ROLE_ARN", role),
        ("AWS_ROLE_SESSION_NAME", "run-1"),
    ];
    let identity = caller(&stage, &web_identity).unwrap();
    assert_eq!(
        identity["Arn"],
        "arn:aws:sts::111122223333:assumed-role/release/run-1"
    );
    assert_eq!(identity["Account"], "111122223333");
    // The session signs for CodeArtifact as well.
    let ran = run(stage
        .peers
        .command(Peer::Aws, &stage.home)
        .env("AWS_ENDPOINT_URL", stage.endpoint())
        .env("AWS_DEFAULT_REGION", &stage.environment["AWS_REGION"])
        .envs(web_identity)
        .args([
            "codeartifact",
            "get-authorization-token",
            "--domain",
            "team",
            "--duration-seconds",
            "0",
        ]))
    .success();
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(answer["authorizationToken"].is_string());
    let entry = stage.log().pop().unwrap();
    assert_eq!(
        entry["principal"],
        "arn:aws:sts::111122223333:assumed-role/release/run-1"
    );

    let untrusted = caller(
        &stage,
        &[
            web_identity[0],
            ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/other"),
            web_identity[2],
        ],
    );
    assert!(untrusted.unwrap_err().contains("AccessDenied"));
}

#[test]
fn a_subject_that_the_role_does_not_trust_is_refused() {
    let text = format!("oidc_subject = 'repo:evil/fork:ref:refs/tags/v1'\n{EXAMPLE}");
    let Some(stage) = Stage::with(Config::parse(&text, Path::new("/nowhere")).unwrap()) else {
        return;
    };
    let file = stage.home.file("identity-token", identity_token(&stage));
    let refused = caller(
        &stage,
        &[
            ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap()),
            ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/release"),
        ],
    );
    assert!(refused.unwrap_err().contains("AccessDenied"));
}

#[test]
fn containers_and_instances_get_sessions_from_their_metadata() {
    let Some(stage) = example() else { return };
    let session = "arn:aws:sts::111122223333:assumed-role/release/i-0sandbox";
    let container = [
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            stage.machine["AWS_CONTAINER_CREDENTIALS_FULL_URI"].as_str(),
        ),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN",
            stage.machine["AWS_CONTAINER_AUTHORIZATION_TOKEN"].as_str(),
        ),
    ];
    assert_eq!(caller(&stage, &container).unwrap()["Arn"], session);
    let instance = [
        (
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            stage.machine["AWS_EC2_METADATA_SERVICE_ENDPOINT"].as_str(),
        ),
        ("AWS_EC2_METADATA_DISABLED", "false"),
    ];
    assert_eq!(caller(&stage, &instance).unwrap()["Arn"], session);
    let url = format!(
        "{}/latest/meta-data/iam/security-credentials/",
        stage.endpoint()
    );
    assert_eq!(
        Request::new("GET", &url).send().status,
        401,
        "IMDSv1 is off"
    );
}
