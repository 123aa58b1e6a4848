//! The second host: where tarballs are redirected to, as the service redirects to S3.
//!
//! A link is presigned in the sense that it alone gives access, and for a short time. A request
//! that also carries `Authorization` is refused with 400, which is what S3 does and what a client
//! that forwards credentials across hosts runs into.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use tokio::io::AsyncReadExt as _;

use super::faults::FaultKind;
use super::random::{self, NoRandomness};
use super::reply;
use super::server::{Incoming, Shared};
use super::store::Blob;

/// A link is good for this many milliseconds.
const LIFETIME: i64 = 15 * 60 * 1000;

/// Links that were given out.
#[derive(Debug, Default)]
pub(crate) struct Links(Mutex<HashMap<String, Link>>);

#[derive(Debug, Clone)]
struct Link {
    sha256: String,
    size: u64,
    until: i64,
    damage: Option<FaultKind>,
}

impl Links {
    /// The path and query of a fresh link.
    pub(crate) fn make(
        &self,
        sha256: &str,
        size: u64,
        now: i64,
        damage: Option<FaultKind>,
    ) -> Result<String, NoRandomness> {
        let signature = random::hex::<32>()?;
        let link = Link {
            sha256: sha256.to_owned(),
            size,
            until: now.saturating_add(LIFETIME),
            damage,
        };
        let mut links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|_, link| link.until > now);
        links.insert(signature.clone(), link);
        Ok(format!(
            "{}?X-Amz-Expires={}&X-Amz-Signature={signature}",
            path_of(sha256),
            LIFETIME / 1000
        ))
    }

    fn find(&self, signature: &str) -> Option<Link> {
        let links = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        links.get(signature).cloned()
    }
}

fn path_of(sha256: &str) -> String {
    format!("/assets/{sha256}")
}

pub(super) async fn handle(shared: &Shared, incoming: &mut Incoming) -> Response {
    if !matches!(incoming.method.as_str(), "GET" | "HEAD") {
        return refuse(
            405,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        );
    }
    if incoming.headers.contains_key(AUTHORIZATION) {
        return refuse(
            400,
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
        );
    }
    let signature = incoming
        .query
        .split('&')
        .find_map(|pair| pair.strip_prefix("X-Amz-Signature="));
    let link = signature
        .and_then(|signature| shared.links.find(signature))
        .filter(|link| incoming.path == path_of(&link.sha256));
    match link {
        Some(link) if link.until > shared.clock.now() => {
            blob(shared, &link.sha256, link.size, link.damage.as_ref()).await
        }
        Some(_) => refuse(403, "AccessDenied", "Request has expired"),
        None => refuse(403, "AccessDenied", "Access Denied"),
    }
}

fn refuse(status: u16, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    reply::bytes(status, "application/xml", body)
}

/// A stored asset as a streamed reply, damaged if a fault says so.
pub(crate) async fn blob(
    shared: &Shared,
    sha256: &str,
    size: u64,
    damage: Option<&FaultKind>,
) -> Response {
    let Some(blob) = shared.store.blobs().find(sha256) else {
        return refuse(404, "NoSuchKey", "The specified key does not exist.");
    };
    let keep = match damage {
        Some(FaultKind::TruncateTarball) => size / 2,
        _ => size,
    };
    let flip = matches!(damage, Some(FaultKind::CorruptTarball)).then_some(size / 2);
    let body = match blob {
        Blob::Memory(bytes) => Body::from(shape(bytes, 0, keep, flip)),
        Blob::File(path) => match tokio::fs::File::open(&path).await {
            Ok(file) => stream(file, keep, flip),
            Err(_) => return refuse(404, "NoSuchKey", "The specified key does not exist."),
        },
    };
    let mut response = reply::bytes(200, "application/octet-stream", body);
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(keep));
    response
}

/// The part of a chunk at `offset` that is within the first `keep` bytes, one byte flipped.
fn shape(chunk: Bytes, offset: u64, keep: u64, flip: Option<u64>) -> Bytes {
    let room = usize::try_from(keep.saturating_sub(offset)).unwrap_or(usize::MAX);
    let mut chunk = chunk;
    chunk.truncate(room);
    let at = flip
        .and_then(|at| at.checked_sub(offset))
        .and_then(|at| usize::try_from(at).ok())
        .filter(|at| *at < chunk.len());
    match at {
        None => chunk,
        Some(at) => {
            let mut damaged = chunk.to_vec();
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 0x20;
            }
            damaged.into()
        }
    }
}

fn stream(mut file: tokio::fs::File, keep: u64, flip: Option<u64>) -> Body {
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(2);
    tokio::spawn(async move {
        let mut offset = 0;
        while offset < keep {
            let mut buffer = Vec::with_capacity(64 << 10);
            let sent = match file.read_buf(&mut buffer).await {
                Ok(0) => Err(std::io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    let chunk = shape(buffer.into(), offset, keep, flip);
                    offset += count as u64;
                    Ok(chunk)
                }
                Err(error) => Err(error),
            };
            let failed = sent.is_err();
            if sender.send(sent).await.is_err() || failed {
                return;
            }
        }
    });
    Body::new(ReceiverBody(receiver))
}

/// A body out of a channel.
struct ReceiverBody(tokio::sync::mpsc::Receiver<Result<Bytes, std::io::Error>>);

impl http_body::Body for ReceiverBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        self.0
            .poll_recv(context)
            .map(|chunk| chunk.map(|chunk| chunk.map(http_body::Frame::data)))
    }
}
