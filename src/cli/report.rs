//! Errors as they are told: on stderr in npm's layout, and as an object on
//! stdout when JSON is asked for.

use std::error::Error as _;
use std::io::ErrorKind;

use miette::{GraphicalReportHandler, GraphicalTheme, ThemeCharacters, ThemeStyles};
use serde_json::{Map, Value, json};

use super::display;
use crate::environment::Environment;
use crate::error::Error;
use crate::lifecycle::ScriptError;
use crate::output::redact::redact;
use crate::output::{Colors, Level, Log as _, Printer};

/// Tells an error and returns the exit status it ends with.
pub(super) fn error(printer: &Printer, as_json: bool, error: &Error) -> u8 {
    // Who closed stdout (`consign pack --json | head`) does not want to hear more.
    if matches!(error, Error::System { source, .. } if source.kind() == ErrorKind::BrokenPipe) {
        return error.exit_status();
    }
    let causes = causes(error);
    let say = |text: &str| printer.log(Level::Error, "", &redact(text));
    if let Some(code) = error.code() {
        say(&format!("code {code}"));
    }
    if let Some(outcome) = error.outcome() {
        say(&format!("outcome {outcome}"));
    }
    say(&error.to_string());
    for cause in &causes {
        say(cause);
    }
    if let Error::Script(error) = error {
        // What npm collected, it shows when the script has failed.
        let output = error.output().into_iter();
        for text in output.flat_map(|output| [&output.stdout, &output.stderr]) {
            let text = String::from_utf8_lossy(text);
            if !text.trim().is_empty() {
                say(text.trim());
            }
        }
    }
    if let Some(window) = source_window(error, printer.colors().stderr) {
        say(&window);
    }
    if let Some(hint) = error.hint() {
        let hint = format!("next: {hint}");
        if error.web_login().is_some() {
            printer.log(Level::Error, "", &hint);
        } else {
            say(&hint);
        }
    }
    let mut summary = vec![error.to_string()];
    summary.extend(causes);
    printer.annotate(
        error.outcome().or(error.code().as_deref()),
        &redact(&summary.join(": ")),
    );
    if as_json {
        // Nobody is left to tell when stdout is closed.
        let _ = printer.json(&json!({ "error": error_object(error) }));
    }
    error.exit_status()
}

/// An error as an object: npm's `code`, `summary` and `detail`, and the outcome
/// where a publish got as far as one.
pub(super) fn error_object(error: &Error) -> Value {
    let mut object = Map::new();
    match (error, error.code()) {
        // A script's status is a number to npm.
        (Error::Script(ScriptError::Exited { status, .. }), _) => {
            object.insert("code".into(), (*status).into());
        }
        (_, Some(code)) => {
            object.insert("code".into(), code.into());
        }
        (_, None) => {}
    }
    let summary = error.chain();
    // npm has the status of this one in front of its lines.
    let summary = summary.strip_prefix("404 ").unwrap_or(&summary);
    object.insert("summary".into(), redact(summary).into());
    let detail = error.hint().unwrap_or_default();
    if let Some(web) = error.web_login() {
        object.insert("detail".into(), detail.into());
        object.insert("authUrl".into(), web.auth_url.as_str().into());
        object.insert("doneUrl".into(), web.done_url.as_str().into());
    } else {
        object.insert("detail".into(), redact(&detail).into());
    }
    if let Some(outcome) = error.outcome() {
        object.insert("outcome".into(), outcome.into());
    }
    Value::Object(object)
}

/// Tells an error that came before there was a configuration to obey.
pub(super) fn before_session(error: &Error, words: &[String], environment: &Environment) -> u8 {
    let printer = Printer::standard(Level::default(), false)
        .for_github(on_github(environment))
        .with_colors(display::colors(words, environment));
    self::error(&printer, false, error)
}

/// Whether this is a step of GitHub Actions, which reads annotations.
pub(super) fn on_github(environment: &Environment) -> bool {
    environment.variable("GITHUB_ACTIONS").as_deref() == Some("true")
}

/// Tells what is wrong with the arguments, or the help that was asked for.
pub(super) fn usage(error: &clap::Error, colors: Colors) -> u8 {
    let text = error.render();
    let to_stderr = error.use_stderr();
    let is_colored = if to_stderr {
        colors.stderr
    } else {
        colors.stdout
    };
    let text = if is_colored {
        text.ansi().to_string()
    } else {
        text.to_string()
    };
    let printer = Printer::standard(Level::default(), false);
    if to_stderr {
        printer.aside(text.trim_end_matches('\n'));
    } else {
        // Nobody is left to tell when the stream is closed.
        let _ = printer.data(text.trim_end_matches('\n'));
    }
    u8::try_from(error.exit_code()).unwrap_or(2)
}

/// The error's sources, outermost first.
fn causes(error: &Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes
}

/// The lines of the file around the place an error is about.
fn source_window(error: &Error, is_colored: bool) -> Option<String> {
    let mut window = String::new();
    let theme = GraphicalTheme {
        characters: ThemeCharacters::unicode(),
        styles: if is_colored {
            ThemeStyles::ansi()
        } else {
            ThemeStyles::none()
        },
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(100)
        .render_report(&mut window, error.diagnostic()?)
        .ok()?;
    Some(window.trim_end().to_owned())
}
