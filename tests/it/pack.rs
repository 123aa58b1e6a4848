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
fn another_compression_level_gives_another_size_and_the_same_files() {
    let home = home_with_package();
    home.file("a/lib/text.js", "let a = 1;\n".repeat(1_000));
    let packed = |level: Option<&str>| {
        let mut command = home.consign();
        command.args(["pack", "./a", "--json", "--dry-run"]);
        command.args(level.map(|level| format!("--compression-level={level}")));
        let ran = run(&mut command).success();
        let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
        let (size, files) = (printed[0]["size"].as_u64(), printed[0]["files"].clone());
        (size.unwrap(), files, ran.stderr)
    };
    let (npm, files, _) = packed(None);
    let (stored, stored_files, said) = packed(Some("0"));
    assert!(stored > 11_000 && npm < 1_000, "{stored} {npm}");
    assert_eq!(files, stored_files);
    assert!(!said.contains("invalid"), "{said}");
    let (_, _, said) = packed(Some("10"));
    assert!(said.contains("Must be one of: null, 0, 1"), "{said}");
}

#[test]
fn a_reader_that_leaves_hears_no_error() {
    let home = home_with_package();
    let mut command = home.consign();
    command.args(["pack", "./a", "--json", "--dry-run"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = command.stdout(writer).stderr(std::process::Stdio::piped());
    let output = child.spawn().unwrap().wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(!output.status.success());
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
