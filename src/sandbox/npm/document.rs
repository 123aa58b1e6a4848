//! Reads a publish document while it arrives.
//!
//! The document is one JSON object whose attachments hold the tarball in base64, more than a
//! gigabyte at worst. [`Scanner`] follows the JSON just closely enough to know when it is inside
//! `_attachments.*.data`: those characters are decoded into a sink as they come, everything else
//! is kept and parsed at the end, with an empty string in the data's place.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use crate::sandbox::store::StoreError;

/// Why a publish document cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum DocumentError {
    #[error("the body is not JSON: {0}")]
    Syntax(String),
    #[error("the attachment's data is not base64")]
    Base64,
    #[error("the document without its attachments is larger than {0} bytes")]
    TooLarge(usize),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where decoded attachments go.
pub(super) trait Sink {
    /// Whether this attachment's data is to be decoded; other data stays in the document.
    fn takes(&self, name: &str) -> bool;
    /// An attachment that the sink takes begins.
    fn begin(&mut self, name: &str) -> Result<(), StoreError>;
    /// More of its bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError>;
    /// The attachment is complete.
    fn end(&mut self) -> Result<(), StoreError>;
}

/// Follows a document byte by byte.
pub(super) struct Scanner {
    kept: Vec<u8>,
    limit: usize,
    /// For each open object or array: the key under which its current member stands.
    stack: Vec<Level>,
    string: StringState,
    /// Base64 characters that wait for their group of four.
    pending: Vec<u8>,
    /// `=` was seen: only `=` may follow.
    padded: bool,
}

struct Level {
    is_object: bool,
    expects_key: bool,
    key: String,
}

enum StringState {
    /// Between strings.
    Outside,
    /// In a string that is kept; the start of its text, and whether a backslash is open.
    Kept { from: usize, escaped: bool },
    /// In an attachment's data; the escape that is being read, if any.
    Data { escape: Option<Vec<u8>> },
}

/// Base64 characters decoded at once.
const GROUP: usize = 16 << 10;

impl Scanner {
    /// A scanner that keeps at most `limit` bytes beside the attachments.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            kept: Vec::new(),
            limit,
            stack: Vec::new(),
            string: StringState::Outside,
            pending: Vec::with_capacity(GROUP),
            padded: false,
        }
    }

    /// Takes the next bytes of the body.
    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        sink: &mut impl Sink,
    ) -> Result<(), DocumentError> {
        while let Some((&byte, rest)) = bytes.split_first() {
            match &mut self.string {
                StringState::Data { escape: None } => {
                    // The bulk: a run without quote or backslash.
                    let run = bytes
                        .iter()
                        .position(|byte| matches!(byte, b'"' | b'\\'))
                        .unwrap_or(bytes.len());
                    let (run, after) = bytes.split_at(run);
                    self.decode(run, sink)?;
                    match after.split_first() {
                        None => return Ok(()),
                        Some((b'"', after)) => {
                            self.end_data(sink)?;
                            bytes = after;
                        }
                        Some((_, after)) => {
                            self.string = StringState::Data {
                                escape: Some(Vec::new()),
                            };
                            bytes = after;
                        }
                    }
                    continue;
                }
                StringState::Data {
                    escape: Some(escape),
                } => {
                    escape.push(byte);
                    if escape.len() > 1 || byte != b'u' {
                        let whole = match escape.as_slice() {
                            [b'/'] => Some(b'/'),
                            [b'u', digits @ ..] if digits.len() == 4 => {
                                Some(ascii_escape(digits).ok_or(DocumentError::Base64)?)
                            }
                            [b'u', ..] => None,
                            _ => return Err(DocumentError::Base64),
                        };
                        if let Some(character) = whole {
                            self.string = StringState::Data { escape: None };
                            self.decode(&[character], sink)?;
                        }
                    }
                }
                StringState::Kept { from, escaped } => {
                    let from = *from;
                    if *escaped {
                        *escaped = false;
                    } else if byte == b'\\' {
                        *escaped = true;
                    } else if byte == b'"' {
                        self.string = StringState::Outside;
                        self.keep(byte)?;
                        self.end_string(from);
                        bytes = rest;
                        continue;
                    }
                    self.keep(byte)?;
                }
                StringState::Outside => self.outside(byte, sink)?,
            }
            bytes = rest;
        }
        Ok(())
    }

    /// The document without the decoded data, when the body is complete.
    pub(super) fn finish(self) -> Result<serde_json::Value, DocumentError> {
        if !matches!(self.string, StringState::Outside) {
            return Err(DocumentError::Syntax("it ends within a string".to_owned()));
        }
        serde_json::from_slice(&self.kept).map_err(|error| DocumentError::Syntax(error.to_string()))
    }

    fn outside(&mut self, byte: u8, sink: &mut impl Sink) -> Result<(), DocumentError> {
        match byte {
            b'{' | b'[' => self.stack.push(Level {
                is_object: byte == b'{',
                expects_key: byte == b'{',
                key: String::new(),
            }),
            b'}' | b']' => {
                self.stack.pop();
            }
            b',' => {
                if let Some(level) = self.stack.last_mut() {
                    level.expects_key = level.is_object;
                }
            }
            b'"' => {
                self.keep(byte)?;
                if let Some(name) = self.attachment()
                    && sink.takes(name)
                {
                    sink.begin(name)?;
                    self.padded = false;
                    self.string = StringState::Data { escape: None };
                } else {
                    self.string = StringState::Kept {
                        from: self.kept.len(),
                        escaped: false,
                    };
                }
                return Ok(());
            }
            _ => {}
        }
        self.keep(byte)
    }

    /// The attachment whose data a string that opens here is.
    fn attachment(&self) -> Option<&str> {
        match self.stack.as_slice() {
            [root, attachments, attachment]
                if root.key == "_attachments"
                    && attachment.is_object
                    && !attachment.expects_key
                    && attachment.key == "data" =>
            {
                Some(&attachments.key)
            }
            _ => None,
        }
    }

    /// A kept string that began at `from` has ended: it may have been a key.
    fn end_string(&mut self, from: usize) {
        if let Some(level) = self.stack.last_mut()
            && level.expects_key
        {
            level.expects_key = false;
            let quoted = from
                .checked_sub(1)
                .and_then(|start| self.kept.get(start..))
                .unwrap_or_default();
            level.key = serde_json::from_slice(quoted).unwrap_or_default();
        }
    }

    fn keep(&mut self, byte: u8) -> Result<(), DocumentError> {
        if self.kept.len() == self.limit {
            return Err(DocumentError::TooLarge(self.limit));
        }
        self.kept.push(byte);
        Ok(())
    }

    fn decode(&mut self, mut characters: &[u8], sink: &mut impl Sink) -> Result<(), DocumentError> {
        while !characters.is_empty() {
            if self.padded && characters.iter().any(|character| *character != b'=') {
                return Err(DocumentError::Base64);
            }
            let (now, later) =
                characters.split_at(characters.len().min(GROUP - self.pending.len()));
            self.pending.extend_from_slice(now);
            self.padded = self.padded || now.contains(&b'=');
            characters = later;
            if self.pending.len() == GROUP && !self.padded {
                let bytes = STANDARD
                    .decode(&self.pending)
                    .map_err(|_| DocumentError::Base64)?;
                sink.write(&bytes)?;
                self.pending.clear();
            } else if self.pending.len() == GROUP {
                // Padding closes the data, and it cannot be this long.
                if !later.is_empty() {
                    return Err(DocumentError::Base64);
                }
            }
        }
        Ok(())
    }

    fn end_data(&mut self, sink: &mut impl Sink) -> Result<(), DocumentError> {
        let engine = if self.padded {
            STANDARD
        } else {
            STANDARD_NO_PAD
        };
        let bytes = engine
            .decode(&self.pending)
            .map_err(|_| DocumentError::Base64)?;
        self.pending.clear();
        sink.write(&bytes)?;
        sink.end()?;
        self.string = StringState::Outside;
        self.keep(b'"')
    }
}

/// The character of `\uXXXX`, if it is one that base64 knows.
fn ascii_escape(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    u8::from_str_radix(text, 16).ok().filter(u8::is_ascii)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Attachments = Vec<(String, Vec<u8>)>;

    #[derive(Default)]
    struct Collected {
        done: Attachments,
        open: Option<(String, Vec<u8>)>,
    }

    impl Sink for Collected {
        fn takes(&self, name: &str) -> bool {
            !name.ends_with(".sigstore")
        }
        fn begin(&mut self, name: &str) -> Result<(), StoreError> {
            self.open = Some((name.to_owned(), Vec::new()));
            Ok(())
        }
        fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
            self.open.as_mut().unwrap().1.extend_from_slice(bytes);
            Ok(())
        }
        fn end(&mut self) -> Result<(), StoreError> {
            self.done.push(self.open.take().unwrap());
            Ok(())
        }
    }

    fn scan(body: &[u8], chunk: usize) -> Result<(serde_json::Value, Attachments), DocumentError> {
        let mut sink = Collected::default();
        let mut scanner = Scanner::new(1 << 20);
        for piece in body.chunks(chunk) {
            scanner.feed(piece, &mut sink)?;
        }
        Ok((scanner.finish()?, sink.done))
    }

    #[test]
    fn data_is_decoded_whatever_the_chunks_are() {
        let tarball: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        let body = serde_json::json!({
            "_id": "p \\\" {[", "versions": {"1.0.0": {"_attachments": {"x": {"data": "AAAA"}}}},
            "_attachments": {"p-1.0.0.tgz": {"content_type": "x", "data": STANDARD.encode(&tarball), "length": 7},
                "p-1.0.0.sigstore": {"data": "{\"a\": 1}"}},
            "data": "AAAA",
        })
        .to_string();
        for chunk in [1, 7, 4096, 1 << 20] {
            let (document, attachments) = scan(body.as_bytes(), chunk).unwrap();
            assert_eq!(attachments.len(), 1);
            assert_eq!(attachments[0].0, "p-1.0.0.tgz");
            assert!(attachments[0].1 == tarball, "chunks of {chunk}");
            assert_eq!(document["_attachments"]["p-1.0.0.tgz"]["data"], "");
            assert_eq!(
                document["_attachments"]["p-1.0.0.sigstore"]["data"],
                "{\"a\": 1}"
            );
            assert_eq!(
                document["versions"]["1.0.0"]["_attachments"]["x"]["data"],
                "AAAA"
            );
        }
    }

    #[test]
    fn slashes_may_be_escaped_and_keys_too() {
        let body = br#"{"\u005fattachments":{"a":{"data":"\/\/\u002f\/"}}}"#;
        let (_, attachments) = scan(body, 1).unwrap();
        assert_eq!(attachments[0].1, [0xff, 0xff, 0xff]);
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for data in [
            "A",
            "AA=A",
            "AA==AAAA",
            "A*AA",
            "AAAA\\n",
            "====",
            "AAA\\u00e9",
        ] {
            let body = format!(r#"{{"_attachments":{{"a":{{"data":"{data}"}}}}}}"#);
            let result = scan(body.as_bytes(), 3);
            assert!(matches!(result, Err(DocumentError::Base64)), "{data}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for body in [
            "",
            "{",
            "]",
            r#"{"_attachments":{"a":{"data":"AAAA"#,
            "{\"a\" \"b\"}",
            "}}{{",
            "nul",
        ] {
            assert!(
                matches!(scan(body.as_bytes(), 2), Err(DocumentError::Syntax(_))),
                "{body}"
            );
        }
    }

    #[test]
    fn a_document_that_would_fill_memory_is_refused() {
        let mut scanner = Scanner::new(100);
        let result = scanner.feed(&[b' '; 101], &mut Collected::default());
        assert!(matches!(result, Err(DocumentError::TooLarge(100))));
    }

    /// Takes no attachment, so that everything stays in the document.
    struct Nothing;

    impl Sink for Nothing {
        fn takes(&self, _: &str) -> bool {
            false
        }
        fn begin(&mut self, _: &str) -> Result<(), StoreError> {
            Ok(())
        }
        fn write(&mut self, _: &[u8]) -> Result<(), StoreError> {
            Ok(())
        }
        fn end(&mut self) -> Result<(), StoreError> {
            Ok(())
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let key = prop_oneof![
            Just("_attachments".to_owned()),
            Just("data".to_owned()),
            any::<String>()
        ];
        let leaf = prop_oneof![
            any::<String>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            Just(serde_json::Value::Null),
        ];
        leaf.prop_recursive(5, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::btree_map(key.clone(), inner, 0..5)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_document_without_attachments_comes_out_as_it_went_in(
            value in any_json(), pretty: bool, chunk in 1..40_usize,
        ) {
            let text = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            let mut scanner = Scanner::new(1 << 20);
            for piece in text.as_bytes().chunks(chunk) {
                scanner.feed(piece, &mut Nothing).unwrap();
            }
            prop_assert_eq!(scanner.finish().unwrap(), value);
        }

        #[test]
        fn any_bytes_end_in_an_answer(
            pieces in prop::collection::vec(prop_oneof![
                Just("{\"_attachments\":{\"a\":{\"data\":\"".as_bytes().to_vec()),
                Just(b"\"".to_vec()), Just(b"\\u".to_vec()), Just(b"}".to_vec()), Just(b"[".to_vec()),
                prop::collection::vec(any::<u8>(), 0..20),
            ], 0..20),
        ) {
            let body = pieces.concat();
            // Whatever it is; that it ends is what is asked.
            let _ = scan(&body, 3);
        }
    }
}
