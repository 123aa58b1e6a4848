//! Setting keys in the text of an `.npmrc`: every other line stays as it is, to the byte.

use super::Line;
use crate::config::ConfigValue;

/// Sets keys to values. A key that is there is set where it last stands, and its earlier lines,
/// which do not count, go; another is added behind the last top-level line. Line endings are kept;
/// new lines end as the first line of the text does.
pub fn set(text: &[u8], pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut lines = split(text);
    let ending: &[u8] = match lines.first() {
        Some(first) if first.ending == b"\r\n" => b"\r\n",
        _ => b"\n",
    };
    for (key, value) in pairs {
        let written = format!("{key}={}", escaped(value)).into_bytes();
        let places: Vec<usize> = top_level(&lines)
            .filter(|(_, line)| line.as_deref() == Some(*key))
            .map(|(index, _)| index)
            .collect();
        if let Some(last) = places.last() {
            if let Some(line) = lines.get_mut(*last) {
                line.content = written;
            }
            for index in places.iter().rev().skip(1) {
                lines.remove(*index);
            }
            continue;
        }
        let end = top_level(&lines).count();
        if let Some(before) = end.checked_sub(1).and_then(|index| lines.get_mut(index))
            && before.ending.is_empty()
        {
            before.ending = ending.to_vec();
        }
        let line = Piece {
            content: written,
            ending: ending.to_vec(),
        };
        lines.insert(end, line);
    }
    lines
        .into_iter()
        .flat_map(|line| [line.content, line.ending])
        .flatten()
        .collect()
}

/// A line and what ends it.
struct Piece {
    content: Vec<u8>,
    ending: Vec<u8>,
}

/// Takes the text apart as npm does: at line feeds, and at carriage returns wherever they are.
fn split(text: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b'\r' | b'\n'))
            .unwrap_or(rest.len());
        let (content, after) = rest.split_at(length);
        let ending = match after {
            [b'\r', b'\n', ..] => 2,
            [_, ..] => 1,
            [] => 0,
        };
        let (ending, after) = after.split_at(ending);
        pieces.push(Piece {
            content: content.to_vec(),
            ending: ending.to_vec(),
        });
        rest = after;
    }
    pieces
}

/// The lines before the first section with their keys: what stands below a section header, npm
/// does not see.
fn top_level(lines: &[Piece]) -> impl Iterator<Item = (usize, Option<String>)> {
    lines
        .iter()
        .map(|piece| Line::parse(&String::from_utf8_lossy(&piece.content)))
        .take_while(|line| !matches!(line, Some(Line::Section(_))))
        .map(|line| match line {
            Some(Line::Pair {
                key: ConfigValue::String(key),
                ..
            }) => Some(key),
            _ => None,
        })
        .enumerate()
}

/// A value that reads back as itself: `;` and `#` would begin a comment.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, ';' | '#' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_lines_stay_to_the_byte() {
        for (text, expected) in [
            ("", "a=1\nb=2\n"),
            ("x=y", "x=y\na=1\nb=2\n"),
            ("x=y\n", "x=y\na=1\nb=2\n"),
            ("x=y\n\n\n", "x=y\n\n\na=1\nb=2\n"),
            ("; a=0\n# b=0\n", "; a=0\n# b=0\na=1\nb=2\n"),
            ("a=0\nx=y\nb = 0 ; kept?\n", "a=1\nx=y\nb=2\n"),
            // The last one counts.
            ("a=0\nx=y\na=9\nz", "x=y\na=1\nz\nb=2\n"),
            ("x=y\r\na=0\r\nz=1\r\n", "x=y\r\na=1\r\nz=1\r\nb=2\r\n"),
            ("x=y\ra=0\rz=1", "x=y\ra=1\rz=1\nb=2\n"),
            // A section swallows what stands below it.
            ("x=y\n[s]\na=0\n", "x=y\na=1\nb=2\n[s]\na=0\n"),
            ("[s]\n", "a=1\nb=2\n[s]\n"),
            ("\"a\"=0\n' b '=0\n", "a=1\n' b '=0\nb=2\n"),
            ("aa=0\n", "aa=0\na=1\nb=2\n"),
            ("a[]=0\n", "a[]=0\na=1\nb=2\n"),
        ] {
            let set = set(text.as_bytes(), &[("a", "1"), ("b", "2")]);
            assert_eq!(String::from_utf8_lossy(&set), expected, "{text:?}");
            let again = super::set(&set, &[("a", "1"), ("b", "2")]);
            assert_eq!(again, set, "twice is once: {text:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        let text = b"x=\xff\xfe\na=0\n";
        assert_eq!(set(text, &[("a", "1")]), b"x=\xff\xfe\na=1\n");
    }

    #[test]
    fn values_read_back_as_themselves() {
        for value in ["https://h/a;b#c", "a\\b", "a=b"] {
            let text = set(b"", &[("k", value)]);
            let read = super::super::parse(&String::from_utf8_lossy(&text)).map(|npmrc| {
                let value = npmrc.entries.first().map(|entry| entry.value.clone());
                value.and_then(|value| value.as_text().map(str::to_owned))
            });
            assert_eq!(read, Ok(Some(value.to_owned())));
        }
    }
}
