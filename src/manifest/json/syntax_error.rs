//! A place in a file where it stops being JSON, with what miette needs to show that place.

use miette::{Diagnostic, LabeledSpan, SourceCode, SourceSpan};
use thiserror::Error;

/// The text is not JSON.
///
/// As a [`Diagnostic`] it carries the text and labels the offending place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message} at line {line}, column {column}")]
pub struct SyntaxError {
    message: String,
    offset: usize,
    length: usize,
    line: usize,
    column: usize,
    text: String,
}

impl SyntaxError {
    pub(super) fn new(message: impl Into<String>, text: &str, offset: usize) -> Self {
        let offset = offset.min(text.len());
        let before = text.get(..offset).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let length = text
            .get(offset..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8);
        Self {
            message: message.into(),
            offset,
            length,
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            text: text.to_owned(),
        }
    }

    /// What was expected or found, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Byte offset into [`Self::text`]; that is the offset in the file if the file is valid UTF-8.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Column in characters, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The whole text that was parsed (bytes that are not UTF-8 replaced by U+FFFD).
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the text holds the marks git leaves in a file it could not merge.
    pub fn is_merge_conflict(&self) -> bool {
        self.text.lines().any(|line| line.starts_with("<<<<<<<"))
    }
}

impl Diagnostic for SyntaxError {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.text)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = SourceSpan::new(self.offset.into(), self.length);
        let label = LabeledSpan::new_with_span(Some(self.message.clone()), span);
        Some(Box::new(std::iter::once(label)))
    }
}
