//! What npm says while it works on a manifest.

use serde_json::{Map, Value};

use super::json::text;
use super::{ManifestError, javascript};

/// The sentences npm prints below `errors corrected:`, in its words and order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Corrections {
    /// `None` where npm does not keep them: then their texts must not be made either, as that can fail.
    lines: Option<Vec<String>>,
}

impl Corrections {
    /// Keeps what is pushed.
    pub(crate) fn kept() -> Self {
        Self {
            lines: Some(Vec::new()),
        }
    }

    /// Drops what is pushed.
    pub(crate) fn dropped() -> Self {
        Self { lines: None }
    }

    pub(crate) fn push(&mut self, line: &str) {
        if let Some(lines) = &mut self.lines {
            lines.push(line.to_owned());
        }
    }

    /// Adds a sentence that quotes a value.
    pub(crate) fn push_quoting(
        &mut self,
        value: Option<&Value>,
        sentence: impl FnOnce(&str) -> String,
    ) -> Result<(), ManifestError> {
        if let Some(lines) = &mut self.lines {
            lines.push(sentence(&javascript::to_text(value)?));
        }
        Ok(())
    }

    /// The lines, as plain text.
    pub(crate) fn into_lines(self) -> Vec<String> {
        let lines = self.lines.unwrap_or_default();
        lines
            .iter()
            .map(|line| text::plain_lossy(line).into_owned())
            .collect()
    }
}

/// `name@version` as npm prints it before it has looked at either.
pub(crate) fn package_id(map: &Map<String, Value>) -> Result<String, ManifestError> {
    let name =
        javascript::text_or_empty(map.get("name")).map_err(|error| error.in_field("name"))?;
    let version =
        javascript::text_or_empty(map.get("version")).map_err(|error| error.in_field("version"))?;
    Ok(format!("{name}@{version}"))
}
