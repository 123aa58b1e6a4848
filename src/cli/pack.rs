//! `consign pack`: tarballs, as `npm pack` writes them.

use std::path::PathBuf;

use super::scripts::SessionScripts;
use super::session::Session;
use crate::error::Error;
use crate::manifest::Manifest;
use crate::output::contents::{Contents, notice};
use crate::pack::{Packed, Packer};

/// Write the tarball of each package directory, as `npm pack`, and print its file name.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    consign pack                              # the package of this directory\n  \
    consign pack --dry-run                    # what would be in it\n  \
    consign pack --json ./a ./b | jq '.[].integrity'\n  \
    consign pack -ws --pack-destination dist  # all workspaces")]
pub(super) struct Arguments {
    /// Package directories [default: .]
    #[arg(value_name = "DIR")]
    directories: Vec<PathBuf>,
    /// Do everything but write the file
    #[arg(long)]
    dry_run: bool,
    /// Directory to write to; it has to exist
    #[arg(long, value_name = "DIR", default_value = ".")]
    pack_destination: PathBuf,
    #[command(flatten)]
    common: super::CommonArguments,
    /// Print an array of objects: digests, sizes and files of each tarball
    #[arg(long, help_heading = "Output")]
    json: bool,
}

pub(super) fn run(session: &Session<'_>) -> Result<u8, Error> {
    let selected = session.selected()?;
    let selected: Option<Vec<PathBuf>> =
        selected.map(|members| members.into_iter().map(|member| member.directory).collect());
    let operands = session.operands.iter().map(|operand| session.path(operand));
    let directories: Vec<PathBuf> = match &selected {
        Some(members) => {
            let here = session.path(".");
            members
                .iter()
                .cloned()
                .chain(operands.filter(|path| *path != here))
                .collect()
        }
        None if session.operands.is_empty() => vec![session.path(".")],
        None => operands.collect(),
    };
    // All manifests come first: a bad one stops the command before it writes.
    let manifests: Vec<Manifest> = directories
        .iter()
        .map(|directory| Manifest::read_to_pack(directory))
        .collect::<Result<_, _>>()?;
    let request = session.config.request_settings(session.config.flat())?;
    let packer = Packer {
        options: session.pack_options(selected.as_deref()),
        scripts: &SessionScripts::new(session, "pack"),
        log: &session.printer,
    };
    let packed: Vec<Packed> = manifests
        .iter()
        .map(|manifest| {
            if session.settings.dry_run {
                packer.pack_dry(manifest)
            } else {
                packer.pack_into(manifest, &request.pack_destination)
            }
        })
        .collect::<Result<_, _>>()?;
    print(session, &packed)?;
    Ok(0)
}

fn print(session: &Session<'_>, packed: &[Packed]) -> Result<(), Error> {
    let printed = if session.settings.json {
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
