//! Tables in `docs/sandbox.md` that tests write: a row is what its test has just seen.

use std::fs::{self, File};
use std::path::PathBuf;

/// Holds a row of the table `name` against the document: the one whose first cell begins with `key`. With
/// `CONSIGN_WRITE_DOCS` set it is put there instead, in the place of the old one or at the end.
#[track_caller]
pub(super) fn check_row(name: &str, key: &str, cells: &[&str]) {
    let row = format!("| {} |\n", cells.join(" | "));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/sandbox.md");
    // Each test may be a process of its own, and two may write at once.
    let lock = File::open(&path).unwrap();
    let write = std::env::var_os("CONSIGN_WRITE_DOCS").is_some();
    if write {
        lock.lock().unwrap();
    }
    let text = fs::read_to_string(&path).unwrap();
    let begin = format!("<!-- {name}: written by tests/it/sandbox -->\n");
    let end = format!("<!-- end of {name} -->\n");
    let (before, rest) = text.split_once(&begin).expect("the table's opening mark");
    let (table, after) = rest.split_once(&end).expect("the table's closing mark");
    let is_row = |line: &&str| line.starts_with(&format!("| {key}"));
    let written = table.split_inclusive('\n').find(is_row).unwrap_or_default();
    if !write {
        assert_eq!(
            written, row,
            "run the test with CONSIGN_WRITE_DOCS=1 and look at the change"
        );
        return;
    }
    let table = if written.is_empty() {
        format!("{table}{row}")
    } else {
        table.replacen(written, &row, 1)
    };
    fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
}

/// The first cells of a table's rows.
pub(super) fn rows(name: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/sandbox.md");
    let text = fs::read_to_string(path).unwrap();
    let begin = format!("<!-- {name}: written by tests/it/sandbox -->\n");
    let end = format!("<!-- end of {name} -->\n");
    let table = text
        .split_once(&begin)
        .and_then(|(_, rest)| rest.split_once(&end))
        .expect("the table")
        .0;
    // A head and its rule come first.
    table
        .lines()
        .skip(2)
        .filter_map(|line| line.split('|').nth(1))
        .map(|cell| cell.trim().to_owned())
        .collect()
}
