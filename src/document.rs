//! The publish document: what a client PUTs to publish a version.
//!
//! One JSON object that holds the version's manifest and, in `_attachments`,
//! the tarball as base64 (`npm-behaviour.md` §5.2). All of it but the base64 is
//! made up front, so that the length of the body is known; the base64 is made
//! from the spooled tarball as the body leaves and is never held whole.

use std::io::{self, Read as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};

use crate::manifest::{ManifestError, dist_tag, json, set_dist};
use crate::registry::url::RegistryUrl;
use crate::tarball::{Digests, SpoolReader, Spooled};

/// The tarball is encoded in pieces of this many bytes: a multiple of three,
/// so that only the last piece has padding.
const PIECE: usize = 48 * 1024;

/// What a version is published as, beside its manifest.
#[derive(Debug, Clone)]
pub struct Publication<'a> {
    /// The version object, but for `dist` (`manifest::version_object`).
    pub manifest: &'a Map<String, Value>,
    /// Package name, with its scope.
    pub name: &'a str,
    /// Version, normalised.
    pub version: &'a str,
    /// The dist-tag asked for. A `tag` field of the manifest wins over it.
    pub tag: &'a str,
    /// `public` or `restricted`; sent as null where nothing was asked for.
    pub access: Value,
    /// The registry, from which `dist.tarball` is made.
    pub registry: &'a RegistryUrl,
    /// The tarball's digests.
    pub digests: Digests,
}

/// A publish document, ready to be sent as often as needed.
#[derive(Clone)]
pub struct Document {
    head: Bytes,
    tarball: Spooled,
    tail: Bytes,
    tag: String,
}

impl Document {
    /// Builds the document around a tarball.
    ///
    /// # Errors
    /// [`ManifestError::WrongType`] for a `tag` in the manifest that has no text.
    pub fn new(publication: &Publication<'_>, tarball: Spooled) -> Result<Self, ManifestError> {
        let Publication {
            manifest,
            name,
            version,
            ..
        } = *publication;
        let version_object = version_object(publication);
        let tag = dist_tag(manifest, publication.tag)?;

        let mut root = Map::new();
        root.insert("_id".into(), name.into());
        root.insert("name".into(), name.into());
        if let Some(description) = manifest.get("description") {
            root.insert("description".into(), description.clone());
        }
        root.insert(
            "dist-tags".into(),
            serde_json::json!({ tag.as_str(): version }),
        );
        root.insert(
            "versions".into(),
            serde_json::json!({ version: version_object }),
        );
        root.insert("access".into(), publication.access.clone());

        let mut head = json::compact(&Value::Object(root));
        head.pop(); // the closing brace: attachments follow
        let attachment = json::compact(&Value::from(format!("{name}-{version}.tgz")));
        head.push_str(",\"_attachments\":{");
        head.push_str(&attachment);
        head.push_str(":{\"content_type\":\"application/octet-stream\",\"data\":\"");
        let tail = format!("\",\"length\":{}}}}}}}", tarball.size());
        Ok(Self {
            head: head.into(),
            tarball,
            tail: tail.into(),
            tag,
        })
    }

    /// The dist-tag that the version gets.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The exact length of the body, in bytes.
    pub fn content_length(&self) -> u64 {
        let base64 = self.tarball.size().div_ceil(3) * 4;
        self.head.len() as u64 + base64 + self.tail.len() as u64
    }

    /// The body, in order, in pieces of some ten kilobytes.
    ///
    /// # Errors
    /// An item is an error where the spooled tarball cannot be read.
    pub fn pieces(&self) -> Pieces {
        Pieces {
            head: Some(self.head.clone()),
            tarball: Some(self.tarball.reader()),
            tail: Some(self.tail.clone()),
        }
    }
}

/// The version object with `dist` filled in, as it stands in `versions`.
fn version_object(publication: &Publication<'_>) -> Value {
    let digests = &publication.digests;
    let mut object = publication.manifest.clone();
    set_dist(
        &mut object,
        &digests.integrity.to_string(),
        &digests.shasum.to_string(),
        &tarball_url(publication),
    );
    Value::Object(object)
}

/// Where the registry will serve the tarball. npm always says `http:`, and
/// clients use the registry's own scheme whatever stands there. A registry
/// without a slash at its end loses its last path segment, as with npm.
fn tarball_url(publication: &Publication<'_>) -> String {
    let Publication {
        name,
        version,
        registry,
        ..
    } = publication;
    let path = format!("{name}/-/{name}-{version}.tgz");
    // A name has been checked to be URL-safe, so this joins.
    let url = registry.join(&path).map_or(path, String::from);
    url.strip_prefix("https://")
        .map_or(url.clone(), |rest| format!("http://{rest}"))
}

/// The body of a [`Document`] as it is sent.
pub struct Pieces {
    head: Option<Bytes>,
    tarball: Option<SpoolReader>,
    tail: Option<Bytes>,
}

impl Iterator for Pieces {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(head) = self.head.take() {
            return Some(Ok(head));
        }
        if let Some(reader) = &mut self.tarball {
            let mut piece = Vec::with_capacity(PIECE);
            match reader.take(PIECE as u64).read_to_end(&mut piece) {
                Ok(0) => self.tarball = None,
                Ok(_) => return Some(Ok(STANDARD.encode(piece).into())),
                Err(error) => {
                    // A body that ends here is too short for its stated length.
                    (self.tarball, self.tail) = (None, None);
                    return Some(Err(error));
                }
            }
        }
        self.tail.take().map(Ok)
    }
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use super::*;

    fn document(tarball: Vec<u8>, manifest: Value, registry: &str) -> Document {
        let Value::Object(manifest) = manifest else {
            unreachable!("manifests are objects")
        };
        let registry = RegistryUrl::parse(registry).expect("a URL");
        let publication = Publication {
            manifest: &manifest,
            name: "@sc/t1",
            version: "1.0.0",
            tag: "next",
            access: Value::Null,
            registry: &registry,
            digests: Digests::of(&tarball),
        };
        Document::new(&publication, tarball.into()).expect("a tag with a text")
    }

    fn body(document: &Document) -> Vec<u8> {
        document
            .pieces()
            .map(|piece| piece.expect("memory"))
            .collect::<Vec<_>>()
            .concat()
    }

    #[test]
    fn the_body_is_npms_document_and_as_long_as_announced() {
        for size in [0, 1, 2, 3, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 2] {
            let tarball = vec![7; size];
            let document = document(
                tarball.clone(),
                serde_json::json!({"name": "@sc/t1"}),
                "http://h/npm/",
            );
            let body = body(&document);
            assert_eq!(body.len() as u64, document.content_length(), "{size}");
            let parsed: Value = serde_json::from_slice(&body).expect("JSON");
            let keys: Vec<_> = parsed.as_object().expect("an object").keys().collect();
            assert_eq!(
                keys,
                [
                    "_id",
                    "name",
                    "dist-tags",
                    "versions",
                    "access",
                    "_attachments"
                ]
            );
            let attachment = &parsed["_attachments"]["@sc/t1-1.0.0.tgz"];
            assert_eq!(attachment["length"], size);
            assert_eq!(attachment["data"], STANDARD.encode(tarball));
        }
    }

    #[test]
    fn dist_keeps_other_keys_and_gets_three() {
        let manifest = serde_json::json!({"description": "d", "dist": {"shasum": "old", "x": 1}});
        let document = document(vec![1], manifest, "https://h/npm/");
        let parsed: Value = serde_json::from_slice(&body(&document)).expect("JSON");
        assert_eq!(parsed["description"], "d");
        let dist = &parsed["versions"]["1.0.0"]["dist"];
        let keys: Vec<_> = dist.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["shasum", "x", "integrity", "tarball"]);
        assert_eq!(dist["tarball"], "http://h/npm/@sc/t1/-/@sc/t1-1.0.0.tgz");
    }

    #[test]
    fn a_tag_in_the_manifest_wins() {
        assert_eq!(
            document(vec![], serde_json::json!({"tag": "beta"}), "http://h/").tag(),
            "beta"
        );
        assert_eq!(
            document(vec![], serde_json::json!({"tag": ""}), "http://h/").tag(),
            "next"
        );
        assert_eq!(
            document(vec![], serde_json::json!({}), "http://h/").tag(),
            "next"
        );
    }

    #[test]
    fn a_registry_without_its_slash_loses_a_segment() {
        let document = document(vec![], serde_json::json!({}), "http://h/npm");
        let parsed: Value = serde_json::from_slice(&body(&document)).expect("JSON");
        assert_eq!(
            parsed["versions"]["1.0.0"]["dist"]["tarball"],
            "http://h/@sc/t1/-/@sc/t1-1.0.0.tgz"
        );
    }
}
