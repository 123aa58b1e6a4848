//! URLs by the WHATWG's rules, which decide here whether npm takes a text for one.
//!
//! The crate `url` follows these rules but for two kinds of text it lets pass; Node refuses them.

use url::Url;

/// `new URL(text)`, `None` where that throws.
pub(crate) fn parse(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let trimmed = text.trim_start_matches(|character| character <= ' ');
    let after_scheme = trimmed
        .get(url.scheme().len()..)
        .and_then(|rest| rest.strip_prefix("://"));
    let authority = after_scheme.and_then(|rest| rest.split(['/', '?', '#']).next());
    // A user needs a host, and outside the schemes of the web a backslash is no slash.
    let is_web = matches!(
        url.scheme(),
        "http" | "https" | "ws" | "wss" | "ftp" | "file"
    );
    let is_refused = |authority: &str| {
        let host = authority.rsplit('@').next().unwrap_or_default();
        authority.ends_with('@') || host.contains('\\')
    };
    if !is_web && authority.is_some_and(is_refused) {
        None
    } else {
        Some(url)
    }
}
