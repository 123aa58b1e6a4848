//! What `--help` shows.

use crate::support::{Home, run};

fn help(words: &[&str]) -> String {
    let home = Home::new();
    run(home.consign().args(words).arg("--help"))
        .success()
        .stdout
}

/// The names that stand at the beginning of the lines below a heading, up to the next empty line.
fn below<'h>(help: &'h str, heading: &str) -> Vec<&'h str> {
    help.lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn commands_are_grouped_by_what_they_are_for() {
    let help = help(&[]);
    for (heading, commands) in [
        (
            "Publishing:",
            &["pack", "publish", "doctor", "rehearse"][..],
        ),
        ("CodeArtifact:", &["setup", "token", "login", "sandbox"]),
        ("Registry:", &["whoami", "ping"]),
        ("Shell:", &["completions", "man", "help"]),
    ] {
        assert_eq!(below(&help, heading), commands, "{help}");
    }
    assert!(help.contains("\nUsage: consign <COMMAND>\n"), "{help}");
    assert!(help.contains("\nOptions:\n  -h, --help"), "{help}");
}

#[test]
fn flags_are_grouped_and_followed_by_examples() {
    let commands = [
        "pack",
        "publish",
        "doctor",
        "rehearse",
        "setup",
        "token",
        "login",
        "sandbox",
        "whoami",
        "ping",
        "completions",
        "man",
    ];
    for command in commands {
        let help = help(&[command]);
        let (flags, examples) = help.split_once("\nExamples:\n").expect(&help);
        let examples: Vec<_> = examples.lines().collect();
        assert!(examples.iter().all(|line| line.starts_with("  ")), "{help}");
        assert!(
            examples
                .iter()
                .any(|line| line.contains(&format!("consign {command}"))),
            "{help}"
        );
        if !matches!(command, "completions" | "man") {
            let (_, output) = flags.split_once("\nOutput:\n").expect(&help);
            assert!(output.contains("--no-color"), "{help}");
        }
    }
    let help = help(&["publish"]);
    let headings: Vec<_> = help
        .lines()
        .filter(|line| line.ends_with(':') && !line.starts_with(' '))
        .collect();
    assert_eq!(
        headings,
        [
            "Arguments:",
            "Options:",
            "What is packed:",
            "Workspaces:",
            "Configuration:",
            "Output:",
            "AWS:",
            "Examples:"
        ]
    );
}
