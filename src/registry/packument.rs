//! What a registry says about a package: the part of its packument that a
//! publish has to know.

mod lenient;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::manifest;
use crate::tarball::{Digests, Integrity};

/// A packument, full or abbreviated; fields that a publish does not need are
/// passed over as it is read.
///
/// A registry may hold versions from long ago or from elsewhere that are not as they should be. None
/// of them keeps the others from being read: a field of another shape counts as missing.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Packument {
    /// Versions by number.
    #[serde(default, deserialize_with = "lenient::objects")]
    pub versions: BTreeMap<String, PublishedVersion>,
    /// Versions by dist-tag.
    #[serde(default, rename = "dist-tags", deserialize_with = "lenient::texts")]
    pub dist_tags: BTreeMap<String, String>,
}

/// One published version.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PublishedVersion {
    /// The tarball.
    #[serde(default, deserialize_with = "lenient::object")]
    pub dist: Dist,
    /// A deprecation message, or `false`.
    #[serde(default)]
    pub deprecated: Option<Value>,
}

/// Where a tarball is and what identifies it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Dist {
    /// Subresource integrity, `sha512-<base64>`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub integrity: Option<String>,
    /// SHA-1 in hex.
    #[serde(default, deserialize_with = "lenient::text")]
    pub shasum: Option<String>,
    /// URL of the tarball.
    #[serde(default, deserialize_with = "lenient::text")]
    pub tarball: Option<String>,
}

impl Packument {
    /// Reads a registry's answer.
    ///
    /// Half a surrogate pair, which npm lets into documents and registries hand out again, is no
    /// JSON to serde where it stands in a key; then the slower parser of manifests reads it.
    pub fn parse(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body)
            .ok()
            .or_else(|| serde_json::from_value(manifest::json::parse(body).ok()?).ok())
    }
}

impl PublishedVersion {
    /// The tarball's SHA-512, if the registry names one that can be read.
    pub fn integrity(&self) -> Option<Integrity> {
        self.dist.integrity.as_deref()?.parse().ok()
    }

    /// Whether a tarball with these digests is this version's: by its SHA-512, or by its SHA-1 where the registry names
    /// no other. `None` where it names neither.
    pub fn is_of(&self, digests: &Digests) -> Option<bool> {
        if let Some(integrity) = self.integrity() {
            return Some(integrity == digests.integrity);
        }
        let shasum = self.dist.shasum.as_deref()?;
        Some(shasum.eq_ignore_ascii_case(&digests.shasum.to_string()))
    }

    /// Whether npm takes it for deprecated: any message but an empty one.
    pub fn is_deprecated(&self) -> bool {
        match &self.deprecated {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(message)) => !message.is_empty(),
            Some(_) => true,
        }
    }
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use super::*;

    #[test]
    fn half_a_surrogate_pair_is_read() {
        let body =
            br#"{"versions": {"1.0.0": {"a\ud800": 1, "dist": {"shasum": "x"}}}, "dist-tags": {}}"#;
        let packument = Packument::parse(body).expect("a packument");
        assert_eq!(
            packument.versions["1.0.0"].dist.shasum.as_deref(),
            Some("x")
        );
        assert!(Packument::parse(b"{").is_none());
    }

    #[test]
    fn a_packument_is_read_whatever_else_it_holds() {
        let text = r#"{"name":"a","time":{},"dist-tags":{"latest":"1.0.0"},"versions":{
            "1.0.0":{"name":"a","dist":{"shasum":"x","integrity":"sha1-x","tarball":"t"},"deprecated":""},
            "0.9.0":{"deprecated":"old"}, "0.8.0":{"deprecated":true}}}"#;
        let packument: Packument = serde_json::from_str(text).expect("a packument");
        let deprecated: Vec<_> = packument
            .versions
            .values()
            .map(PublishedVersion::is_deprecated)
            .collect();
        assert_eq!(deprecated, [true, true, false]);
        assert!(packument.versions["1.0.0"].integrity().is_none());
        assert_eq!(packument.dist_tags["latest"], "1.0.0");
    }

    #[test]
    fn what_is_not_as_it_should_be_counts_as_missing() {
        let good = r#""2.0.0": {"dist": {"shasum": "s", "integrity": "i", "tarball": "t"}}"#;
        for bad in [
            r#""1.0.0": {"dist": {"shasum": 1.5, "integrity": ["x"], "tarball": {"a": [null]}}}"#,
            r#""1.0.0": {"dist": [1, [true]], "deprecated": {}}"#,
            r#""1.0.0": {"dist": "text"}, "0.9.0": 5, "0.8.0": null, "0.7.0": [false], "0.6.0": -1.5e9, "0.5.0": "x""#,
        ] {
            let tags = r#"{"latest": "2.0.0", "odd": 5, "none": null, "deep": {"a": 1}}"#;
            let text = format!(r#"{{"versions": {{{bad}, {good}}}, "dist-tags": {tags}}}"#);
            let packument = Packument::parse(text.as_bytes()).expect("a packument");
            let odd = &packument.versions["1.0.0"].dist;
            assert_eq!(
                (&odd.integrity, &odd.shasum, &odd.tarball),
                (&None, &None, &None)
            );
            assert_eq!(
                packument.versions["2.0.0"].dist.tarball.as_deref(),
                Some("t")
            );
            assert_eq!(packument.dist_tags.len(), 1, "{:?}", packument.dist_tags);
        }
        for versions in ["null", "[]", "[{}]", "true", "\"text\"", "{}"] {
            let text = format!(r#"{{"versions": {versions}, "dist-tags": {versions}}}"#);
            let packument = Packument::parse(text.as_bytes()).expect("a packument");
            assert!(packument.versions.is_empty() && packument.dist_tags.is_empty());
        }
        for text in [
            "null",
            "text",
            "5",
            r#"{"versions": {"1.0.0": {"dist": [}}"#,
        ] {
            assert!(Packument::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_version_is_known_by_the_better_of_its_digests() {
        let (ours, others) = (Digests::of(b"ours"), Digests::of(b"others"));
        let version = |integrity: Option<String>, shasum: Option<String>| PublishedVersion {
            dist: Dist {
                integrity,
                shasum,
                tarball: None,
            },
            deprecated: None,
        };
        let sha512 = |digests: Digests| Some(digests.integrity.to_string());
        let sha1 = |digests: Digests| Some(digests.shasum.to_string().to_uppercase());
        for (integrity, shasum, expected) in [
            (sha512(ours), sha1(others), Some(true)),
            (sha512(others), sha1(ours), Some(false)),
            (Some("md5-x".into()), sha1(ours), Some(true)),
            (None, sha1(others), Some(false)),
            (Some(String::new()), None, None),
        ] {
            assert_eq!(version(integrity, shasum).is_of(&ours), expected);
        }
    }
}
