//! `consign login` beside `aws codeartifact login --tool npm`, run for real.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use super::{ROLES, stranger};
use crate::support::{Home, Peer, Peers, Sandbox, run};

/// `consign login`, with everything that the sandbox says of itself.
fn login(sandbox: &Sandbox, home: &Home) -> Command {
    let mut command = stranger(sandbox, home);
    command.envs(&sandbox.environment).arg("login");
    command
}

/// The text with each token's place marked, however long it is.
fn masked(text: &str) -> String {
    let lines = text
        .split_inclusive('\n')
        .map(|line| match line.split_once(":_authToken=ey") {
            Some((key, rest)) => {
                let end: String = rest.chars().filter(|c| matches!(c, '\r' | '\n')).collect();
                format!("{key}:_authToken=TOKEN{end}")
            }
            None => line.to_owned(),
        });
    lines.collect()
}

fn npmrc(home: &Home) -> String {
    fs::read_to_string(home.path("home/.npmrc")).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn other_lines_and_links_stay_and_twice_is_once() {
    let sandbox = Sandbox::with(ROLES);
    let url = sandbox.variable("CONSIGN_REGISTRY");
    let key = url.strip_prefix("http:").unwrap();
    for (before, after) in [
        (
            String::new(),
            format!("registry={url}\n{key}:_authToken=TOKEN\n"),
        ),
        (
            "; mine\r\n# and\r\nsave-exact=true".into(),
            format!(
                "; mine\r\n# and\r\nsave-exact=true\r\nregistry={url}\r\n{key}:_authToken=TOKEN\r\n"
            ),
        ),
        (
            format!(
                "registry = https://registry.example.com/\n{key}:_authToken=old\n//other/:_authToken=kept\n"
            ),
            format!("registry={url}\n{key}:_authToken=TOKEN\n//other/:_authToken=kept\n"),
        ),
        (
            "a=1\n[section]\nregistry=swallowed\n".into(),
            format!("a=1\nregistry={url}\n{key}:_authToken=TOKEN\n[section]\nregistry=swallowed\n"),
        ),
    ] {
        let home = Home::new();
        // The file is a link to where dotfiles are kept.
        let real = home.file("dotfiles/npmrc", &before);
        fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
        symlink(&real, home.path("home/.npmrc")).unwrap();
        let shown = run(login(&sandbox, &home).arg("--dry-run")).success();
        assert!(
            shown.stdout.contains(&format!("{key}:_authToken=****\n")),
            "{}",
            shown.stdout
        );
        assert_eq!(npmrc(&home), before, "a dry run writes nothing");
        for _ in 0..2 {
            let ran = run(&mut login(&sandbox, &home)).success();
            assert!(
                !ran.stderr.contains("eyJ") && ran.stdout.is_empty(),
                "{}",
                ran.stderr
            );
            assert_eq!(masked(&npmrc(&home)), after);
        }
        assert!(home.path("home/.npmrc").is_symlink());
        assert_eq!(mode(&real), 0o600);
        assert_eq!(
            fs::read_dir(home.path("dotfiles")).unwrap().count(),
            1,
            "nothing is left over"
        );
    }
}

#[test]
fn a_project_names_the_registry_and_never_holds_the_token() {
    let sandbox = Sandbox::with(ROLES);
    let url = sandbox.variable("CONSIGN_REGISTRY");
    let key = url.strip_prefix("http:").unwrap();
    let home = Home::new();
    home.file(
        "w/package.json",
        r#"{"name":"w","version":"1.0.0","workspaces":["a"]}"#,
    );
    home.file("w/a/package.json", r#"{"name":"a","version":"1.0.0"}"#);
    let project = home.file("w/.npmrc", "fund=false\n");
    fs::set_permissions(&project, fs::Permissions::from_mode(0o640)).unwrap();
    // In a member, where `aws codeartifact login` fails with ENOWORKSPACES.
    run(login(&sandbox, &home)
        .args(["--location=project", "--scope=acme", "--always-auth"])
        .current_dir(home.path("w/a")))
    .success();
    assert_eq!(
        fs::read_to_string(&project).unwrap(),
        format!("fund=false\n@acme:registry={url}\n{key}:always-auth=true\n")
    );
    assert_eq!(mode(&project), 0o640);
    assert_eq!(masked(&npmrc(&home)), format!("{key}:_authToken=TOKEN\n"));
    // What counts before the line that is written is said.
    fs::write(&project, "registry=https://registry.example.com/\n").unwrap();
    let ran = run(login(&sandbox, &home)
        .args(["--domain", sandbox.variable("CONSIGN_DOMAIN")])
        .args(["--repository", sandbox.variable("CONSIGN_REPOSITORY")])
        .current_dir(home.path("w")))
    .success();
    assert!(
        ran.stderr.contains("w/.npmrc:1 counts before"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_cannot_be_is_said_and_takes_no_token() {
    let sandbox = Sandbox::with(ROLES);
    let home = Home::new();
    for (arguments, code, words) in [
        (
            &["--registry=https://registry.npmjs.org/"][..],
            1,
            "not a registry of CodeArtifact",
        ),
        (&["--domain=other"], 1, "was not found"),
        (&["--scope=a/b"], 2, "@acme"),
        (&["--duration=60"], 2, "900 to 43200"),
        (&["--userconfig=home"], 1, "could not"),
        (&["--location=global"], 2, "possible values"),
        (
            &["--domain=sandbox", "--registry=http://127.0.0.1:9/"],
            2,
            "give one of the two",
        ),
    ] {
        let ran = run(login(&sandbox, &home).args(arguments));
        assert_ne!(ran.code, Some(0), "{arguments:?}");
        if arguments != ["--domain=other"] && arguments != ["--userconfig=home"] {
            assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(words), "{words:?} in {}", ran.stderr);
        }
        assert!(!home.path("home/.npmrc").exists(), "{arguments:?}");
    }
    assert_eq!(sandbox.count("sts:GetServiceBearerToken"), 0);
}

#[test]
fn npm_reads_it_as_it_reads_the_aws_clis() {
    let Some(peers) = Peers::installed() else {
        return;
    };
    let sandbox = Sandbox::with(ROLES);
    let before = "; kept\nsave-exact=true\nregistry=https://registry.example.com/\n";
    let (ours, theirs) = (Home::new(), Home::new());
    for scope in [None, Some("@acme")] {
        for home in [&ours, &theirs] {
            home.npmrc(before);
        }
        let mut command = login(&sandbox, &ours);
        command
            .args(["--domain", sandbox.variable("CONSIGN_DOMAIN")])
            .args(["--repository", sandbox.variable("CONSIGN_REPOSITORY")]);
        command.args(scope.map(|scope| format!("--scope={scope}")));
        run(&mut command).success();

        let mut command = peers.command(Peer::Aws, &theirs);
        let path = format!(
            "{}:{}",
            peers.script(".installed/bin").display(),
            std::env::var("PATH").unwrap()
        );
        command
            .env("PATH", path)
            .env("NPM_CONFIG_USERCONFIG", theirs.path("home/.npmrc"))
            .envs(&sandbox.environment)
            .args(["codeartifact", "login", "--tool", "npm"])
            .args(["--domain", sandbox.variable("CONSIGN_DOMAIN")])
            .args(["--domain-owner", sandbox.variable("CONSIGN_DOMAIN_OWNER")])
            .args(["--repository", sandbox.variable("CONSIGN_REPOSITORY")]);
        command.args(scope.iter().flat_map(|scope| ["--namespace", scope]));
        run(&mut command).success();

        // npm's own view of both files: it leaves the credentials out.
        let read = |home: &Home| {
            let ran = run(peers
                .command(Peer::Npm, home)
                .args(["config", "list", "--json"]))
            .success();
            let mut read: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
            let own = home.path("").display().to_string();
            for value in read.as_object_mut().unwrap().values_mut() {
                if let Some(text) = value.as_str() {
                    *value = text.replace(own.trim_end_matches('/'), "HOME").into();
                }
            }
            read
        };
        assert_eq!(read(&ours), read(&theirs), "{scope:?}");
        let lines = |home: &Home| {
            let text = masked(&npmrc(home));
            let lines = text.lines().filter(|line| !line.starts_with(';'));
            let mut lines: Vec<String> = lines.map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(lines(&ours), lines(&theirs), "{scope:?}");
        // `npm config set`, which the AWS CLI leaves it to, throws comments away.
        assert!(npmrc(&ours).starts_with("; kept\nsave-exact=true\n"));
        let with_registry = |home: &Home| {
            let mut ping = peers.command(Peer::Npm, home);
            ping.args(["ping", "--registry", sandbox.variable("CONSIGN_REGISTRY")]);
            run(&mut ping).success();
        };
        with_registry(&ours);
        with_registry(&theirs);
    }
}
