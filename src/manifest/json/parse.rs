//! `JSON.parse`.

use serde_json::{Map, Value};

use super::{SyntaxError, text};
use crate::manifest::javascript;

/// The deepest nesting of arrays and objects that is read.
///
/// Copying a `serde_json::Value` takes about 1.5 KiB of stack per level in a debug build; this leaves more than half of
/// a thread's usual 2 MiB. Node 20 reads any depth and prints about 4 170 levels.
pub const MAX_DEPTH: usize = 512;

/// Parses the bytes of a file as Node reads and npm parses them.
///
/// Bytes that are not UTF-8 become U+FFFD, one byte order mark at the start is skipped.
pub fn parse(bytes: &[u8]) -> Result<Value, SyntaxError> {
    let text = String::from_utf8_lossy(bytes);
    let start = if text.starts_with('\u{FEFF}') {
        '\u{FEFF}'.len_utf8()
    } else {
        0
    };
    let mut parser = Parser {
        text: &text,
        position: start,
    };
    let value = parser
        .document()
        .map_err(|failure| failure.into_error(&text))?;
    Ok(value)
}

struct Failure {
    message: String,
    offset: usize,
}

impl Failure {
    fn into_error(self, text: &str) -> SyntaxError {
        SyntaxError::new(self.message, text, self.offset)
    }
}

/// An array or object whose end has not been read.
enum Open {
    Array(Vec<Value>),
    /// The key is that of the value being read.
    Object(Map<String, Value>, String),
}

struct Parser<'text> {
    text: &'text str,
    position: usize,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<Value, Failure> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            // At the start of a value.
            self.skip_space();
            let mut finished = match self.peek() {
                Some(b'[') => {
                    self.position += 1;
                    self.skip_space();
                    if self.take(b']') {
                        Value::Array(Vec::new())
                    } else {
                        self.enter(&mut open, Open::Array(Vec::new()))?;
                        continue;
                    }
                }
                Some(b'{') => {
                    self.position += 1;
                    self.skip_space();
                    if self.take(b'}') {
                        Value::Object(Map::new())
                    } else {
                        let key = self.key("expected a double-quoted property name or `}`")?;
                        self.enter(&mut open, Open::Object(Map::new(), key))?;
                        continue;
                    }
                }
                _ => self.scalar()?,
            };
            // After a value: close what ends here.
            loop {
                self.skip_space();
                match open.pop() {
                    None => return self.end(finished),
                    Some(Open::Array(mut items)) => {
                        items.push(finished);
                        if self.take(b',') {
                            open.push(Open::Array(items));
                            break;
                        }
                        if !self.take(b']') {
                            return Err(self.expected("expected `,` or `]` after an array element"));
                        }
                        finished = Value::Array(items);
                    }
                    Some(Open::Object(mut map, key)) => {
                        javascript::define_property(&mut map, key, finished);
                        if self.take(b',') {
                            self.skip_space();
                            let key = self.key("expected a double-quoted property name")?;
                            open.push(Open::Object(map, key));
                            break;
                        }
                        if !self.take(b'}') {
                            return Err(self.expected("expected `,` or `}` after a property value"));
                        }
                        finished = Value::Object(map);
                    }
                }
            }
        }
    }

    fn enter(&self, open: &mut Vec<Open>, container: Open) -> Result<(), Failure> {
        if open.len() >= MAX_DEPTH {
            return Err(self.failure(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        open.push(container);
        Ok(())
    }

    fn end(&self, value: Value) -> Result<Value, Failure> {
        if self.position < self.text.len() {
            return Err(self.failure("unexpected text after the JSON value"));
        }
        Ok(value)
    }

    fn key(&mut self, expected: &str) -> Result<String, Failure> {
        if self.peek() != Some(b'"') {
            return Err(self.expected(expected));
        }
        let key = self.string()?;
        self.skip_space();
        if !self.take(b':') {
            return Err(self.expected("expected `:` after a property name"));
        }
        Ok(key)
    }

    fn scalar(&mut self) -> Result<Value, Failure> {
        match self.peek() {
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                for (word, value) in [
                    ("null", Value::Null),
                    ("true", Value::Bool(true)),
                    ("false", Value::Bool(false)),
                ] {
                    if self.rest().starts_with(word) {
                        self.position += word.len();
                        return Ok(value);
                    }
                }
                Err(self.expected("expected a JSON value"))
            }
        }
    }

    fn number(&mut self) -> Result<Value, Failure> {
        let start = self.position;
        self.take(b'-');
        if !self.take(b'0') && self.digits() == 0 {
            return Err(self.expected("expected a digit"));
        }
        if self.take(b'.') && self.digits() == 0 {
            return Err(self.expected("expected a digit after the decimal point"));
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            if self.digits() == 0 {
                return Err(self.expected("expected a digit in the exponent"));
            }
        }
        let literal = self.text.get(start..self.position).unwrap_or_default();
        let double: f64 = literal
            .parse()
            .map_err(|_| self.failure("expected a number"))?;
        javascript::number(double).ok_or_else(|| self.failure("expected a number"))
    }

    fn digits(&mut self) -> usize {
        let start = self.position;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.position += 1;
        }
        self.position - start
    }

    fn string(&mut self) -> Result<String, Failure> {
        self.position += 1;
        let mut kept = String::new();
        // The last unit read from an escape, if it may begin a surrogate pair.
        let mut high: Option<u16> = None;
        loop {
            let Some(character) = self.rest().chars().next() else {
                return Err(self.failure("the string has no end"));
            };
            if character == '\\' {
                let unit = self.escape_sequence()?;
                match (high.take(), unit) {
                    (Some(first), 0xDC00..=0xDFFF) => {
                        kept.extend(char::decode_utf16([first, unit]).flatten());
                        continue;
                    }
                    (Some(first), _) => text::push_half(&mut kept, first),
                    (None, _) => {}
                }
                match char::from_u32(u32::from(unit)) {
                    Some(character) => text::push_character(&mut kept, character),
                    None if unit < 0xDC00 => high = Some(unit),
                    None => text::push_half(&mut kept, unit),
                }
                continue;
            }
            if let Some(first) = high.take() {
                text::push_half(&mut kept, first);
            }
            if character == '"' {
                self.position += 1;
                return Ok(kept);
            }
            if character < ' ' {
                return Err(
                    self.failure("a control character in a string must be written as an escape")
                );
            }
            self.position += character.len_utf8();
            text::push_character(&mut kept, character);
        }
    }

    fn escape_sequence(&mut self) -> Result<u16, Failure> {
        self.position += 1;
        let unit = match self.peek() {
            Some(quoted @ (b'"' | b'\\' | b'/')) => u16::from(quoted),
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => 0x0a,
            Some(b'r') => 0x0d,
            Some(b't') => 0x09,
            Some(b'u') => {
                self.position += 1;
                for length in 1..=4 {
                    let is_digit =
                        |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                    if !self.rest().get(..length).is_some_and(is_digit) {
                        self.position += length - 1;
                        return Err(self.expected("expected four hexadecimal digits after `\\u`"));
                    }
                }
                let digits = self.rest().get(..4).unwrap_or_default();
                let unit = u16::from_str_radix(digits, 16)
                    .map_err(|_| self.failure("expected hexadecimal digits"))?;
                self.position += 4;
                return Ok(unit);
            }
            _ => return Err(self.expected("unknown escape in a string")),
        };
        self.position += 1;
        Ok(unit)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.position += usize::from(taken);
        taken
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn expected(&self, what: &str) -> Failure {
        if self.position >= self.text.len() {
            self.failure(format!("{what}, the text ends here"))
        } else {
            self.failure(what)
        }
    }

    fn failure(&self, message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            offset: self.position,
        }
    }
}
