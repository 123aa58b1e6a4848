//! Verifies AWS Signature Version 4 on a received request.
//!
//! The canonical request is built here from what arrived (AWS General Reference, "Create a signed
//! AWS API request"; services other than S3 encode the path a second time); the key schedule and
//! the MAC are `aws-sigv4`'s.

use std::time::{Duration, UNIX_EPOCH};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::{AccessKey, Directory};
use crate::sandbox::clock::parse_amz_date;
use crate::sandbox::random::hex_of;

/// Signatures are good for this long before and after the server's time, in seconds.
const SKEW: i64 = 15 * 60;
/// All but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The parts of a request that a signature covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// As it stood in the request line, without the query.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    /// Lowercase hexadecimal SHA-256 of the body as it arrived.
    pub(crate) body_sha256: &'a str,
}

/// Why a signature is refused. The names are the service's error types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    #[error("Missing Authentication Token")]
    Missing,
    #[error("Authorization header requires {0}")]
    Incomplete(&'static str),
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    #[error("The security token included in the request is expired")]
    ExpiredSession,
    #[error("Credential should be scoped to {0}.")]
    Scope(String),
    #[error(
        "Signature {0}: the request was signed more than 15 minutes away from the server's time"
    )]
    Skew(&'static str),
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    Body,
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl SignatureError {
    /// The error type in `x-amzn-ErrorType`.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::UnknownKey => "UnrecognizedClientException",
            Self::ExpiredSession => "ExpiredTokenException",
            Self::Scope(_) | Self::Skew(_) | Self::Body | Self::Mismatch => {
                "InvalidSignatureException"
            }
        }
    }
}

/// Who must have signed what, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expectation<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// Finds out who signed the request.
pub(crate) fn verify(
    request: &Signed<'_>,
    expected: &Expectation<'_>,
) -> Result<AccessKey, SignatureError> {
    let header = |name: &str| {
        request
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let authorization = header("authorization").ok_or(SignatureError::Missing)?;
    let claim = Claim::parse(authorization)?;
    let date = header("x-amz-date").ok_or(SignatureError::Incomplete(
        "existence of either a 'X-Amz-Date' or a 'Date' header",
    ))?;
    let signed_at = parse_amz_date(date).ok_or(SignatureError::Incomplete(
        "an 'X-Amz-Date' of the form YYYYMMDD'T'HHMMSS'Z'",
    ))?;
    if !date.starts_with(claim.date) {
        return Err(SignatureError::Scope("the date of the request".to_owned()));
    }
    if claim.region != expected.region {
        return Err(SignatureError::Scope(format!(
            "a valid region, '{}'",
            expected.region
        )));
    }
    if claim.service != expected.service {
        return Err(SignatureError::Scope(format!(
            "correct service: '{}'",
            expected.service
        )));
    }
    if signed_at < expected.now - SKEW {
        return Err(SignatureError::Skew("expired"));
    }
    if signed_at > expected.now + SKEW {
        return Err(SignatureError::Skew("not yet current"));
    }
    let key = expected
        .directory
        .key(claim.key_id)
        .ok_or(SignatureError::UnknownKey)?;
    if key.session_token.as_deref() != header("x-amz-security-token") {
        return Err(SignatureError::UnknownKey);
    }
    if key
        .principal
        .session_end
        .is_some_and(|end| end <= expected.now)
    {
        return Err(SignatureError::ExpiredSession);
    }
    let declared = header("x-amz-content-sha256");
    if declared.is_some_and(|hash| hash != request.body_sha256 && hash != "UNSIGNED-PAYLOAD") {
        return Err(SignatureError::Body);
    }
    if !claim.signed_headers.split(';').any(|name| name == "host") {
        return Err(SignatureError::Incomplete(
            "'host' among the signed headers",
        ));
    }
    let canonical = canonical_request(
        request,
        claim.signed_headers,
        declared.unwrap_or(request.body_sha256),
    );
    let string_to_sign = format!(
        "AWS4-HMAC-SHA256\n{date}\n{}/{}/{}/aws4_request\n{}",
        claim.date,
        claim.region,
        claim.service,
        hex_of(&Sha256::digest(canonical))
    );
    let moment = UNIX_EPOCH + Duration::from_secs(u64::try_from(signed_at).unwrap_or_default());
    let signing_key = generate_signing_key(&key.secret, moment, claim.region, claim.service);
    let signature = calculate_signature(signing_key, string_to_sign.as_bytes());
    // Both are compared as digests, so the time taken says nothing about the signature.
    if Sha256::digest(signature) == Sha256::digest(claim.signature) {
        Ok(key)
    } else {
        Err(SignatureError::Mismatch)
    }
}

/// The parts of an `Authorization` header.
struct Claim<'a> {
    key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn parse(header: &'a str) -> Result<Self, SignatureError> {
        let fields = header
            .strip_prefix("AWS4-HMAC-SHA256")
            .ok_or(SignatureError::Incomplete("the algorithm AWS4-HMAC-SHA256"))?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            match field.trim().split_once('=') {
                Some(("Credential", value)) => credential = Some(value),
                Some(("SignedHeaders", value)) => signed_headers = Some(value),
                Some(("Signature", value)) => signature = Some(value),
                _ => {}
            }
        }
        let credential = credential.ok_or(SignatureError::Incomplete("'Credential' parameter"))?;
        let mut scope = credential.rsplitn(5, '/');
        let (Some("aws4_request"), Some(service), Some(region), Some(date), Some(key_id)) = (
            scope.next(),
            scope.next(),
            scope.next(),
            scope.next(),
            scope.next(),
        ) else {
            return Err(SignatureError::Incomplete("a 'Credential' of five parts"));
        };
        Ok(Self {
            key_id,
            date,
            region,
            service,
            signed_headers: signed_headers
                .ok_or(SignatureError::Incomplete("'SignedHeaders' parameter"))?,
            signature: signature.ok_or(SignatureError::Incomplete("'Signature' parameter"))?,
        })
    }
}

fn canonical_request(request: &Signed<'_>, signed_headers: &str, payload: &str) -> String {
    let mut canonical = format!(
        "{}\n{}\n{}\n",
        request.method,
        canonical_path(request.path),
        canonical_query(request.query)
    );
    for name in signed_headers.split(';') {
        canonical.push_str(name);
        canonical.push(':');
        for (index, value) in request.headers.get_all(name).iter().enumerate() {
            if index > 0 {
                canonical.push(',');
            }
            let value = String::from_utf8_lossy(value.as_bytes());
            let words: Vec<&str> = value.split_ascii_whitespace().collect();
            canonical.push_str(&words.join(" "));
        }
        canonical.push('\n');
    }
    format!("{canonical}\n{signed_headers}\n{payload}")
}

/// The path, each of its already encoded segments encoded once more.
fn canonical_path(path: &str) -> String {
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| utf8_percent_encode(segment, RESERVED).to_string())
        .collect();
    match segments.join("/") {
        empty if empty.is_empty() => "/".to_owned(),
        path => path,
    }
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (encode_again(name), encode_again(value))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// One and the same encoding, however the client wrote it.
fn encode_again(text: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(text).collect();
    percent_encoding::percent_encode(&decoded, RESERVED).to_string()
}
