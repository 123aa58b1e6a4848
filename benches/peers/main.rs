//! Packs and publishes the same packages with consign, npm, bun and pnpm in turn, and prints what it took each.
//!
//! ```text
//! tests/peers/setup
//! cargo bench --bench peers -- [--cases tiny,sources] [--clients consign,bun] [--rounds 5]
//! cargo bench --bench peers -- --first-byte [--cases tiny] [--clients consign]
//! cargo bench --bench peers -- --kernel
//! ```
//!
//! A round runs every client once, one after the other (A B C D A B C D), so that a slow minute of the machine falls on
//! all of them; the first round only warms the caches. Publishing goes to a registry in this process, on the loopback
//! interface, that swallows the body. Every client gets an empty home and the environment of no one. The table is
//! Markdown, ready for `docs/performance.md`.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::print_stderr, reason = "progress, while a table is being made")]

mod case;
mod client;
mod kernel;
mod measure;
mod registry;
mod report;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::Parser;

use case::{Case, Job};
use client::Client;
use measure::Measured;
use registry::Registry;
use report::Row;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Debug, Parser)]
#[command(
    name = "peers",
    about = "Packs and publishes the same packages with several clients in turn"
)]
struct Arguments {
    /// The cases, in this order; all but `huge` when left out
    #[arg(long, value_delimiter = ',')]
    cases: Vec<Case>,
    /// The clients, in this order
    #[arg(long, value_delimiter = ',', default_value = "consign,npm,bun,pnpm")]
    clients: Vec<Client>,
    /// Only this job of each case
    #[arg(long)]
    job: Option<Job>,
    /// Measured rounds; `tiny` gets four times as many
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The consign to measure, instead of the one that cargo built
    #[arg(long, env = "CONSIGN_BIN", default_value = env!("CARGO_BIN_EXE_consign"))]
    consign: PathBuf,
    /// Only publishes, and how long each takes from the start of the program to the first byte of the upload; the token
    /// lies in `.npmrc`
    #[arg(long, conflicts_with = "kernel")]
    first_byte: bool,
    /// Only npm's deflate, beside the zlib of Node
    #[arg(long)]
    kernel: bool,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

/// Where the peers and the corpus are, and the registry.
struct Ground {
    root: &'static Path,
    consign: PathBuf,
    registry: Registry,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let ground = Ground {
        root: Path::new(env!("CARGO_MANIFEST_DIR")),
        consign: arguments.consign.clone(),
        registry: Registry::listen()?,
    };
    let cases = if arguments.kernel {
        vec![Case::Javascript]
    } else if arguments.cases.is_empty() {
        Case::usual()
    } else {
        arguments.cases.clone()
    };

    let made = Command::new("node")
        .arg(ground.root.join("benches/peers/corpus.mjs"))
        .args(cases.iter().map(|case| case.name()))
        .status()?;
    if !made.success() {
        return Err("the corpus could not be made".into());
    }

    print!("{}", report::machine(&ground, &arguments.clients)?);
    if arguments.kernel {
        print!("\n{}", kernel::table(&ground, arguments.rounds)?);
        return Ok(());
    }
    let header = if arguments.first_byte {
        report::FIRST_BYTE_HEADER
    } else {
        report::HEADER
    };
    println!("\n{header}");
    for case in cases {
        for &job in case.jobs() {
            let only = if arguments.first_byte {
                Some(Job::Publish)
            } else {
                arguments.job
            };
            if only.is_some_and(|only| only != job) {
                continue;
            }
            let rounds = if case == Case::Tiny {
                arguments.rounds * 4
            } else {
                arguments.rounds
            };
            for row in measured(&ground, case, job, &arguments.clients, rounds) {
                if arguments.first_byte {
                    println!("{}", row.first_byte());
                } else {
                    println!("{row}");
                }
            }
        }
    }
    Ok(())
}

/// The rows of one case and job: all clients in turn, one round to warm up and `rounds` that count.
fn measured(ground: &Ground, case: Case, job: Job, clients: &[Client], rounds: usize) -> Vec<Row> {
    let clients: Vec<Client> = clients
        .iter()
        .copied()
        .filter(|client| client.can(case, job))
        .collect();
    let mut runs: Vec<Vec<Measured>> = clients.iter().map(|_| Vec::new()).collect();
    let mut failed = vec![false; clients.len()];
    for round in 0..=rounds {
        for ((client, runs), failed) in clients.iter().zip(&mut runs).zip(&mut failed) {
            if *failed {
                continue;
            }
            let measured = match client.run(ground, case, job) {
                Ok(measured) => measured,
                // The others can still be compared; its row says so.
                Err(error) => {
                    eprintln!("{} {job} with {client}: {error}", case.name());
                    *failed = true;
                    runs.clear();
                    continue;
                }
            };
            eprintln!(
                "{} {job} with {client}, round {round}: {:.3} s, {} MiB",
                case.name(),
                measured.wall.as_secs_f64(),
                measured.peak_memory >> 20
            );
            if round > 0 {
                runs.push(measured);
            }
        }
    }
    report::rows(case, job, &clients, &runs)
}
