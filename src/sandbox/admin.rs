//! The sandbox's own API below `/_sandbox/`: faults, clock, log.
//!
//! It needs no credentials: the sandbox listens on 127.0.0.1 only, and answers only to host names
//! that no web page can have (`hosts`). A request that a browser sends for another site (`Origin`)
//! is refused.

use axum::response::Response;
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Value, json};

use super::clock::iso8601;
use super::faults::Fault;
use super::reply;
use super::server::{Incoming, Shared};

/// The largest body an admin call may have, in bytes.
const BODY: usize = 1 << 20;

pub(super) async fn handle(shared: &Shared, path: &str, incoming: Incoming) -> Response {
    if incoming.header("origin").is_some() {
        return refuse(403, "requests of web pages are not answered");
    }
    let method = incoming.method.clone();
    let query = incoming.query.clone();
    let Ok(body) = Limited::new(incoming.body, BODY).collect().await else {
        return refuse(400, "the body could not be read");
    };
    let body = body.to_bytes();
    let parsed = || serde_json::from_slice::<Value>(&body).unwrap_or(Value::Null);
    match (method.as_str(), path) {
        ("GET", "faults") => reply::json(200, &json!({"faults": shared.faults.armed()})),
        ("POST", "faults") => match serde_json::from_slice::<Fault>(&body) {
            Ok(fault) => {
                shared.faults.arm(fault);
                reply::json(200, &json!({"faults": shared.faults.armed()}))
            }
            Err(error) => refuse(400, &error.to_string()),
        },
        ("DELETE", "faults") => {
            shared.faults.clear();
            reply::json(200, &json!({"faults": []}))
        }
        ("GET", "clock") => clock(shared),
        ("POST", "clock") => {
            let body = parsed();
            let number = |name: &str| body.get(name).and_then(Value::as_i64);
            if let Some(seconds) = number("advance") {
                shared.clock.advance(seconds.saturating_mul(1000));
            } else if let Some(seconds) = number("set") {
                shared.clock.freeze(seconds.saturating_mul(1000));
            } else {
                return refuse(400, "expected {\"advance\": SECONDS} or {\"set\": SECONDS}");
            }
            clock(shared)
        }
        ("DELETE", "clock") => {
            shared.clock.release();
            clock(shared)
        }
        ("GET", "log") => {
            let after = query
                .strip_prefix("after=")
                .and_then(|number| number.parse().ok())
                .unwrap_or_default();
            reply::json(200, &json!({"entries": shared.log.after(after)}))
        }
        ("DELETE", "log") => {
            shared.log.clear();
            reply::json(200, &json!({"entries": []}))
        }
        _ => refuse(
            404,
            "the sandbox has /_sandbox/faults, /_sandbox/clock and /_sandbox/log",
        ),
    }
}

fn clock(shared: &Shared) -> Response {
    let now = shared.clock.now();
    reply::json(
        200,
        &json!({"now": now.div_euclid(1000), "time": iso8601(now)}),
    )
}

fn refuse(status: u16, why: &str) -> Response {
    reply::json(status, &json!({"message": why}))
}
