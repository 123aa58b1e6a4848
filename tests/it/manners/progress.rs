//! The line that shows how far long work is: who gets to see it, and that it leaves no trace.

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::support::{
    Answer, Gate, Home, Scripted, Streams, Terminal, packument, run, run_on_terminal, screen,
};

/// More than a connection holds before somebody reads from it.
const LARGE: u64 = 24 << 20;

/// A ready tarball of that size.
fn tarball(home: &Home) -> PathBuf {
    let path = home.path("a-1.0.0.tar");
    let mut tar = tar::Builder::new(File::create(&path).unwrap());
    let manifest = br#"{"name":"a","version":"1.0.0"}"#;
    let mut add = |name: &str, size: u64, data: &mut dyn std::io::Read| {
        let mut header = tar::Header::new_ustar();
        header.set_size(size);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, data).unwrap();
    };
    add(
        "package/package.json",
        manifest.len() as u64,
        &mut &manifest[..],
    );
    let mut zeros = std::io::Read::take(std::io::repeat(0), LARGE);
    add("package/zeros", LARGE, &mut zeros);
    tar.finish().unwrap();
    path
}

/// Accepts everything, once the gate lets the answer through.
fn registry(body: &Gate, answer: &Gate) -> Scripted {
    let answer = answer.clone();
    Scripted::start_behind(body, move |asked, before| match asked.method.as_str() {
        "PUT" => {
            answer.pass();
            Answer::json(201, &json!({"ok": true}))
        }
        _ => packument(before),
    })
}

/// A registry that accepts a version and does not show it, so that a publish has something to wait for.
fn hiding_registry() -> Scripted {
    Scripted::start(|asked, _| match asked.method.as_str() {
        "PUT" => Answer::json(201, &json!({"ok": true})),
        _ => Answer::json(404, &json!({"error": "not found"})),
    })
}

/// What `publish` of a small package that stays invisible for a second is given.
fn long_publish(home: &Home, registry: &Scripted) -> std::process::Command {
    home.npmrc(&registry.npmrc("t"));
    home.file("p/package.json", r#"{"name":"a","version":"1.0.0"}"#);
    let mut consign = home.consign();
    consign.args(["publish", "./p", "--wait=1"]);
    consign
}

const WAITING: &str = "waiting for the version";

#[test]
fn an_upload_is_shown_and_leaves_no_trace() {
    let home = Home::new();
    let tarball = tarball(&home);
    let (body, answer) = (Gate::default(), Gate::default());
    let registry = registry(&body, &answer);
    home.npmrc(&registry.npmrc("t"));
    let mut consign = home.consign();
    consign.arg("publish").arg(&tarball);
    let terminal = Terminal::start(&mut consign, Streams::Both);
    terminal.wait_for("uploading [");
    let so_far = terminal.so_far();
    assert!(so_far.contains(" of 33.6 MB"), "{so_far:?}");
    assert!(
        !so_far.contains("uploading 100%"),
        "nobody has read it: {so_far:?}"
    );
    body.open();
    terminal.wait_for("uploading 100%  33.6 MB, waiting for the registry's answer");
    answer.open();
    let shown = terminal.end();
    assert_eq!(shown.code, Some(0), "{}", shown.bytes);

    // What is left is what a pipe gets.
    let mut lines = screen(&shown.bytes);
    assert_eq!(lines.pop().as_deref(), Some(""), "{:?}", shown.bytes);
    registry.take();
    let piped = run(home.consign().arg("publish").arg(&tarball)).success();
    let expected = format!("{}{}", piped.stderr, piped.stdout);
    assert_eq!(lines, expected.lines().collect::<Vec<_>>());
    assert!(!expected.contains('\x1b'), "{expected:?}");
}

#[test]
fn lines_printed_meanwhile_stand_above_it() {
    let home = Home::new();
    let seen = Gate::default();
    let registry = {
        let seen = seen.clone();
        Scripted::start(move |asked, before| match asked.method.as_str() {
            "PUT" => Answer::json(201, &json!({"ok": true})),
            // The look before the upload and one after it.
            _ if before.len() < 3 => Answer::json(404, &json!({"error": "not found"})),
            _ => {
                seen.pass();
                packument(before)
            }
        })
    };
    home.npmrc(&registry.npmrc("t"));
    home.file("p/package.json", r#"{"name":"a","version":"1.0.0"}"#);
    let mut consign = home.consign();
    consign.args(["publish", "./p", "--loglevel=http", "--no-color"]);
    let terminal = Terminal::start(&mut consign, Streams::Both);
    terminal.wait_for(WAITING);
    seen.open();
    let shown = terminal.end();
    assert_eq!(shown.code, Some(0), "{}", shown.bytes);
    let mut lines = screen(&shown.bytes);
    assert_eq!(lines.pop().as_deref(), Some(""));
    for line in &lines {
        let is_whole = line.starts_with("consign notice")
            || line.starts_with("consign http fetch ")
            || line == "+ a@1.0.0";
        assert!(is_whole, "{line:?} in {:?}", shown.bytes);
    }
    // The last look was told of while the line stood there.
    let last = shown.bytes.rfind("consign http fetch GET 200").unwrap();
    assert!(
        shown.bytes[..last].ends_with("\r\x1b[K"),
        "{:?}",
        shown.bytes
    );
    assert!(shown.bytes[last..].contains(WAITING), "{:?}", shown.bytes);
}

#[test]
fn it_is_shown_where_somebody_looks() {
    type Case = (
        Streams,
        &'static [&'static str],
        &'static [(&'static str, &'static str)],
    );
    let shown: &[Case] = &[
        (Streams::Both, &[], &[]),
        // The line is on stderr: what becomes of stdout does not matter.
        (Streams::Stderr, &[], &[]),
        (Streams::Both, &["--loglevel=error"], &[("CI", "false")]),
        (Streams::Both, &["--progress"], &[("CI", "true")]),
        (Streams::Both, &[], &[("NO_COLOR", "1"), ("TERM", "xterm")]),
    ];
    let hidden: &[Case] = &[
        (Streams::Neither, &["--progress"], &[]),
        (Streams::Stdout, &["--progress"], &[]),
        (Streams::Both, &["--no-progress"], &[]),
        (Streams::Both, &["--progress=false"], &[]),
        (Streams::Both, &[], &[("npm_config_progress", "false")]),
        (Streams::Both, &["--silent"], &[]),
        (Streams::Both, &["--json"], &[]),
        (Streams::Stderr, &["--json", "--progress"], &[]),
        (Streams::Both, &[], &[("CI", "true")]),
        (Streams::Both, &[], &[("BUILD_NUMBER", "7")]),
        (Streams::Both, &["--progress"], &[("TERM", "dumb")]),
    ];
    let registry = hiding_registry();
    std::thread::scope(|scope| {
        for (is_shown, cases) in [(true, shown), (false, hidden)] {
            for (streams, flags, variables) in cases {
                let registry = &registry;
                scope.spawn(move || {
                    let home = Home::new();
                    let mut consign = long_publish(&home, registry);
                    consign.args(*flags).envs(variables.iter().copied());
                    let shown = run_on_terminal(&mut consign, *streams);
                    let case = format!("{streams:?} {flags:?} {variables:?}: {:?}", shown.bytes);
                    assert_eq!(shown.code, Some(11), "{case}");
                    assert_eq!(shown.bytes.contains(WAITING), is_shown, "{case}");
                    assert_eq!(shown.bytes.contains("\x1b[K"), is_shown, "{case}");
                    assert_eq!(screen(&shown.bytes).last().map(String::as_str), Some(""));
                    for piped in shown.piped {
                        assert!(!piped.contains('\x1b'), "{case}: {piped:?}");
                    }
                });
            }
        }
    });
}

#[test]
fn the_setting_is_read_from_npmrc() {
    let registry = hiding_registry();
    let home = Home::new();
    let mut consign = long_publish(&home, &registry);
    home.npmrc(&format!("{}progress=false\n", registry.npmrc("t")));
    let shown = run_on_terminal(&mut consign, Streams::Both);
    assert_eq!(shown.code, Some(11), "{}", shown.bytes);
    assert!(!shown.bytes.contains(WAITING), "{:?}", shown.bytes);
}

#[test]
fn an_error_leaves_no_trace_of_it() {
    let home = Home::new();
    let tarball = tarball(&home);
    let gate = Gate::default();
    let registry = Scripted::start_behind(&gate, |asked, _| match asked.method.as_str() {
        "PUT" => Answer::HangUp,
        _ => Answer::json(404, &json!({"error": "not found"})),
    });
    home.npmrc(&registry.npmrc("t"));
    let mut consign = home.consign();
    let flags = ["--fetch-retries=0", "--wait=0", "--no-color"];
    consign.arg("publish").arg(&tarball).args(flags);
    let terminal = Terminal::start(&mut consign, Streams::Both);
    terminal.wait_for("uploading [");
    gate.open();
    let shown = terminal.end();
    assert_eq!(shown.code, Some(12), "{}", shown.bytes);
    let mut lines = screen(&shown.bytes);
    assert_eq!(lines.pop().as_deref(), Some(""), "{:?}", shown.bytes);
    let strange = lines.iter().find(|line| !line.starts_with("consign "));
    assert_eq!(strange, None, "{:?}", shown.bytes);
}

#[test]
fn a_signal_leaves_no_trace_of_it() {
    for signal in [Signal::INT, Signal::TERM] {
        let home = Home::new();
        home.file("p/package.json", r#"{"name":"a","version":"1.0.0"}"#);
        // It takes no room on the disk and more time to pack than this test has.
        let huge = File::create(home.path("p/huge")).unwrap();
        huge.set_len(7 << 30).unwrap();
        let mut consign = home.consign();
        consign.args(["pack", "--dry-run", "./p"]);
        let terminal = Terminal::start(&mut consign, Streams::Both);
        terminal.wait_for("packing [");
        terminal.wait_for(" of 7.5 GB, 2 files");
        terminal.send(signal);
        let shown = terminal.end();
        assert_eq!(shown.signal, Some(signal.as_raw()), "{}", shown.bytes);
        assert_eq!(screen(&shown.bytes), [""], "{:?}", shown.bytes);
    }
}

#[test]
fn what_is_done_at_once_is_not_shown() {
    let home = Home::new();
    home.file("p/package.json", r#"{"name":"a","version":"1.0.0"}"#);
    let mut consign = home.consign();
    consign.args(["pack", "./p"]);
    let started = Instant::now();
    let shown = run_on_terminal(&mut consign, Streams::Both);
    assert_eq!(shown.code, Some(0), "{}", shown.bytes);
    // A machine with much else to do may make it long.
    let is_long = started.elapsed() >= Duration::from_millis(300);
    assert!(
        is_long || !shown.bytes.contains("\x1b[K"),
        "{:?}",
        shown.bytes
    );
}
