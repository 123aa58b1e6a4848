//! npm's deflate on its own, beside the zlib of Node that npm uses: the same file, in turn.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::num::NonZeroUsize;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use consign::tarball::{DigestWriter, NpmGzip};

use crate::report::median;
use crate::{Ground, Result};

/// Compresses what it read once for each line it gets; answers with the seconds and the SHA-512.
const NODE: &str = "
const { readFileSync } = require('fs'), { gzipSync } = require('zlib'), { createHash } = require('crypto')
const data = readFileSync(process.argv[1])
require('readline').createInterface({ input: process.stdin }).on('line', () => {
  const start = process.hrtime.bigint()
  const packed = gzipSync(data, { level: 9 })
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  packed[9] = 255 // npm names no system in the header
  console.log(seconds + ' ' + createHash('sha512').update(packed).digest('base64'))
})";

/// Compares over so many rounds, after one to warm up; fails where the bytes differ.
pub(crate) fn table(ground: &Ground, rounds: usize) -> Result<String> {
    let file = ground
        .root
        .join("benches/peers/.corpus/javascript/bundle.js");
    let data = fs::read(&file)?;
    let mut node = Command::new("node")
        .args(["-e", NODE])
        .arg(&file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (Some(mut ask), Some(answers)) = (node.stdin.take(), node.stdout.take()) else {
        return Err("node has no pipes".into());
    };
    let mut answers = BufReader::new(answers).lines();
    let threads = [1, 2];
    let (mut theirs, mut ours) = (Vec::new(), [Vec::new(), Vec::new()]);
    for round in 0..=rounds {
        writeln!(ask)?;
        let answer = answers.next().ok_or("node ended")??;
        let (seconds, digest) = answer.split_once(' ').ok_or("node said something else")?;
        if round > 0 {
            theirs.push(Duration::from_secs_f64(seconds.parse()?));
        }
        for (threads, times) in threads.into_iter().zip(&mut ours) {
            let start = Instant::now();
            let threads = NonZeroUsize::new(threads).ok_or("no thread")?;
            let mut gzip = NpmGzip::new(io::sink(), threads);
            gzip.write_all(&data)?;
            gzip.finish()?;
            if round > 0 {
                times.push(start.elapsed());
                continue;
            }
            let mut gzip = NpmGzip::new(DigestWriter::new(io::sink()), threads);
            gzip.write_all(&data)?;
            let (_, digests) = gzip.finish()?.finish();
            if digests.integrity.to_string() != format!("sha512-{digest}") {
                return Err("the bytes are not those of Node's zlib".into());
            }
        }
    }
    drop(ask);
    node.wait()?;
    let node = median(theirs.into_iter()).as_secs_f64();
    let [one, two] = ours.map(|times| median(times.into_iter()).as_secs_f64());
    Ok(format!(
        "| deflate kernel, {} MB of real JavaScript | median | to Node's zlib | to one thread |\n\
         |---|--:|--:|--:|\n\
         | Node's zlib, level 9 | {node:.2} s | 1.00 | |\n\
         | consign, one thread | {one:.2} s | {:.2} times as fast | 1.00 |\n\
         | consign, two threads | {two:.2} s | {:.2} times as fast | {:.2} times as fast |\n",
        data.len() / 1_000_000,
        node / one,
        node / two,
        one / two,
    ))
}
