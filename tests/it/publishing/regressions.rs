//! Publishes that once came out differently, by the name of the rule they are about.

use super::case::Case;
use super::registry::Holds;

const PLAIN: &str = r#"{"name": "a", "version": "1.0.0"}"#;

pub(super) fn all() -> Vec<(&'static str, Case)> {
    vec![
        ("a plain package", Case::new(PLAIN, &[("p/index.js", "1")])),
        (
            "a version that is there",
            Case::new(PLAIN, &[]).against(Holds::versions(&[("1.0.0", None)])),
        ),
        (
            "a one-time password makes the auth type legacy",
            Case::new(PLAIN, &[]).with(&["--otp=123456"]),
        ),
    ]
}
