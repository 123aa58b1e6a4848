//! A registry that holds what a case says, and keeps what is put there.

use std::sync::{Arc, Mutex};

use consign::manifest::json as kept;
use serde_json::{Map, Value, json};

use crate::support::{Answer, Asked, Scripted};

/// What the registry answers.
#[derive(Clone, Debug)]
pub(crate) struct Holds {
    /// The answer to a GET before anything was put: status and body.
    pub(crate) get: (u16, String),
    /// The answer to a PUT.
    pub(crate) put: (u16, String),
}

impl Holds {
    /// An empty registry that accepts everything.
    pub(crate) fn nothing() -> Self {
        Self {
            get: (404, json!({"error": "not found"}).to_string()),
            put: (201, json!({"ok": true}).to_string()),
        }
    }

    /// A registry with these versions of a package, each with its message of deprecation or none.
    pub(crate) fn versions(versions: &[(&str, Option<&str>)]) -> Self {
        let objects: Map<String, Value> = versions
            .iter()
            .map(|(version, deprecated)| {
                let mut object = json!({"dist": {"integrity": "sha512-AA=="}});
                if let Some(message) = deprecated {
                    object["deprecated"] = json!(message);
                }
                ((*version).to_owned(), object)
            })
            .collect();
        let body = json!({"versions": objects, "dist-tags": {}});
        Self {
            get: (200, body.to_string()),
            ..Self::nothing()
        }
    }

    /// The same, with another answer to a PUT.
    pub(crate) fn refusing(self, status: u16, body: &str) -> Self {
        Self {
            put: (status, body.to_owned()),
            ..self
        }
    }
}

/// The one registry that both publish to, one after the other.
pub(super) struct Registry {
    server: Scripted,
    holds: Arc<Mutex<Holds>>,
}

impl Registry {
    pub(super) fn start() -> Self {
        let holds = Arc::new(Mutex::new(Holds::nothing()));
        let shared = Arc::clone(&holds);
        let server = Scripted::start(move |asked, before| {
            let holds = shared.lock().unwrap();
            let reply = |(status, body): &(u16, String)| {
                Answer::Reply(*status, "application/json", body.clone())
            };
            let is_put = |asked: &Asked| asked.method == "PUT";
            match asked.method.as_str() {
                "PUT" => reply(&holds.put),
                _ if holds.put.0 < 400 && before.iter().any(is_put) => packument(before),
                _ => reply(&holds.get),
            }
        });
        Self { server, holds }
    }

    /// Its address, without the slash at its end.
    pub(super) fn address(&self) -> &str {
        self.server.url.trim_end_matches('/')
    }

    /// Runs something against a registry that holds this; what was asked meanwhile.
    pub(super) fn during<T>(&self, holds: &Holds, run: impl FnOnce() -> T) -> (T, Vec<Asked>) {
        *self.holds.lock().unwrap() = holds.clone();
        self.server.take();
        let result = run();
        (result, self.server.take())
    }
}

/// The packument after these documents were accepted; by the parser that keeps what JavaScript keeps.
fn packument(accepted: &[Asked]) -> Answer {
    let (mut versions, mut tags) = (Map::new(), Map::new());
    for put in accepted.iter().filter(|asked| asked.method == "PUT") {
        let document = kept::parse(&put.body).unwrap();
        for (into, key) in [(&mut versions, "versions"), (&mut tags, "dist-tags")] {
            into.extend(document[key].as_object().cloned().unwrap_or_default());
        }
    }
    let body = kept::compact(&json!({"versions": versions, "dist-tags": tags}));
    Answer::Reply(200, "application/json", body)
}
