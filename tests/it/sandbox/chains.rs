//! Sources of credentials that the AWS CLI finds in its files: profiles with a role, and single sign-on.

use std::path::Path;

use consign::sandbox::Config;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use super::identity::caller;
use super::stage::Stage;

/// A user who may do nothing but is named by a role, that role, one that trusts it in turn, and one for people.
const CONFIG: &str = r#"
    [[principals]]
    name = "administrator"
    policies = [{ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] }]

    [[principals]]
    name = "builder"
    access_key = "AKIAIOSFODNN7EXAMPLE"
    secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    policies = []

    [[roles]]
    name = "release"
    trusted_principals = ["arn:aws:iam::111122223333:user/builder"]
    longest_session = 43200
    policies = [{ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] }]

    [[roles]]
    name = "promote"
    longest_session = 43200
    policies = []
    trust = ['''{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
      "Principal": {"AWS": "arn:aws:iam::111122223333:role/release"},
      "Condition": {"StringEquals": {"sts:ExternalId": "shared"}}}]}''']

    [[roles]]
    name = "people"
    single_sign_on = true
    policies = []
"#;

/// A stage whose home has this `~/.aws/config`, and `builder` as the profile `builder`.
fn stage(profiles: &str) -> Option<Stage> {
    let stage = Stage::with(Config::parse(CONFIG, Path::new("/")).unwrap())?;
    stage.home.file("home/.aws/config", profiles);
    stage.home.file(
        "home/.aws/credentials",
        "[builder]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n\
         aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
    );
    Some(stage)
}

fn who(stage: &Stage, profile: &str) -> Result<Value, String> {
    caller(stage, &[("AWS_PROFILE", profile)]).map(|identity| identity["Arn"].clone())
}

#[test]
fn a_profile_assumes_the_role_that_trusts_its_source() {
    let Some(stage) = stage(
        "[profile release]\nrole_arn = arn:aws:iam::111122223333:role/release\n\
         source_profile = builder\nrole_session_name = run-1\n\
         [profile promote]\nrole_arn = arn:aws:iam::111122223333:role/promote\n\
         source_profile = release\nrole_session_name = run-2\nexternal_id = shared\n\
         [profile stranger]\nrole_arn = arn:aws:iam::111122223333:role/promote\n\
         source_profile = release\nexternal_id = guessed\n\
         [profile chained]\nrole_arn = arn:aws:iam::111122223333:role/promote\n\
         source_profile = release\nexternal_id = shared\nduration_seconds = 7200\n\
         [profile nobody]\nrole_arn = arn:aws:iam::111122223333:role/people\nsource_profile = builder\n\
         [profile long]\nrole_arn = arn:aws:iam::111122223333:role/release\n\
         source_profile = builder\nduration_seconds = 43200\nrole_session_name = long\n",
    ) else {
        return;
    };
    let session = |role: &str| format!("arn:aws:sts::111122223333:assumed-role/{role}");
    assert_eq!(who(&stage, "release").unwrap(), session("release/run-1"));
    assert_eq!(who(&stage, "promote").unwrap(), session("promote/run-2"));
    assert_eq!(who(&stage, "long").unwrap(), session("release/long"));
    for profile in ["stranger", "nobody"] {
        let refused = who(&stage, profile).unwrap_err();
        assert!(refused.contains("(AccessDenied)"), "{refused}");
        assert!(refused.contains("sts:AssumeRole on resource"), "{refused}");
    }
    let chained = who(&stage, "chained").unwrap_err();
    assert!(chained.contains("DurationSeconds exceeds"), "{chained}");
    let entry = stage
        .log()
        .into_iter()
        .find(|entry| entry["decision"] == "not allowed")
        .unwrap();
    assert_eq!(entry["action"], "sts:AssumeRole");
    assert_eq!(entry["resource"], "arn:aws:iam::111122223333:role/promote");
    assert_eq!(
        entry["principal"].as_str().unwrap().split('/').nth(1),
        Some("release")
    );
}

#[test]
fn what_would_narrow_a_session_is_refused_instead_of_left_out() {
    let Some(stage) = stage("") else { return };
    let mut command = stage.peers.command(crate::support::Peer::Aws, &stage.home);
    let ran = crate::support::run(
        command
            .envs(&stage.environment)
            .args(["sts", "assume-role", "--role-session-name", "run"])
            .args(["--role-arn", "arn:aws:iam::111122223333:role/release"])
            .args(["--policy", r#"{"Statement": []}"#]),
    );
    assert!(ran.stderr.contains("Policy is not served"), "{ran:?}");
}

/// What `aws sso login` leaves behind: a token in a file that is named by the session, or by the start URL.
fn signed_in(stage: &Stage, name: &str, token: &Value) {
    let hash = Sha1::digest(name)
        .into_iter()
        .map(|byte| format!("{byte:02x}"));
    let path = format!("home/.aws/sso/cache/{}.json", hash.collect::<String>());
    stage.home.file(path, token.to_string());
}

const START: &str = "https://acme.awsapps.com/start";

#[test]
fn a_cached_sign_in_gives_the_roles_credentials() {
    let Some(stage) = stage(&format!(
        "[profile people]\nsso_start_url = {START}\nsso_region = us-east-1\n\
         sso_account_id = 111122223333\nsso_role_name = people\n\
         [profile release]\nsso_start_url = {START}\nsso_region = us-east-1\n\
         sso_account_id = 111122223333\nsso_role_name = release\n"
    )) else {
        return;
    };
    let token = |access: &str| json!({"startUrl": START, "region": "us-east-1", "accessToken": access, "expiresAt": "2099-01-01T00:00:00Z"});
    signed_in(
        &stage,
        START,
        &token(&stage.machine["CONSIGN_SSO_ACCESS_TOKEN"]),
    );
    assert_eq!(
        who(&stage, "people").unwrap(),
        "arn:aws:sts::111122223333:assumed-role/people/sandbox-user"
    );
    let refused = who(&stage, "release").unwrap_err();
    assert!(refused.contains("No access"), "{refused}");
    signed_in(&stage, START, &token("stale"));
    let refused = who(&stage, "people").unwrap_err();
    assert!(refused.contains("sso"), "{refused}");
}

#[test]
fn a_sign_in_is_refreshed_when_its_token_ends() {
    let Some(stage) = stage(&format!(
        "[profile people]\nsso_session = acme\nsso_account_id = 111122223333\nsso_role_name = people\n\
         [sso-session acme]\nsso_start_url = {START}\nsso_region = us-east-1\n"
    )) else {
        return;
    };
    let token = |refresh: &str| {
        json!({
            "startUrl": START, "region": "us-east-1", "accessToken": "old", "expiresAt": "2020-01-01T00:00:00Z",
            "clientId": "client", "clientSecret": "secret", "registrationExpiresAt": "2099-01-01T00:00:00Z",
            "refreshToken": refresh,
        })
    };
    signed_in(&stage, "acme", &token("wrong"));
    assert!(who(&stage, "people").is_err());
    signed_in(
        &stage,
        "acme",
        &token(&stage.machine["CONSIGN_SSO_REFRESH_TOKEN"]),
    );
    assert_eq!(
        who(&stage, "people").unwrap(),
        "arn:aws:sts::111122223333:assumed-role/people/sandbox-user"
    );
}
