//! Every fault, seen by a client that nobody here wrote; the table of it is in `docs/sandbox.md`.

use std::path::PathBuf;

use consign::sandbox::{ClockStart, Config};
use serde_json::{Value, json};

use super::documented::{check_row, rows};
use super::stage::{Request, Stage, document, read};
use crate::support::{Ran, run};

/// `tool@1.0.0` is published, npm is logged in and tries once.
struct Scene {
    stage: Stage,
    token: String,
    project: PathBuf,
}

impl Scene {
    fn start() -> Option<Self> {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Option<Self> {
        let stage = Stage::with(config)?;
        let token = stage.token();
        stage.log_in(stage.registry(), &token);
        let package = stage.package("tool", "1.0.0", "1");
        stage.npm(&package, "publish");
        stage.admin("DELETE", "log", &Value::Null);
        let project = stage.project("project");
        Some(Self {
            stage,
            token,
            project,
        })
    }

    /// npm in the project, with a cache of its own.
    fn npm(&self, words: &str) -> Ran {
        let cache = self.stage.home.folder("caches");
        let cache = tempfile::tempdir_in(cache).unwrap();
        run(self
            .stage
            .client("npm", &self.project, words)
            .env("npm_config_cache", cache.path())
            .env("npm_config_fetch_retry_mintimeout", "1")
            .env("npm_config_fetch_retry_maxtimeout", "1"))
    }

    /// npm's word on a publish of `name@1.0.0`.
    fn publish(&self, name: &str, words: &str) -> Ran {
        let package = self.stage.package(name, "1.0.0", "1");
        let words = format!("publish {} {words}", package.display());
        self.npm(words.trim_end())
    }

    fn is_there(&self, name: &str) -> bool {
        read(self.stage.registry(), &self.token, name).status == 200
    }

    /// The statuses that requests with this method were answered with.
    fn answered(&self, method: &str) -> Vec<Value> {
        let log = self.stage.log().into_iter();
        log.filter(|entry| entry["method"] == method)
            .map(|entry| entry["status"].clone())
            .collect()
    }
}

/// npm's code for what went wrong, as it prints it; what it said where it prints none.
fn code(ran: &Ran) -> String {
    assert_ne!(ran.code, Some(0), "{ran:?}");
    let code = ran
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("npm error code "));
    code.map_or_else(|| ran.stderr.clone(), |code| format!("`{code}`"))
}

/// Holds what was seen against the document.
fn seen(fault: &str, client: &str, what: &str) {
    let fault = format!("`{fault}`");
    check_row("faults", &format!("{fault} "), &[&fault, client, what]);
}

#[test]
fn a_status_is_answered_as_often_as_asked() {
    let Some(scene) = Scene::start() else { return };
    scene
        .stage
        .fault(&json!({"fault": "status", "status": 503, "path": "*/tool", "times": 3}));
    let once = code(&scene.npm("view tool version"));
    scene.npm("view tool version --fetch-retries=2").success();
    assert_eq!(scene.answered("GET"), [503, 503, 503, 200]);
    scene
        .stage
        .fault(&json!({"fault": "status", "status": 500, "path": "/v1/domains"}));
    scene.stage.aws("list-domains");
    let calls = scene.stage.log().into_iter();
    let calls = calls.filter(|entry| entry["path"] == "/v1/domains").count();
    assert_eq!(calls, 2, "the AWS CLI tries again");
    let what = format!("{once}, and with retries the answer behind it");
    seen("status", "npm, AWS CLI", &what);
}

#[test]
fn retry_after_is_when_to_come_again() {
    let Some(scene) = Scene::start() else { return };
    scene
        .stage
        .fault(&json!({"fault": "status", "status": 429, "retry_after": 30, "path": "*/tool"}));
    // urllib3, on which the AWS CLI and pip stand, waits as it is told; here it only notes how long.
    let script = "import sys, time, urllib3\n\
        waits = []\n\
        time.sleep = waits.append\n\
        retry = urllib3.Retry(total=1, status_forcelist=[429])\n\
        headers = {'authorization': 'Bearer ' + sys.argv[2]}\n\
        reply = urllib3.PoolManager().request('GET', sys.argv[1], headers=headers, retries=retry)\n\
        print(reply.status, waits)\n";
    let ran = run(scene
        .stage
        .home
        .command("python3")
        .env("PYTHONPATH", scene.stage.peers.script(".installed/aws"))
        .args(["-c", script])
        .arg(format!("{}tool", scene.stage.registry()))
        .arg(&scene.token))
    .success();
    assert_eq!(ran.stdout.trim(), "200 [30]");
    seen(
        "status with retry_after",
        "urllib3",
        "waits the 30 s it was told, then 200",
    );
}

#[test]
fn a_bucket_that_ran_dry_throttles() {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let mut config = Config::default();
    config.limits.tokens = Some(2);
    config.limits.reads = Some(4);
    config.clock = ClockStart::Fixed(i64::try_from(now.as_millis()).unwrap());
    let Some(scene) = Scene::with(config) else {
        return;
    };
    scene.stage.token();
    let mut throttled = scene
        .stage
        .aws_command("get-authorization-token --domain sandbox");
    let throttled = run(throttled.env("AWS_MAX_ATTEMPTS", "1"));
    assert!(
        throttled.stderr.contains("(ThrottlingException)"),
        "{throttled:?}"
    );
    let codes: Vec<String> = (0..5)
        .map(|_| scene.npm("ping"))
        .filter(|ran| ran.code != Some(0))
        .map(|ran| code(&ran))
        .collect();
    assert!((1..=4).contains(&codes.len()), "{codes:?}");
    scene.stage.admin("POST", "clock", &json!({"advance": 1}));
    scene.npm("ping").success();
    scene.stage.aws("get-authorization-token --domain sandbox");
    let what = format!(
        "`ThrottlingException`, {}; a second later both get through",
        codes[0]
    );
    seen("[limits] tokens, reads", "AWS CLI, npm", &what);
}

#[test]
fn a_proxys_page_is_answered_instead_of_json() {
    let Some(scene) = Scene::start() else { return };
    scene
        .stage
        .fault(&json!({"fault": "html", "status": 502, "method": "PUT"}));
    let refused = code(&scene.publish("other", ""));
    assert!(!scene.is_there("other"));
    scene
        .stage
        .fault(&json!({"fault": "html", "status": 200, "path": "*/tool"}));
    let page = code(&scene.npm("view tool version"));
    let what = format!("{refused} with 502; with 200 {page}");
    seen("html", "npm", &what);
}

#[test]
fn a_delay_outlasts_a_patience() {
    let Some(scene) = Scene::start() else { return };
    scene
        .stage
        .fault(&json!({"fault": "delay", "milliseconds": 3000, "path": "*/tool"}));
    let ran = scene.npm("view tool version --fetch-timeout=1000");
    let impatient = code(&ran);
    scene
        .npm("view tool version --fetch-timeout=1000")
        .success();
    let what = format!("{impatient} with `--fetch-timeout=1000`");
    seen("delay", "npm", &what);
}

#[test]
fn a_reset_before_the_body_leaves_nothing() {
    let Some(scene) = Scene::start() else { return };
    scene
        .stage
        .fault(&json!({"fault": "reset-before-body", "method": "PUT"}));
    let ran = scene.publish("other", "");
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert!(!scene.is_there("other"));
    scene
        .stage
        .fault(&json!({"fault": "reset-before-body", "method": "PUT"}));
    scene.publish("other", "--fetch-retries=1").success();
    assert!(scene.is_there("other"));
    seen(
        "reset-before-body",
        "npm",
        "a broken publish that left nothing; with retries it is published",
    );
}

#[test]
fn a_reset_within_the_body_leaves_nothing() {
    let Some(scene) = Scene::start() else { return };
    let package = scene.stage.package("large", "1.0.0", "1");
    // Random bytes do not compress, so the body is much longer than what is read of it.
    let bytes: Vec<u8> = (0..3_000_000_u32)
        .map(|number| u8::try_from(number.wrapping_mul(2_654_435_761) >> 24).unwrap())
        .collect();
    std::fs::write(package.join("large.bin"), bytes).unwrap();
    scene
        .stage
        .fault(&json!({"fault": "reset-during-body", "after": 100_000, "method": "PUT"}));
    let publish = |words: &str| scene.npm(&format!("publish {}{words}", package.display()));
    let ran = publish("");
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert!(!scene.is_there("large"));
    publish(" --fetch-retries=1").success();
    assert!(scene.is_there("large"));
    seen(
        "reset-during-body",
        "npm",
        "a broken publish that left nothing",
    );
}

#[test]
fn a_lost_reply_leaves_the_version() {
    let Some(scene) = Scene::start() else { return };
    scene
        .stage
        .fault(&json!({"fault": "lose-reply", "method": "PUT"}));
    let ran = scene.publish("lost", "");
    assert_ne!(ran.code, Some(0), "npm takes the reset for a failure");
    assert!(scene.is_there("lost"));
    let lost = scene
        .stage
        .log()
        .into_iter()
        .find(|entry| entry["fault"] == "lose-reply")
        .unwrap();
    assert_eq!(lost["status"], 200);
    assert_eq!(lost["action"], "codeartifact:PublishPackageVersion");
    // A retried PUT meets its own version, with identical contents.
    scene
        .stage
        .fault(&json!({"fault": "lose-reply", "method": "PUT"}));
    scene.stage.admin("DELETE", "log", &Value::Null);
    scene.publish("again", "--fetch-retries=1").success();
    assert_eq!(scene.answered("PUT"), [200, 200]);
    seen(
        "lose-reply",
        "npm",
        "a broken publish, and the version is there; with retries it is published",
    );
}

#[test]
fn a_reply_that_breaks_off_is_no_reply() {
    let Some(scene) = Scene::start() else { return };
    scene
        .stage
        .fault(&json!({"fault": "reset-during-reply", "after": 300, "path": "*/tool"}));
    let packument = scene.npm("view tool version");
    assert_ne!(packument.code, Some(0), "{packument:?}");
    // The second host has its faults too: the tarball itself breaks off.
    scene
        .stage
        .fault(&json!({"fault": "reset-during-reply", "after": 250, "path": "/assets/*"}));
    let tarball = scene.npm("install tool");
    assert_ne!(tarball.code, Some(0), "{tarball:?}");
    scene.npm("install tool").success();
    seen(
        "reset-during-reply",
        "npm",
        "a broken view; on `/assets/*` a broken install",
    );
}

#[test]
fn an_accepted_version_may_stay_invisible_for_a_while() {
    let Some(scene) = Scene::start() else { return };
    scene
        .stage
        .fault(&json!({"fault": "invisible", "milliseconds": 5000}));
    scene.publish("late", "").success();
    let early = code(&scene.npm("view late version"));
    scene.stage.admin("POST", "clock", &json!({"advance": 6}));
    scene.npm("view late version").success();
    let what = format!("a good publish, then {early}, and later the version");
    seen("invisible", "npm", &what);
}

/// What installs say of damage: npm's code, and whether bun refuses as well.
fn damaged(fault: &str) {
    let Some(scene) = Scene::start() else { return };
    let armed = json!({"fault": fault, "times": 9});
    scene.stage.fault(&armed);
    let npm = code(&scene.npm("install tool"));
    let project = scene.stage.project("bun");
    let settings = format!(
        "[install]\nregistry = {{ url = \"{}\", token = \"{}\" }}\ncache = false\n",
        scene.stage.registry(),
        scene.token
    );
    std::fs::write(project.join("bunfig.toml"), settings).unwrap();
    let bun = || run(&mut scene.stage.client("bun", &project, "add tool"));
    let refused = bun();
    assert_ne!(refused.code, Some(0), "bun installed in spite of {fault}");
    scene.stage.admin("DELETE", "faults", &Value::Null);
    scene.npm("install tool").success();
    bun().success();
    let what = format!("no install: npm {npm}, and bun fails too");
    seen(fault, "npm, bun", &what);
}

#[test]
fn a_corrupted_tarball_is_not_installed() {
    damaged("corrupt-tarball");
}

#[test]
fn a_truncated_tarball_is_not_installed() {
    damaged("truncate-tarball");
}

#[test]
fn a_tarball_with_another_integrity_is_not_installed() {
    damaged("wrong-integrity");
}

#[test]
fn a_token_may_expire_between_two_requests() {
    let Some(scene) = Scene::start() else { return };
    // npm reads the packument first, and is let in; then it publishes, and is not.
    scene
        .stage
        .fault(&json!({"fault": "expire-token", "method": "PUT"}));
    let refused = code(&scene.publish("late", "--fetch-retries=1"));
    assert_eq!(code(&scene.npm("ping")), refused, "it stays expired");
    // A new token of the same caller is good.
    let answer = scene.stage.aws("get-authorization-token --domain sandbox");
    let token = answer["authorizationToken"].as_str().unwrap();
    scene.stage.log_in(scene.stage.registry(), token);
    scene.publish("late", "").success();
    let what = format!("{refused} until it has a new token");
    seen("expire-token", "npm, AWS CLI", &what);
}

#[test]
fn every_fault_there_is_was_seen() {
    let Some(scene) = Scene::start() else { return };
    let url = format!("{}/_sandbox/faults", scene.stage.endpoint());
    let answer = Request::new("POST", &url)
        .body(r#"{"fault": "nonsense"}"#)
        .send();
    assert_eq!(answer.status, 400);
    // The refusal names every fault there is.
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    let (_, names) = message.split_once("expected one of ").unwrap();
    let rows = rows("faults");
    for name in names.split(", ") {
        assert!(rows.iter().any(|row| row == name), "no row for {name}");
    }
}

#[test]
fn faults_may_be_armed_by_the_configuration() {
    let text = "[[faults]]\nfault = 'status'\nstatus = 503\nretry_after = 7\nmethod = 'PUT'\n";
    let config = Config::parse(text, std::path::Path::new("/")).unwrap();
    let Some(stage) = Stage::with(config) else {
        return;
    };
    let url = format!("{}tool", stage.registry());
    let put = || {
        Request::new("PUT", &url)
            .bearer(&stage.token())
            .body(document("tool", "1.0.0", b"x").to_string())
            .send()
    };
    let struck = put();
    assert_eq!((struck.status, struck.header("retry-after")), (503, "7"));
    assert_eq!(put().status, 200);
    let wrong = text.replace("retry_after", "retry-after");
    let error = Config::parse(&wrong, std::path::Path::new("/")).unwrap_err();
    let error = std::error::Error::source(&error).map_or(error.to_string(), ToString::to_string);
    assert!(error.contains("has no \"retry-after\""), "{error}");
}
