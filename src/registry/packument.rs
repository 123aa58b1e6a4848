//! What a registry says about a package: the part of its packument that a
//! publish has to know.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::manifest;
use crate::tarball::Integrity;

/// A packument, full or abbreviated; fields that a publish does not need are
/// passed over as it is read.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Packument {
    /// Versions by number.
    #[serde(default)]
    pub versions: BTreeMap<String, PublishedVersion>,
    /// Versions by dist-tag.
    #[serde(default, rename = "dist-tags")]
    pub dist_tags: BTreeMap<String, String>,
}

/// One published version.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PublishedVersion {
    /// The tarball.
    #[serde(default)]
    pub dist: Dist,
    /// A deprecation message, or `false`.
    #[serde(default)]
    pub deprecated: Option<Value>,
}

/// Where a tarball is and what identifies it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Dist {
    /// Subresource integrity, `sha512-<base64>`.
    #[serde(default)]
    pub integrity: Option<String>,
    /// SHA-1 in hex.
    #[serde(default)]
    pub shasum: Option<String>,
    /// URL of the tarball.
    #[serde(default)]
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
}
