//! The white space a package.json is written with, so that a rewritten one looks like the original.
//!
//! Source: json-parse-even-better-errors 5 (`INDENT`, `NEWLINE`), @npmcli/package-json 7.0.5 `index.js` (`save`).

use serde_json::{Map, Value};

use super::{print, text};

/// `JSON.stringify` indents by no more characters than this.
const MAX_INDENT: usize = 10;

/// Line end and indentation of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Format {
    newline: String,
    indent: String,
}

impl Format {
    /// Takes the format from what stands between the first bracket of a file and its first key: nothing means that all
    /// is on one line. An empty object gives npm's own format, two spaces and `\n`.
    pub fn of(file: &[u8]) -> Self {
        let file = String::from_utf8_lossy(file);
        let file = file.strip_prefix('\u{FEFF}').unwrap_or(&file);
        if let Some(rest) = file.strip_prefix("{}").or_else(|| file.strip_prefix("[]"))
            && let Some(newline) = only_newlines(rest)
        {
            return Self {
                newline: if newline.is_empty() { "\n" } else { newline }.to_owned(),
                indent: "  ".to_owned(),
            };
        }
        let inside = file
            .trim_start_matches(text::is_space)
            .strip_prefix(['{', '['])
            .unwrap_or_default();
        let newline = leading_newlines(inside);
        let after = inside.get(newline.len()..).unwrap_or_default();
        let indent: String = after
            .chars()
            .take_while(|character| text::is_space(*character))
            .collect();
        if newline.is_empty() {
            return Self {
                newline: "\n".to_owned(),
                indent: String::new(),
            };
        }
        Self {
            newline: newline.to_owned(),
            indent,
        }
    }

    /// A whole file: the object and a line end.
    pub fn print(&self, map: &Map<String, Value>) -> String {
        let indent: String = self.indent.chars().take(MAX_INDENT).collect();
        let mut file = print::indented(map, &indent);
        file.push('\n');
        if self.newline == "\n" {
            file
        } else {
            file.replace('\n', &self.newline)
        }
    }
}

/// The line ends (`\n`, `\r\n`) that a text begins with.
fn leading_newlines(text: &str) -> &str {
    let mut rest = text;
    while let Some(after) = rest
        .strip_prefix('\n')
        .or_else(|| rest.strip_prefix("\r\n"))
    {
        rest = after;
    }
    text.get(..text.len() - rest.len()).unwrap_or_default()
}

fn only_newlines(text: &str) -> Option<&str> {
    let newlines = leading_newlines(text);
    (newlines.len() == text.len()).then_some(newlines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::unwrap_used, reason = "the texts are JSON")]
    #[test]
    fn a_file_keeps_its_white_space() {
        for file in [
            "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ]\n}\n",
            "{\n\t\"a\": {}\n}\n",
            "{\r\n    \"a\": 1\r\n}\r\n",
            "{\"a\":1}\n",
        ] {
            let Value::Object(map) = super::super::parse(file.as_bytes()).unwrap() else {
                continue;
            };
            assert_eq!(Format::of(file.as_bytes()).print(&map), file);
        }
    }
}
