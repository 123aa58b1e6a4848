//! The command as clap knows it: what `--help` shows, and what shells and `man` are taught.

use clap::builder::StyledStr;
use clap::{Command, CommandFactory as _};

use super::Arguments;

/// What the commands are for, and which they are.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Publishing", &["pack", "publish", "doctor", "rehearse"]),
    ("CodeArtifact", &["setup", "token", "login", "sandbox"]),
    ("Registry", &["whoami", "ping"]),
    ("Shell", &["completions", "man", "help"]),
];

const EXAMPLES: &str = "Examples:";

/// The whole command.
pub(super) fn command() -> Command {
    let command = Arguments::command()
        .mut_subcommands(with_styled_examples)
        .after_help(
            "A command's own flags and examples: consign COMMAND --help\n\
             Exit statuses of a publish: consign publish --help",
        );
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}{}\n{{options}}{{after-help}}",
        grouped_commands(&command),
        header(&command, "Options:"),
    );
    command.help_template(StyledStr::from(template))
}

/// clap knows one list of commands; this takes it apart into groups, each under its heading.
fn grouped_commands(command: &Command) -> String {
    let mut listing = command
        .clone()
        .help_template("{subcommands}")
        .mut_subcommands(|subcommand| {
            let place = place(subcommand.get_name());
            subcommand.display_order(place)
        });
    let listing = listing.render_help().ansi().to_string();
    let mut entries: Vec<String> = Vec::new();
    for line in listing.lines() {
        // A description that goes on in the next line is indented further.
        match entries.last_mut() {
            Some(entry) if line.starts_with("   ") => {
                entry.push('\n');
                entry.push_str(line);
            }
            _ => entries.push(line.to_owned()),
        }
    }
    let mut entries = entries.into_iter();
    let mut text = String::new();
    for (group, names) in GROUPS {
        text.push_str(&header(command, &format!("{group}:")));
        text.push('\n');
        for entry in entries.by_ref().take(names.len()) {
            text.push_str(&entry);
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

/// Where in all groups a command stands.
fn place(name: &str) -> usize {
    let names = GROUPS.iter().flat_map(|(_, names)| names.iter());
    names.take_while(|candidate| **candidate != name).count()
}

fn header(command: &Command, text: &str) -> String {
    let style = command.get_styles().get_header();
    format!("{style}{text}{style:#}")
}

/// Examples under a heading like any other.
fn with_styled_examples(command: Command) -> Command {
    let after = command.get_after_help().map(ToString::to_string);
    let Some(examples) = after
        .as_deref()
        .and_then(|after| after.strip_prefix(EXAMPLES))
    else {
        return command;
    };
    let text = format!("{}{examples}", header(&command, EXAMPLES));
    command.after_help(StyledStr::from(text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_command_is_in_one_group() {
        let mut command = command();
        command.build();
        let known: BTreeSet<&str> = command.get_subcommands().map(Command::get_name).collect();
        let listed: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        assert_eq!(listed.len(), known.len());
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), known);
    }

    #[test]
    fn every_command_has_examples() {
        for command in command().get_subcommands() {
            let after = command.get_after_help().map(ToString::to_string);
            let after = after.unwrap_or_default();
            assert!(after.starts_with(EXAMPLES), "{}", command.get_name());
            let name = format!("consign {}", command.get_name());
            assert!(after.contains(&name), "{after}");
        }
    }
}
