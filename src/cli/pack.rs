//! `consign pack`: tarballs, as `npm pack` writes them.

use std::path::PathBuf;

use super::session::Session;
use crate::error::Error;
use crate::output::contents::{Contents, notice};
use crate::pack::{Packed, Source};

/// Write the tarball of each package directory, as `npm pack`, and print its file name.
#[derive(clap::Args)]
#[expect(
    dead_code,
    reason = "npm's rules read these (`config::Flags`); clap shows them in --help"
)]
pub(super) struct Arguments {
    /// Package directories [default: .]
    #[arg(value_name = "DIR")]
    directories: Vec<PathBuf>,
    /// Do everything but write the file
    #[arg(long)]
    dry_run: bool,
    /// Print an array of objects: digests, sizes and files of each tarball
    #[arg(long)]
    json: bool,
    /// Directory to write to; it has to exist
    #[arg(long, value_name = "DIR", default_value = ".")]
    pack_destination: PathBuf,
    #[command(flatten)]
    common: super::CommonArguments,
}

pub(super) fn run(session: &Session<'_>) -> Result<u8, Error> {
    let default = [".".to_owned()];
    let operands = if session.operands.is_empty() {
        &default
    } else {
        &session.operands[..]
    };
    // All manifests come first: a bad one stops the command before it writes.
    let sources: Vec<Source> = operands
        .iter()
        .map(|operand| Source::read(&session.path(operand)))
        .collect::<Result<_, _>>()?;
    let destination = session.path(session.text("pack-destination").unwrap_or("."));
    let packed: Vec<Packed> = sources
        .iter()
        .map(|source| {
            if session.is_true("dry-run") {
                let list = source.list(&session.printer)?;
                source
                    .write(&list, std::io::sink())
                    .map(|(packed, _)| packed)
            } else {
                source.pack_into(&destination, &session.printer)
            }
        })
        .collect::<Result<_, _>>()?;
    print(session, &packed)?;
    Ok(0)
}

fn print(session: &Session<'_>, packed: &[Packed]) -> Result<(), Error> {
    let printed = if session.is_true("json") {
        session
            .printer
            .json(&packed.iter().map(Contents).collect::<Vec<_>>())
    } else {
        packed.iter().try_for_each(|packed| {
            notice(&session.printer, packed);
            session.printer.data(&packed.filename)
        })
    };
    printed.map_err(|source| Error::System {
        doing: "could not print the result",
        source,
    })
}
