//! How a script ends, and what is said and shown of it.

use std::path::Path;
use std::process::Command;

use consign::config::{Config, Flags};
use consign::environment::Environment;
use consign::lifecycle::{Event, Script, ScriptContext, ScriptError, Stdio};
use serde_json::json;

fn run_one(command: &str, stdio: Stdio, more: &[(&str, &str)]) -> Result<(), ScriptError> {
    let directory = tempfile::tempdir().unwrap();
    let environment = Environment::new(
        std::iter::once(("PATH".into(), std::env::var_os("PATH").unwrap())).chain(
            more.iter()
                .map(|(name, value)| ((*name).into(), (*value).into())),
        ),
        directory.path(),
        directory.path(),
    );
    let config = Config::load(&environment, Flags::default()).unwrap();
    let context = ScriptContext::new(&config, "pack", "agent", false);
    let manifest = json!({ "scripts": { "prepack": command } });
    let script = Script::of(Event::Prepack, directory.path(), &manifest).unwrap();
    script.run(&context, &[], stdio)
}

#[test]
fn a_status_is_handed_on() {
    let error = run_one("exit 3", Stdio::Inherited, &[]).unwrap_err();
    assert_eq!(error.exit_status(), 3);
    assert_eq!(error.code().as_deref(), Some("3"));
    assert!(error.to_string().contains("sh -c exit 3"), "{error}");
}

#[test]
fn a_signal_is_passed_on_only_with_the_terminal() {
    let error = run_one("kill -TERM $$", Stdio::Inherited, &[]).unwrap_err();
    assert_eq!(error.exit_status(), 143);
    assert!(error.to_string().contains("SIGTERM"), "{error}");
    let error = run_one("kill -TERM $$", Stdio::Collected, &[]).unwrap_err();
    assert_eq!(error.exit_status(), 1);
}

#[test]
fn collected_output_comes_with_the_failure() {
    let error = run_one("echo out; echo err >&2; exit 1", Stdio::Collected, &[]).unwrap_err();
    let ScriptError::Exited { output, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(output.stdout, b"out\n");
    assert_eq!(output.stderr, b"err\n");
    assert!(!format!("{error:?}").contains("out\\n"));
}

#[test]
fn a_missing_shell_has_nodes_status_and_a_hint() {
    let shell = [("npm_config_script_shell", "no-such-shell")];
    let error = run_one("exit 0", Stdio::Inherited, &shell).unwrap_err();
    assert_eq!(error.exit_status(), 254);
    assert_eq!(error.code().as_deref(), Some("ENOENT"));
    assert!(error.hint().unwrap().contains("--script-shell"));
}

#[test]
fn a_missing_node_is_hinted_at() {
    let directory = tempfile::tempdir().unwrap();
    let shell = [
        ("PATH", directory.path().to_str().unwrap()),
        ("npm_config_script_shell", "/bin/sh"),
    ];
    let environment = Environment::new(
        shell
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into())),
        directory.path(),
        directory.path(),
    );
    let config = Config::load(&environment, Flags::default()).unwrap();
    let context = ScriptContext::new(&config, "pack", "agent", false);
    let manifest = json!({ "scripts": { "prepack": "node build.js" } });
    let script = Script::of(Event::Prepack, directory.path(), &manifest).unwrap();
    let error = script.run(&context, &[], Stdio::Collected).unwrap_err();
    assert_eq!(error.exit_status(), 127);
    assert!(error.hint().unwrap().contains("no `node` on PATH"));
}

#[test]
fn a_signal_during_a_script_goes_to_the_script() {
    const CHILD: &str = "CONSIGN_TEST_SIGNALLED_CHILD";
    // The script signals its parent and then waits, in vain unless the signal comes back to it.
    let command = "trap 'exit 7' TERM; kill -TERM $PPID; while :; do :; done";
    if std::env::var_os(CHILD).is_some() {
        let error = run_one(command, Stdio::Inherited, &[]).unwrap_err();
        assert_eq!(error.exit_status(), 7);
        // And afterwards the signal ends the process as ever.
        let own = std::process::id().to_string();
        Command::new("kill").args(["-TERM", &own]).status().unwrap();
        loop {
            std::thread::park();
        }
    }
    let status = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "lifecycle::endings::a_signal_during_a_script_goes_to_the_script",
        ])
        .env(CHILD, "1")
        .status()
        .unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(15)
    );
}

#[test]
fn a_banner_is_npms() {
    let manifest = json!({ "_id": "a@1.0.0", "scripts": { "prepack": " one\ntwo " } });
    let script = Script::of(Event::Prepack, Path::new("/"), &manifest).unwrap();
    assert_eq!(script.banner(), "\n> a@1.0.0 prepack\n> one\n> two\n");
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let environment = Environment::new(
        [
            ("npm_config_otp".into(), "planted".into()),
            ("npm_config_//h/:_authToken".into(), "planted".into()),
        ],
        "/",
        "/",
    );
    let flags = Flags::parse(["publish", "--//i/:_authToken=planted"], &environment).unwrap();
    let shown = format!("{flags:?}");
    let config = Config::load(&environment, flags).unwrap();
    let context = ScriptContext::new(&config, "publish", "agent", false);
    let shown = format!(
        "{shown}{environment:?}{config:?}{:?}{context:?}",
        config.flat()
    );
    assert!(!shown.contains("planted"), "{shown}");
}
