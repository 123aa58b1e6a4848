//! What GitHub Actions reads: annotations among the lines of a step, and the step's summary.
//!
//! Source: GitHub's documentation of workflow commands (`::error title=...::...`, whose text and
//! properties are percent-encoded) and of `GITHUB_STEP_SUMMARY` (a file of Markdown that steps
//! append to).

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

/// The line that marks a step with an error.
pub fn error_annotation(title: &str, text: &str) -> String {
    // A colon or comma would end the property.
    let title = escape(title).replace(':', "%3A").replace(',', "%2C");
    format!("::error title={title}::{}", escape(text))
}

/// What would end the line, or begin another command, is encoded.
fn escape(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Adds one line to a step's summary: a package, how its publish ended, and where or why.
///
/// # Errors
/// Whatever the file says.
pub fn add_to_summary(file: &Path, package: &str, outcome: &str, rest: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    let line = [package, outcome, rest].map(plain);
    let [package, outcome, rest] = line;
    // One write, so that steps that run side by side do not mix their lines.
    file.write_all(format!("- **{package}** {outcome}: {rest}\n").as_bytes())
}

/// A text that Markdown shows as it stands, in one line.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => plain.push(' '),
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '#' => {
                plain.push('\\');
                plain.push(character);
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_one_line_and_one_command() {
        assert_eq!(
            error_annotation("a: b, c", "100%\r\n::warning::x"),
            "::error title=a%3A b%2C c::100%25%0D%0A::warning::x"
        );
    }

    #[test]
    fn a_summary_gains_lines_that_markdown_shows_as_they_are() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("summary.md");
        add_to_summary(&file, "@a/b_c@1.0.0", "published", "https://h/").expect("write");
        add_to_summary(&file, "x@1", "rejected", "<img>\n# [a](b)").expect("write");
        let text = std::fs::read_to_string(&file).expect("read");
        assert_eq!(
            text,
            "- **@a/b\\_c@1.0.0** published: https://h/\n- **x@1** rejected: &lt;img> \\# \\[a\\](b)\n"
        );
    }
}
