//! How to print where there is no configuration to obey: for help, for commands that read none, and for errors that came
//! before it. npm's own decides all the same, as far as it can be read.

use super::report;
use crate::config::{self, Config, Flags};
use crate::environment::Environment;
use crate::output::{Colors, Level, Printer};

/// What every command may be told about its looks.
#[derive(clap::Args, Debug, Default)]
#[command(next_help_heading = "Output")]
pub(super) struct DisplayArguments {
    /// Show colours: `true` where there is a terminal, `false`, or `always`; by default true unless `NO_COLOR` is set
    #[arg(
        long,
        value_name = "WHEN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = ["true", "false", "always"],
        hide_possible_values = true
    )]
    color: Option<String>,
    /// Show no colours
    #[arg(long, overrides_with = "color")]
    no_color: bool,
    /// Draw no progress bar. There is none anyway for what is done at once, in CI, with --json, and where stderr is no
    /// terminal
    #[arg(long)]
    no_progress: bool,
}

impl DisplayArguments {
    /// The flags, as npm's own would be given.
    pub(super) fn words(&self) -> Vec<String> {
        let color = self.color.as_ref().map(|when| format!("--color={when}"));
        let no_color = self.no_color.then(|| "--no-color".to_owned());
        let no_progress = self.no_progress.then(|| "--no-progress".to_owned());
        [color, no_color, no_progress]
            .into_iter()
            .flatten()
            .collect()
    }

    /// A printer for a command that has no session.
    pub(super) fn printer(&self, environment: &Environment, as_json: bool) -> Printer {
        let settings = configuration(&self.words(), environment).map(|config| config.settings());
        Printer::standard(Level::default(), true)
            .for_github(report::on_github(environment))
            .with_colors(
                settings
                    .as_ref()
                    .map_or_else(|| colors(&self.words(), environment), |s| s.colors),
            )
            .with_progress(settings.is_some_and(|settings| settings.progress) && !as_json)
    }
}

/// Which streams show colours, for a command line of which no more than its words is known.
pub(super) fn colors(words: &[String], environment: &Environment) -> Colors {
    if let Some(config) = configuration(words, environment) {
        return config.settings().colors;
    }
    // It cannot be read, and somebody is to be told why.
    let given = Flags::parse(words.to_vec(), environment).ok();
    let given = given.and_then(|flags| {
        let mut values = flags.values.into_iter();
        values.find(|(key, _)| key == "color")
    });
    config::colors(given.map(|(_, value)| value).as_ref(), environment)
}

fn configuration(words: &[String], environment: &Environment) -> Option<Config> {
    Config::load(environment, Flags::parse(words.to_vec(), environment).ok()?).ok()
}
