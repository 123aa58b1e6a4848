//! The judge's process: one Node that compresses what it is sent.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::gzip;
use crate::support::{Peers, need};

pub(crate) struct Judge {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
}

impl Judge {
    /// Starts the judge; `None`, with a word about it, where Node is missing.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(None)
    }

    /// The same, with pako beside Node's zlib.
    pub(crate) fn start_with_pako() -> Option<Self> {
        let pako = Peers::installed()?.module("pako/dist/pako.mjs");
        Self::start_with(Some(pako))
    }

    fn start_with(pako: Option<PathBuf>) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/deflate.mjs");
        let spawned = Command::new("node")
            .arg(script)
            .args(pako)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = need("node", spawned.ok())?;
        Some(Self {
            input: child.stdin.take(),
            output: child.stdout.take()?,
            child,
        })
    }

    /// What a judge makes of it: `s` Node at once, `c` Node in pieces, `p` pako.
    pub(crate) fn gzip(&mut self, judge: u8, data: &[u8]) -> Vec<u8> {
        let input = self.input.as_mut().unwrap();
        input.write_all(&[judge]).unwrap();
        input
            .write_all(&u32::try_from(data.len()).unwrap().to_le_bytes())
            .unwrap();
        input.write_all(data).unwrap();
        input.flush().unwrap();
        let mut length = [0; 4];
        self.output.read_exact(&mut length).unwrap();
        let mut out = vec![0; u32::from_le_bytes(length) as usize];
        self.output.read_exact(&mut out).unwrap();
        out
    }

    /// Compares ours, by each number of threads, with Node's.
    pub(crate) fn check(&mut self, name: &str, data: &[u8], threads: &[usize]) {
        let expected = self.gzip(b's', data);
        for &threads in threads {
            let ours = gzip(data, threads, 0);
            assert!(
                ours == expected,
                "{name}: {} bytes, {threads} threads: {}",
                data.len(),
                difference(&ours, &expected, data)
            );
        }
    }
}

fn difference(ours: &[u8], expected: &[u8], data: &[u8]) -> String {
    let at = ours.iter().zip(expected).position(|(a, b)| a != b);
    let path = std::env::temp_dir().join(format!("deflate-{}.bin", std::process::id()));
    std::fs::write(&path, data).unwrap();
    format!(
        "ours {} bytes, node {}, first difference {at:?}; input in {}",
        ours.len(),
        expected.len(),
        path.display()
    )
}

impl Drop for Judge {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
