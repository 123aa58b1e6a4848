//! The faults that happen to any request: before anything is done, and after.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::RETRY_AFTER;
use http_body_util::BodyExt as _;
use serde_json::json;

use super::FaultKind;
use crate::sandbox::connection::Cut;
use crate::sandbox::reply;
use crate::sandbox::server::{Incoming, Shared};

/// What the answer of a fault says, under the key of either side.
const SAID: &str = "a fault of the sandbox";

/// What is answered instead, when a fault comes before anything is done.
pub(crate) async fn before(
    shared: &Shared,
    incoming: &mut Incoming,
    cut: &Cut,
) -> Option<Response> {
    let delay = |fault: &FaultKind| matches!(fault, FaultKind::Delay { .. });
    if let Some(FaultKind::Delay { milliseconds }) = incoming.strike(shared, delay) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
    let refusals = |fault: &FaultKind| {
        matches!(
            fault,
            FaultKind::Status { .. }
                | FaultKind::Html { .. }
                | FaultKind::ResetBeforeBody
                | FaultKind::ResetDuringBody { .. }
        )
    };
    match incoming.strike(shared, refusals)? {
        FaultKind::Status {
            status,
            retry_after,
        } => {
            drain(&mut incoming.body).await;
            let response = reply::json(status, &json!({"message": SAID, "error": SAID}));
            Some(match retry_after {
                Some(seconds) => reply::with(response, RETRY_AFTER, &seconds.to_string()),
                None => response,
            })
        }
        FaultKind::Html { status } => {
            drain(&mut incoming.body).await;
            let page = "<!doctype html><title>Bad gateway</title><h1>Bad gateway</h1>\n";
            Some(reply::bytes(status, "text/html", page))
        }
        FaultKind::ResetDuringBody { after } => {
            let mut read = 0;
            while read < after {
                match incoming.body.frame().await {
                    Some(Ok(frame)) => {
                        read += frame.data_ref().map_or(0, |data| data.len() as u64);
                    }
                    _ => break,
                }
            }
            cut.after(0);
            Some(reply::bytes(500, "text/plain", ""))
        }
        _ => {
            cut.after(0);
            Some(reply::bytes(500, "text/plain", ""))
        }
    }
}

/// Cuts the connection under a reply whose deed is done.
pub(crate) fn after(shared: &Shared, incoming: &mut Incoming, cut: &Cut) {
    let late = |fault: &FaultKind| {
        matches!(
            fault,
            FaultKind::LoseReply | FaultKind::ResetDuringReply { .. }
        )
    };
    match incoming.strike(shared, late) {
        Some(FaultKind::LoseReply) => cut.after(0),
        Some(FaultKind::ResetDuringReply { after }) => cut.after(after),
        _ => {}
    }
}

/// Reads on for a while after a refusal, so that a client that is still sending sees the reply
/// instead of a reset.
pub(crate) async fn drain(body: &mut Body) {
    const PATIENCE: usize = 64 << 20;
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, bytes::Bytes::len);
        if read > PATIENCE {
            return;
        }
    }
}
