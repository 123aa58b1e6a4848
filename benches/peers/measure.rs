//! One run of a program, and what it took.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha512};
use wait4::Wait4 as _;

use crate::Result;

/// What a client made of a case.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Shipped {
    /// How many tarballs.
    pub(crate) tarballs: usize,
    /// Their bytes, together; of a publish, those of the request bodies.
    pub(crate) bytes: u64,
    /// The integrities of all, sorted: equal for two clients when the tarballs are.
    pub(crate) integrities: Vec<String>,
}

/// What one run took and made.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// From the start of the process to its end.
    pub(crate) wall: Duration,
    /// Its CPU time, user and system.
    pub(crate) cpu: Duration,
    /// Its largest resident set, in bytes.
    pub(crate) peak_memory: u64,
    /// From the start of the process to the first byte of its upload, if it made one.
    pub(crate) first_byte: Option<Duration>,
    /// What it made.
    pub(crate) shipped: Shipped,
    /// When it was started.
    start: Instant,
}

impl Measured {
    /// The same, with what it made and when the first byte of that came.
    pub(crate) fn made(self, shipped: Shipped, first_byte: Option<Instant>) -> Self {
        Self {
            first_byte: first_byte.map(|first| first.duration_since(self.start)),
            shipped,
            ..self
        }
    }
}

impl Shipped {
    /// The tarballs in files.
    pub(crate) fn files(paths: &[PathBuf]) -> Result<Self> {
        let mut shipped = Self {
            tarballs: paths.len(),
            ..Self::default()
        };
        for path in paths {
            // Piece by piece: a tarball held here would count as memory of the next client.
            let mut digest = Sha512::new();
            let mut reader = BufReader::new(File::open(path)?);
            loop {
                let bytes = reader.fill_buf()?;
                let read = bytes.len();
                if read == 0 {
                    break;
                }
                digest.update(bytes);
                shipped.bytes += read as u64;
                reader.consume(read);
            }
            shipped
                .integrities
                .push(format!("sha512-{}", STANDARD.encode(digest.finalize())));
        }
        shipped.integrities.sort();
        Ok(shipped)
    }
}

/// Runs `command` to its end, its output going to the file `said`; fails when it does not exit with 0.
///
/// `wait4` gives the memory of this one process. Linux counts into it the most that its parent ever held, which is why
/// this program stays small; the report says how small.
pub(crate) fn measure(command: &mut Command, said: &Path) -> Result<Measured> {
    let output = File::create(said)?;
    command
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    let start = Instant::now();
    let used = command.spawn()?.wait4()?;
    let wall = start.elapsed();
    if !used.status.success() {
        let said = fs::read_to_string(said).unwrap_or_default();
        return Err(format!("{command:?} ended with {}:\n{said}", used.status).into());
    }
    Ok(Measured {
        wall,
        cpu: used.rusage.utime + used.rusage.stime,
        peak_memory: used.rusage.maxrss,
        first_byte: None,
        shipped: Shipped::default(),
        start,
    })
}
