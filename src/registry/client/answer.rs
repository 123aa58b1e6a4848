//! What a registry's answers say beside their bodies, and what comes in an answer's stead.

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap};
use url::Url;

use super::error::{RequestError, TransportError};
use crate::registry::url::host_with_port;

/// An answer's body is read up to this many bytes where nothing depends on it, an error's for one.
pub(super) const MOST_READ: usize = 64 * 1024;

/// Where a response sends its reader next.
pub(super) fn redirect(url: &Url, response: &reqwest::Response) -> Option<Url> {
    matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308)
        .then(|| response.headers().get(header::LOCATION)?.to_str().ok())
        .flatten()
        .and_then(|location| url.join(location).ok())
}

/// Reads what is left of an answer that said all with its status: a connection whose answer was read to its end serves
/// the next request too.
pub(super) async fn drain(mut response: reqwest::Response) {
    let mut left = MOST_READ;
    while let Ok(Some(chunk)) = response.chunk().await {
        let Some(rest) = left.checked_sub(chunk.len()) else {
            return;
        };
        left = rest;
    }
}

/// `Retry-After` in seconds; its date form asks for a clock and is not used by
/// registries.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// All of an answer's body.
pub(super) async fn whole_body(
    response: reqwest::Response,
    url: &Url,
) -> Result<Bytes, RequestError> {
    response
        .bytes()
        .await
        .map_err(|error| interrupted(url, error).into())
}

/// A URL without credentials and without a query, which may hold a signature.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for URLs that cannot hold credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url.query().is_some() {
        url.set_query(Some("..."));
    }
    url.to_string()
}

/// Why a request got no answer.
pub(super) fn no_answer(url: &Url, error: reqwest::Error) -> TransportError {
    if error.is_connect() {
        TransportError::NotSent {
            host: host_with_port(url),
            reason: chain(&error.without_url()),
        }
    } else {
        interrupted(url, error)
    }
}

/// Why an answer has no end.
pub(super) fn interrupted(url: &Url, error: reqwest::Error) -> TransportError {
    TransportError::Interrupted {
        host: host_with_port(url),
        reason: chain(&error.without_url()),
    }
}

/// The innermost words of an error: the outer ones only say that a request
/// failed.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut innermost = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        innermost = error.to_string();
        source = error.source();
    }
    innermost
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use super::*;

    #[test]
    fn urls_are_shown_without_secrets() {
        let url = Url::parse("https://u:p@h/x?X-Amz-Signature=s").expect("a URL");
        assert_eq!(shown(&url), "https://h/x?...");
    }
}
