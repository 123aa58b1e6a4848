//! What a tarball holds, as npm says it: in notices and as JSON.
//!
//! Source: npm 11.19.1, `lib/utils/tar.js`; `npm-behaviour.md` §3.

use serde::Serialize;
use serde::ser::SerializeStruct as _;

use super::bytes::format_bytes;
use super::redact::redact;
use super::{Level, Log, Printer};
use crate::pack::Packed;

/// Says a package's contents and digests in notices.
pub fn notice(printer: &Printer, packed: &Packed) {
    let say = |text: &str| printer.log(Level::Notice, "", text);

    // The first blank line is a heading and the last one a text: npm too shows
    // both, although it says nothing twice.
    printer.heading("");
    let package = if printer.unicode() {
        "📦 "
    } else {
        "package:"
    };
    say(&format!("{package} {}@{}", packed.name, packed.version));
    printer.heading("Tarball Contents");
    let own = packed
        .listing
        .iter()
        .filter(|file| !file.path.starts_with("node_modules/"));
    let lines: Vec<_> = own
        .map(|file| format!("{} {}", format_bytes(file.size, ""), file.path))
        .collect();
    say(&lines.join("\n"));
    let bundled = &packed.bundled;
    if !bundled.is_empty() {
        printer.heading("Bundled Dependencies");
        for name in bundled {
            say(name);
        }
    }
    printer.heading("Tarball Details");
    let integrity = packed.digests.integrity.to_string();
    let files = packed.listing.len();
    say(&format!("name: {}", packed.name));
    say(&format!("version: {}", packed.version));
    say(&format!("filename: {}", packed.filename));
    say(&format!(
        "package size: {}",
        format_bytes(packed.digests.size, " ")
    ));
    say(&format!(
        "unpacked size: {}",
        format_bytes(packed.unpacked_size(), " ")
    ));
    say(&format!("shasum: {}", packed.digests.shasum));
    say(&format!(
        "integrity: {}[...]{}",
        &integrity[..20],
        &integrity[80..]
    ));
    if !bundled.is_empty() {
        say(&format!("bundled deps: {}", bundled.len()));
        say("bundled files: 0"); // npm's own arithmetic never gives anything else
        say(&format!("own files: {files}"));
    }
    say(&format!("total files: {files}"));
    say("");
}

/// A packed package in the form of `npm pack --json`.
pub struct Contents<'a>(pub &'a Packed);

#[derive(Serialize)]
struct File<'a> {
    #[serde(serialize_with = "redacted")]
    path: &'a str,
    size: u64,
    mode: u32,
}

fn redacted<S: serde::Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&redact(text))
}

impl Serialize for Contents<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let packed = self.0;
        let files: Vec<_> = packed
            .listing
            .iter()
            .map(|file| File {
                path: &file.path,
                size: file.size,
                mode: file.mode,
            })
            .collect();
        let mut object = serializer.serialize_struct("Contents", 11)?;
        object.serialize_field("id", &redact(&packed.id))?;
        object.serialize_field("name", &redact(&packed.name))?;
        object.serialize_field("version", &redact(&packed.version))?;
        object.serialize_field("size", &packed.digests.size)?;
        object.serialize_field("unpackedSize", &packed.unpacked_size())?;
        object.serialize_field("shasum", &packed.digests.shasum.to_string())?;
        object.serialize_field("integrity", &packed.digests.integrity.to_string())?;
        object.serialize_field("filename", &redact(&packed.filename))?;
        object.serialize_field("files", &files)?;
        object.serialize_field("entryCount", &files.len())?;
        let bundled: Vec<_> = packed.bundled.iter().map(|name| redact(name)).collect();
        object.serialize_field("bundled", &bundled)?;
        object.end()
    }
}
