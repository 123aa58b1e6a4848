//! `consign pack` as a user sees it: file names on stdout, notices on stderr, files where they were asked for.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{Home, run};

fn home_with_package() -> Home {
    let home = Home::new();
    home.file(
        "a/package.json",
        r#"{"name":"@s/a","version":"1.0.0","files":["lib"]}"#,
    );
    home.file("a/lib/index.js", "1\n");
    home.file("a/README.md", "# a\n");
    home.file("a/secret.txt", "no\n");
    home
}

#[test]
fn the_file_name_goes_to_stdout_and_the_notices_to_stderr() {
    let home = home_with_package();
    let ran = run(home.consign().args(["pack", "./a"])).success();
    assert_eq!(ran.stdout, "s-a-1.0.0.tgz\n");
    let lines: Vec<_> = ran.stderr.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "consign notice",
            "consign notice 📦  @s/a@1.0.0",
            "consign notice Tarball Contents"
        ]
    );
    assert!(
        lines.contains(&"consign notice 2B lib/index.js"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("secret.txt"), "{}", ran.stderr);
    let mode = fs::metadata(home.path("s-a-1.0.0.tgz"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o600, 0o600);
    assert_ne!(
        mode & 0o777,
        0o600,
        "as any new file, not as a temporary one"
    );
}

#[test]
fn json_is_npms_array_and_dry_runs_write_nothing() {
    let home = home_with_package();
    let ran = run(home.consign().args(["pack", "./a", "--json", "--dry-run"])).success();
    let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
    let keys: Vec<_> = printed[0].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "id",
            "name",
            "version",
            "size",
            "unpackedSize",
            "shasum",
            "integrity",
            "filename",
            "files",
            "entryCount",
            "bundled"
        ]
    );
    let paths: Vec<_> = printed[0]["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| &file["path"])
        .collect();
    assert_eq!(paths, ["README.md", "lib/index.js", "package.json"]);
    assert!(!home.path("s-a-1.0.0.tgz").exists());
}

#[test]
fn several_directories_go_to_one_destination() {
    let home = home_with_package();
    home.file("b/package.json", r#"{"name":"b","version":"2.0.0"}"#);
    let out = home.folder("out");
    let ran = run(home
        .consign()
        .args(["pack", "./a", "./b", "--pack-destination", "out"]))
    .success();
    assert_eq!(ran.stdout, "s-a-1.0.0.tgz\nb-2.0.0.tgz\n");
    let mut names: Vec<_> = fs::read_dir(out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["b-2.0.0.tgz", "s-a-1.0.0.tgz"]);
}

#[test]
fn one_bad_manifest_stops_all_before_anything_is_written() {
    let home = home_with_package();
    home.file("b/package.json", "{");
    let ran = run(home.consign().args(["pack", "./a", "./b"]));
    assert_eq!(ran.code, Some(1));
    assert!(!home.path("s-a-1.0.0.tgz").exists());
}

#[test]
fn a_tarball_that_was_there_is_replaced_and_keeps_its_mode() {
    let home = home_with_package();
    let old = home.file("s-a-1.0.0.tgz", "old");
    fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
    run(home.consign().args(["pack", "./a"])).success();
    assert_ne!(fs::read(&old).unwrap(), b"old");
    assert_eq!(
        fs::metadata(&old).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn silence_leaves_only_the_file_name() {
    let home = home_with_package();
    let ran = run(home.consign().args(["pack", "./a", "-s"])).success();
    assert_eq!(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("s-a-1.0.0.tgz\n", "")
    );
}

#[test]
#[cfg(target_os = "linux")]
fn packing_opens_no_socket_and_no_event_queue() {
    let Some(()) = crate::support::need("strace", run_ok("strace")) else {
        return;
    };
    let home = home_with_package();
    let trace = home.path("trace");
    let binary = home.consign().get_program().to_owned();
    run(home
        .command("strace")
        .args(["-f", "-o"])
        .arg(&trace)
        .args([
            "-e",
            "trace=socket,epoll_create1,epoll_create,eventfd2,io_uring_setup",
        ])
        .arg(binary)
        .args(["pack", "./a"]))
    .success();
    let calls = fs::read_to_string(&trace).unwrap();
    for call in ["socket(", "epoll_create", "eventfd2(", "io_uring_setup("] {
        assert!(
            !calls.contains(call),
            "an async runtime was started:\n{calls}"
        );
    }
}

#[cfg(target_os = "linux")]
fn run_ok(program: &str) -> Option<()> {
    std::process::Command::new(program)
        .arg("-V")
        .output()
        .ok()
        .map(|_| ())
}
