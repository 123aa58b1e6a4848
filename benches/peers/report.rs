//! The table: medians, ratios, memory, and whether the bytes are npm's.

use std::fmt::{self, Write as _};
use std::fs;
use std::time::Duration;

use crate::case::{Case, Job};
use crate::client::Client;
use crate::measure::Measured;
use crate::{Ground, Result};

/// The table's first two lines.
pub(crate) const HEADER: &str = "\
| case | job | client | median | fastest | CPU | to npm | to consign | peak memory | shipped | npm's bytes |
|---|---|---|--:|--:|--:|--:|--:|--:|--:|---|";

/// The first two lines of the table about first bytes.
pub(crate) const FIRST_BYTE_HEADER: &str = "\
| case | client | to the first byte of the upload, median | fastest | whole publish, median |
|---|---|--:|--:|--:|";

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    case: Case,
    job: Job,
    client: Client,
    failed: bool,
    wall: Duration,
    fastest: Duration,
    cpu: Duration,
    /// To the first byte of the upload, of each run.
    first_bytes: Vec<Duration>,
    /// The median to npm's and to consign's, where they ran.
    to_npm: Option<f64>,
    to_consign: Option<f64>,
    peak_memory: u64,
    bytes: u64,
    npm_bytes: Option<bool>,
}

/// One row for each client of a case, from its runs in the same order.
pub(crate) fn rows(case: Case, job: Job, clients: &[Client], runs: &[Vec<Measured>]) -> Vec<Row> {
    let of = |wanted: Client| {
        clients
            .iter()
            .position(|&client| client == wanted)
            .and_then(|at| runs.get(at))
            .filter(|runs| !runs.is_empty())
    };
    let npm = of(Client::Npm);
    let consign = of(Client::Consign);
    let wall = |runs: &[Measured]| median(runs.iter().map(|run| run.wall));
    let ratio = |runs: &[Measured], other: Option<&Vec<Measured>>| {
        other.map(|other| wall(runs).as_secs_f64() / wall(other).as_secs_f64())
    };
    let integrities = |runs: &[Measured]| {
        let first = runs
            .first()
            .map(|run| run.shipped.integrities.clone())
            .unwrap_or_default();
        // Compared only where every run gave the same, and gave any.
        let steady = runs.iter().all(|run| run.shipped.integrities == first);
        (steady && !first.is_empty()).then_some(first)
    };
    clients
        .iter()
        .zip(runs)
        .map(|(&client, runs)| Row {
            case,
            job,
            client,
            failed: runs.is_empty(),
            wall: wall(runs),
            fastest: runs.iter().map(|run| run.wall).min().unwrap_or_default(),
            cpu: median(runs.iter().map(|run| run.cpu)),
            first_bytes: runs.iter().filter_map(|run| run.first_byte).collect(),
            to_npm: ratio(runs, npm),
            to_consign: ratio(runs, consign),
            peak_memory: runs
                .iter()
                .map(|run| run.peak_memory)
                .max()
                .unwrap_or_default(),
            bytes: runs
                .first()
                .map(|run| run.shipped.bytes)
                .unwrap_or_default(),
            npm_bytes: npm
                .and_then(|npm| integrities(npm))
                .map(|theirs| integrities(runs).is_some_and(|ours| ours == theirs)),
        })
        .collect()
}

/// The middle one; the later of the two middle ones of an even number.
pub(crate) fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

impl Row {
    /// The line of the table about first bytes.
    pub(crate) fn first_byte(&self) -> String {
        let (case, client) = (self.case.title(), self.client);
        let times = || self.first_bytes.iter().copied();
        let Some(fastest) = times().min() else {
            return format!("| {case} | {client} | failed | | |");
        };
        let (first, whole) = (time(median(times())), time(self.wall));
        format!(
            "| {case} | {client} | {first} | {} | {whole} |",
            time(fastest)
        )
    }
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.failed {
            let (case, job, client) = (self.case.title(), self.job, self.client);
            return write!(
                formatter,
                "| {case} | {job} | {client} | failed | | | | | | | |"
            );
        }
        let ratio = |ratio: Option<f64>| {
            ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.3}"))
        };
        write!(
            formatter,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {:.1} MiB | {} | {} |",
            self.case.title(),
            self.job,
            self.client,
            time(self.wall),
            time(self.fastest),
            time(self.cpu),
            ratio(self.to_npm),
            ratio(self.to_consign),
            mebibytes(self.peak_memory),
            thousands(self.bytes),
            self.npm_bytes
                .map_or("-", |same| if same { "yes" } else { "no" }),
        )
    }
}

/// In milliseconds below a second.
fn time(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{:.1} ms", time.as_secs_f64() * 1000.0)
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure for people, with one decimal"
)]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// With a comma every three digits.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What was measured on, and what: a Markdown list.
pub(crate) fn machine(ground: &Ground, clients: &[Client]) -> Result<String> {
    let field = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let version = |command: &mut std::process::Command| -> Result<String> {
        let output = command.arg("--version").output()?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let cores = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    // What a program that does nothing is charged here: no figure of memory below it means anything.
    let floor = tempfile::NamedTempFile::new()?;
    let floor = crate::measure::measure(&mut std::process::Command::new("true"), floor.path())?;
    let mut text = format!(
        "- {}, {cores} cores, {} memory, Linux {}\n- node {}\n",
        field("/proc/cpuinfo", "model name"),
        field("/proc/meminfo", "MemTotal"),
        kernel.trim(),
        version(&mut std::process::Command::new("node"))?,
    );
    for client in clients {
        writeln!(
            text,
            "- {client}: {}",
            version(&mut client.program(ground))?
        )?;
    }
    writeln!(
        text,
        "- a program that does nothing takes {:.1} ms and {:.1} MiB here",
        floor.wall.as_secs_f64() * 1000.0,
        mebibytes(floor.peak_memory)
    )?;
    Ok(text)
}
