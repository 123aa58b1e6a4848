//! What `consign doctor` is told to look at: members of a workspace, ready tarballs.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::{is_harmless, printed};
use crate::sandbox::stage::Stage;
use crate::support::run;

/// A workspace's members, each with its checks; private ones are passed over, as a publish passes over them.
#[test]
fn the_members_of_a_workspace_are_looked_at_one_by_one() {
    let Some(stage) = Stage::start() else { return };
    for (folder, manifest) in [
        (
            "w",
            json!({"name": "root", "version": "1.0.0", "workspaces": ["a", "b", "c"]}),
        ),
        ("w/a", json!({"name": "a", "version": "1.0.0"})),
        (
            "w/b",
            json!({"name": "b", "version": "1.0.0", "private": true}),
        ),
        ("w/c", json!({"name": "c", "version": "2.0.0-rc.1"})),
    ] {
        let path = format!("{folder}/package.json");
        stage.home.file(path, manifest.to_string());
    }
    let doctor = |flags: &[&str]| {
        let mut command = stage.home.consign();
        command
            .envs(&stage.environment)
            .current_dir(stage.home.path("w"))
            .args([
                "doctor",
                "--json",
                &format!("--registry={}", stage.registry()),
            ]);
        run(command.args(flags))
    };
    let ran = doctor(&["--workspaces"]);
    let told = printed(&ran);
    let names = |told: &Value| {
        told.as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&told), ["a@1.0.0", "c@2.0.0-rc.1"]);
    assert_eq!(
        (&told["a@1.0.0"]["ok"], &told["c@2.0.0-rc.1"]["ok"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("Skipping workspace b, marked as private"),
        "{}",
        ran.stderr
    );
    let told = printed(&doctor(&["--workspace=a", "--include-workspace-root"]).success());
    assert_eq!(names(&told), ["root@1.0.0", "a@1.0.0"]);
    let gone = doctor(&["--workspace=gone"]);
    assert_ne!(gone.code, Some(0));
    assert!(
        printed(&gone)["error"]["summary"]
            .as_str()
            .unwrap()
            .contains("gone"),
        "{gone:?}"
    );
    for entry in stage.log() {
        assert!(is_harmless(&entry), "{entry}");
    }
}

/// A tarball is looked at as it is: what its package.json says scripts would do, they did.
#[test]
fn a_ready_tarball_is_looked_at_as_it_is() {
    let Some(stage) = Stage::start() else { return };
    let scripts = json!({"prepack": "exit 3"});
    let manifest = json!({"name": "tool", "version": "1.0.0", "scripts": scripts});
    stage.home.file("tool/package.json", manifest.to_string());
    run(stage
        .home
        .consign()
        .args(["pack", "./tool", "--ignore-scripts"]))
    .success();
    let doctor = |tarball: &str, flags: &[&str]| {
        let mut command = stage.home.consign();
        command.envs(&stage.environment).args([
            "doctor",
            tarball,
            "--json",
            "--wait=0",
            &format!("--registry={}", stage.registry()),
        ]);
        run(command.args(flags))
    };
    let verdicts = |told: &Value| {
        let (_, package) = told.as_object().unwrap().iter().next().unwrap();
        let checks = package["checks"].as_array().unwrap().clone();
        let pair = |check: Value| {
            (
                check["name"].as_str().unwrap().to_owned(),
                check["verdict"].clone(),
            )
        };
        checks.into_iter().map(pair).collect::<BTreeMap<_, _>>()
    };
    let told = printed(&doctor("tool-1.0.0.tgz", &[]).success());
    assert_eq!(
        told.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["tool@1.0.0"]
    );
    for name in [
        "package", "size", "token", "read", "version", "origin", "tag",
    ] {
        assert_eq!(verdicts(&told)[name], "ok", "{name}: {told:#}");
    }
    // What is no tarball any more, and one that leads out of its folder, end as a publish of them does.
    let whole = fs::read(stage.home.path("tool-1.0.0.tgz")).unwrap();
    stage.home.file("cut.tgz", &whole[..whole.len() - 10]);
    stage.home.file("text.tgz", "no tarball");
    for tarball in ["cut.tgz", "text.tgz", "gone.tgz"] {
        let ran = doctor(tarball, &[]);
        let told = printed(&ran);
        assert_eq!(verdicts(&told)["package"], "fail", "{tarball}: {told:#}");
        let publish = run(stage.home.consign().envs(&stage.environment).args([
            "publish",
            tarball,
            &format!("--registry={}", stage.registry()),
        ]));
        assert_eq!(ran.code, publish.code, "{tarball}: {ran:?} {publish:?}");
        assert_ne!(ran.code, Some(0));
    }
    // The same bytes, published: nothing would be sent.
    run(stage.home.consign().envs(&stage.environment).args([
        "publish",
        "tool-1.0.0.tgz",
        &format!("--registry={}", stage.registry()),
    ]))
    .success();
    let told = printed(&doctor("./tool-1.0.0.tgz", &[]).success());
    assert!(
        told.to_string()
            .contains("already there with identical contents"),
        "{told:#}"
    );
    // Other bytes under the same version.
    stage.home.file("tool/index.js", "1");
    run(stage
        .home
        .consign()
        .args(["pack", "./tool", "--ignore-scripts"]))
    .success();
    let ran = doctor("tool-1.0.0.tgz", &[]);
    assert_eq!(ran.code, Some(10), "{ran:?}");
    assert_eq!(verdicts(&printed(&ran))["version"], "fail");
}
