//! How consign behaves towards who runs it: terminals, shells and `man`, and GitHub Actions.

#[cfg(target_os = "linux")]
mod colors;
mod help;
#[cfg(target_os = "linux")]
mod progress;

use crate::support::{Answer, Home, Scripted, run};

#[test]
fn completions_and_pages_name_every_command() {
    let home = Home::new();
    let help = run(home.consign().arg("--help")).success().stdout;
    let commands: Vec<_> = help
        .lines()
        .take_while(|line| *line != "Options:")
        // A description that goes on in the next line is indented further.
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty())
        .collect();
    assert!(
        commands.contains(&"publish") && commands.contains(&"man"),
        "{help}"
    );
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = run(home.consign().args(["completions", shell]))
            .success()
            .stdout;
        for command in &commands {
            assert!(script.contains(command), "{shell} lacks {command}");
        }
        assert!(script.contains("pack-destination"), "{shell} lacks a flag");
    }
    let page = run(home.consign().arg("man")).success().stdout;
    assert!(page.contains(".TH consign 1"), "{page}");
    let page = run(home.consign().args(["man", "publish"]))
        .success()
        .stdout;
    assert!(
        page.contains("consign\\-publish") && page.contains("\\-\\-otp"),
        "{page}"
    );
    let ran = run(home.consign().args(["man", "no-such"]));
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("no command no-such"), "{}", ran.stderr);
}

#[test]
fn every_flag_for_the_version_says_the_same() {
    let home = Home::new();
    // The last one is read by clap.
    for flags in [&["--version"][..], &["-V"], &["-v"], &["-V", "sandbox"]] {
        let said = run(home.consign().args(flags)).success().stdout;
        let expected = concat!("consign ", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(said, expected, "{flags:?}");
    }
}

#[test]
fn a_step_of_github_actions_gets_an_annotation_and_a_summary() {
    let secret = "npm_0123456789abcdefghijklmnopqrstuvwxyz";
    let home = Home::new();
    home.file("p/package.json", r#"{"name":"@a/b_c","version":"1.0.0"}"#);
    let registry = Scripted::start(move |asked, _| match asked.method.as_str() {
        "PUT" => Answer::Reply(400, "text/plain", format!("no\n::warning::{secret}")),
        _ => Answer::Reply(404, "text/plain", String::new()),
    });
    home.npmrc(&registry.npmrc(secret));
    let publish = |on_github: &str| {
        run(home
            .consign()
            .args(["publish", "./p", "--wait=0", "--fetch-retries=0"])
            .env("GITHUB_ACTIONS", on_github)
            .env("GITHUB_STEP_SUMMARY", home.path("summary.md")))
    };
    let annotations = |stderr: &str| -> Vec<String> {
        let lines = stderr.lines().filter(|line| line.starts_with("::"));
        lines.map(str::to_owned).collect()
    };

    let ran = publish("true");
    assert_eq!(ran.code, Some(14), "{}", ran.stderr);
    let told = annotations(&ran.stderr);
    assert_eq!(told.len(), 1, "{}", ran.stderr);
    assert!(
        told[0].starts_with("::error title=consign%3A rejected::"),
        "{told:?}"
    );
    assert!(!ran.stderr.contains(secret), "{}", ran.stderr);
    let summary = std::fs::read_to_string(home.path("summary.md")).unwrap();
    assert!(
        summary.starts_with("- **@a/b\\_c@1.0.0** rejected: "),
        "{summary}"
    );
    assert!(!summary.contains(secret), "{summary}");

    // Elsewhere nothing of that is said or written.
    std::fs::remove_file(home.path("summary.md")).unwrap();
    let ran = publish("");
    assert_eq!(annotations(&ran.stderr), [""; 0]);
    assert!(!home.path("summary.md").exists());
}
