//! `consign rehearse`: a whole publish against the embedded look-alike.

use std::path::PathBuf;
use std::time::Instant;

use serde::Serialize;

use super::display::DisplayArguments;
use super::report;
use super::session::current_thread;
use crate::environment::Environment;
use crate::error::Error;
use crate::output::{Color, Printer};
use crate::pack::{NoScripts, PackOptions, Packer};
use crate::rehearse::{Step, rehearse};

/// Publishes a package to an embedded look-alike of `CodeArtifact` and reads it back: token,
/// upload, packument, tarball. No account and no network needed, nothing left behind.
/// Lifecycle scripts are not run.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    consign rehearse  # no account and no network needed\n  \
    consign rehearse ./packages/tool --json")]
pub(super) struct Arguments {
    /// Package directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// dist-tag to publish under
    #[arg(long, default_value = "latest")]
    tag: String,
    /// Pack package.json as it is, as npm does: `workspace:` and `catalog:` ranges, and
    /// publishConfig's fields, are not resolved
    #[arg(long)]
    no_rewrite: bool,
    #[command(flatten)]
    display: DisplayArguments,
    /// Print the steps as one JSON object
    #[arg(long, help_heading = "Output")]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    id: &'a str,
    integrity: String,
    ok: bool,
    steps: &'a [Step],
}

pub(super) fn run(arguments: &Arguments, environment: &Environment) -> u8 {
    let printer = arguments.display.printer(environment, arguments.json);
    match rehearsal(arguments, environment, &printer) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => report::error(&printer, arguments.json, &error),
    }
}

fn rehearsal(
    arguments: &Arguments,
    environment: &Environment,
    printer: &Printer,
) -> Result<bool, Error> {
    let started = Instant::now();
    let directory = environment.current_directory().join(&arguments.directory);
    let packer = Packer {
        options: PackOptions {
            is_verbatim: arguments.no_rewrite,
            ..PackOptions::default()
        },
        scripts: &NoScripts,
        log: printer,
    };
    let release = packer.pack_release(&directory)?;
    let packed = &release.packed;
    let mut steps = Vec::new();
    let mut printed = Ok(());
    let mut on_step = |step: Step| {
        if !arguments.json && printed.is_ok() {
            printed = printer.data(&line(printer, &step));
        }
        steps.push(step);
    };
    on_step(Step {
        name: "pack",
        result: format!(
            "{}: {} files, {} bytes",
            packed.filename,
            packed.listing.len(),
            packed.digests.size
        ),
        ok: true,
        time: started.elapsed(),
    });
    let runtime = current_thread()?;
    let ok = runtime.block_on(rehearse(&release, &arguments.tag, printer, &mut on_step))?;
    let report = Report {
        id: &packed.id,
        integrity: packed.digests.integrity.to_string(),
        ok,
        steps: &steps,
    };
    if arguments.json {
        printed = printer.json(&report);
    } else if printed.is_ok() {
        let verdict = if ok { "rehearsed" } else { "not published" };
        printed = printer.data(&format!("{verdict}: {}", packed.id));
    }
    printed.map_err(|source| Error::System {
        doing: "could not print the steps",
        source,
    })?;
    Ok(ok)
}

fn line(printer: &Printer, step: &Step) -> String {
    let mark = if step.ok {
        printer.painted(Color::Green, "ok  ")
    } else {
        printer.painted(Color::Red, "FAIL")
    };
    format!(
        "{mark} {:<10} {:>8.1} ms  {}",
        step.name,
        step.time.as_secs_f64() * 1e3,
        step.result
    )
}
