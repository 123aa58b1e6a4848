//! Which words are coloured, and where: as npm does it.

use std::process::Command;

use crate::support::{Answer, Home, Peer, Peers, Scripted, Shown, Streams, run, run_on_terminal};

type Case = (
    Streams,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    &'static str,
);

/// Where colours are decided: streams, flags, variables, `.npmrc`.
const CASES: &[Case] = &[
    (Streams::Both, &[], &[], ""),
    (Streams::Neither, &[], &[], ""),
    (Streams::Stderr, &[], &[], ""),
    (Streams::Stdout, &[], &[], ""),
    (Streams::Both, &[], &[("NO_COLOR", "1")], ""),
    (Streams::Both, &[], &[("NO_COLOR", "")], ""),
    (Streams::Both, &[], &[("NO_COLOR", "0")], ""),
    (Streams::Both, &["--color"], &[("NO_COLOR", "1")], ""),
    (Streams::Neither, &[], &[("FORCE_COLOR", "1")], ""),
    (Streams::Both, &[], &[("FORCE_COLOR", "0")], ""),
    (Streams::Both, &["--no-color"], &[], ""),
    (Streams::Both, &["--color=false"], &[], ""),
    (Streams::Neither, &["--color=always"], &[], ""),
    (Streams::Neither, &["--color", "always"], &[], ""),
    (Streams::Neither, &["--color"], &[], ""),
    (Streams::Both, &[], &[("npm_config_color", "false")], ""),
    (Streams::Neither, &[], &[("npm_config_color", "always")], ""),
    (Streams::Both, &[], &[], "color=false\n"),
    (Streams::Neither, &[], &[], "color=always\n"),
    (Streams::Both, &["--color"], &[], "color=false\n"),
    (Streams::Both, &[], &[("TERM", "dumb")], ""),
    (Streams::Both, &[], &[("CI", "true")], ""),
];

fn packing(mut command: Command, case: &Case, home: &Home) -> Shown {
    let (streams, flags, variables, npmrc) = case;
    home.npmrc(npmrc);
    command
        .current_dir(home.path("p"))
        .args(["pack", "--dry-run", "--no-progress"])
        .args(*flags)
        .envs(variables.iter().copied());
    run_on_terminal(&mut command, *streams)
}

fn package(home: &Home) {
    // npm warns about the first, and both tell a script of their colours.
    home.file("p/.gitignore", "x\n");
    home.file(
        "p/package.json",
        r#"{"name":"a","version":"1.0.0","scripts":{"prepack":"echo COLOR=$COLOR progress=$npm_config_progress"}}"#,
    );
}

#[test]
fn the_same_bytes_are_coloured_as_by_npm() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    for case in CASES {
        let home = Home::new();
        package(&home);
        let npm = packing(peers.command(Peer::Npm, &home), case, &home);
        let ours = packing(home.consign(), case, &home);
        assert_eq!(npm.code, Some(0), "{case:?}: {}", npm.bytes);
        let as_ours = |text: &str| {
            text.replace("\x1b[1mnpm\x1b[22m ", "\x1b[1mconsign\x1b[22m ")
                .replace("npm notice", "consign notice")
                .replace("npm warn", "consign warn")
        };
        assert_eq!(ours.bytes, as_ours(&npm.bytes), "{case:?}");
        for (ours, npm) in ours.piped.iter().zip(&npm.piped) {
            assert_eq!(*ours, as_ours(npm), "{case:?}");
        }
    }
}

#[test]
fn help_and_usage_errors_are_coloured_where_all_else_is() {
    for case in CASES {
        let (streams, flags, variables, npmrc) = case;
        if flags.contains(&"always") {
            // Only npm's own commands read a value behind a space.
            continue;
        }
        let home = Home::new();
        package(&home);
        // Help goes to the one stream, errors to the other: what either would do at each end.
        let packed = |streams| {
            let case = (streams, *flags, *variables, *npmrc);
            packing(home.consign(), &case, &home)
        };
        let on_terminal = packed(Streams::Both).bytes.contains('\x1b');
        let in_pipe = packed(Streams::Neither).piped[1].contains('\x1b');
        for (words, code) in [
            (&["publish", "--help"][..], 0),
            (&["token", "--help"], 0),
            (&["--help"], 0),
            (&["token", "--no-such-flag"], 2),
            (&["no-such-command"], 2),
        ] {
            let mut command = home.consign();
            command
                .args(words)
                .args(*flags)
                .envs(variables.iter().copied());
            let shown = run_on_terminal(&mut command, *streams);
            let piped = shown.piped.concat();
            let case = format!("{words:?} {case:?}: {:?} {piped:?}", shown.bytes);
            assert_eq!(shown.code, Some(code), "{case}");
            for (said, is_coloured) in [(&shown.bytes, on_terminal), (&piped, in_pipe)] {
                assert_eq!(
                    said.contains('\x1b'),
                    is_coloured && !said.is_empty(),
                    "{case}"
                );
            }
        }
    }
}

#[test]
fn an_error_before_the_configuration_is_coloured_as_told() {
    let home = Home::new();
    home.npmrc("_auth=abc\n");
    for (flags, is_coloured) in [(&[][..], true), (&["--no-color"], false)] {
        for command in ["publish", "token"] {
            let mut consign = home.consign();
            consign.arg(command).args(flags);
            let shown = run_on_terminal(&mut consign, Streams::Both);
            assert_eq!(shown.code, Some(1), "{}", shown.bytes);
            let coloured = shown.bytes.contains("\x1b[31merror\x1b[39m");
            assert_eq!(coloured, is_coloured, "{command}: {:?}", shown.bytes);
            assert_eq!(
                shown.bytes.contains('\x1b'),
                is_coloured,
                "{:?}",
                shown.bytes
            );
        }
    }
}

#[test]
fn the_window_of_a_syntax_error_is_coloured_with_the_rest() {
    let home = Home::new();
    home.file(
        "p/package.json",
        "{\n  \"name\": \"a\",\n  \"version\": 1.0.0\n}\n",
    );
    let pack = |flags: &[&str], streams| {
        let mut consign = home.consign();
        consign.args(["pack", "./p"]).args(flags);
        run_on_terminal(&mut consign, streams)
    };
    let window = |text: &str| -> String {
        let lines = text.lines().filter(|line| line.contains("\"version\""));
        lines.collect()
    };
    let shown = pack(&[], Streams::Both);
    assert_eq!(shown.code, Some(1), "{}", shown.bytes);
    let coloured = window(&shown.bytes);
    let prefix = "\x1b[1mconsign\x1b[22m \x1b[31merror\x1b[39m ";
    let rest = coloured
        .strip_prefix(prefix)
        .unwrap_or_else(|| panic!("{coloured:?}"));
    assert!(rest.contains("\x1b["), "{coloured:?}");
    let plain = window(&run(home.consign().args(["pack", "./p"])).stderr);
    assert!(
        plain.starts_with("consign error ") && !plain.contains('\x1b'),
        "{plain:?}"
    );
    let without = pack(&["--no-color"], Streams::Both);
    assert_eq!(window(&without.bytes), plain);
}

#[test]
fn json_is_never_coloured() {
    let home = Home::new();
    package(&home);
    let mut consign = home.consign();
    let flags = [
        "pack",
        "./p",
        "--json",
        "--color=always",
        "--foreground-scripts=false",
    ];
    let shown = run_on_terminal(consign.args(flags), Streams::Stderr);
    assert_eq!(shown.code, Some(0), "{}", shown.bytes);
    let [stdout, _] = &shown.piped;
    assert!(!stdout.contains('\x1b'), "{stdout:?}");
    serde_json::from_str::<serde_json::Value>(stdout).unwrap();
}

#[test]
fn what_a_registry_says_cannot_steer_the_terminal() {
    let home = Home::new();
    home.file("p/package.json", r#"{"name":"a","version":"1.0.0"}"#);
    let registry = Scripted::start(|asked, _| match asked.method.as_str() {
        "PUT" => Answer::Reply(
            400,
            "text/plain",
            "no\x1b[2J\x07\x1b]0;title\x07".to_owned(),
        ),
        _ => Answer::Reply(404, "text/plain", String::new()),
    });
    home.npmrc(&registry.npmrc("t"));
    let mut consign = home.consign();
    consign.args(["publish", "./p", "--no-color", "--no-progress"]);
    let shown = run_on_terminal(&mut consign, Streams::Both);
    assert_eq!(shown.code, Some(14), "{:?}", shown.bytes);
    assert!(
        shown.bytes.contains("no^[[2J^G^[]0;title^G"),
        "{:?}",
        shown.bytes
    );
    assert!(!shown.bytes.contains(['\x1b', '\x07']), "{:?}", shown.bytes);
}
