//! A registry that does what a test tells it, down to the connection: answers with any status and body, or hangs up
//! after it has read the request.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// What the registry was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// The value of a header, if it was sent.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(key, _)| key == name);
        header.map(|(_, value)| value.as_str())
    }

    /// The publish document of a PUT.
    #[track_caller]
    pub(crate) fn document(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a publish document")
    }
}

/// What it does about it.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Status, content type, body.
    Reply(u16, &'static str, String),
    /// As `Reply`, with one more header.
    With(u16, &'static str, String),
    /// Closes the connection without a word.
    HangUp,
}

impl Answer {
    /// A JSON reply.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::Reply(status, "application/json", body.to_string())
    }
}

/// Something that waits until it is let through.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Lets everything through from now on.
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open.
    pub(crate) fn pass(&self) {
        let is_open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(is_open, |is_open| !*is_open).unwrap());
    }
}

type Script = dyn Fn(&Asked, &[Asked]) -> Answer + Send + Sync;

/// The running registry. It serves until the test process ends.
pub(crate) struct Scripted {
    /// `http://127.0.0.1:PORT/`
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// Starts a registry. The script gets each request and all that came before it.
    pub(crate) fn start(
        script: impl Fn(&Asked, &[Asked]) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(None, None, script)
    }

    /// The same by TLS, under the name `localhost`.
    pub(crate) fn start_tls(
        config: Arc<ServerConfig>,
        script: impl Fn(&Asked, &[Asked]) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(Some(config), None, script)
    }

    /// The same, without reading any body before the gate is open.
    pub(crate) fn start_behind(
        gate: &Gate,
        script: impl Fn(&Asked, &[Asked]) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start_with(None, Some(gate.clone()), script)
    }

    fn start_with(
        tls: Option<Arc<ServerConfig>>,
        gate: Option<Gate>,
        script: impl Fn(&Asked, &[Asked]) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let url = match &tls {
            None => format!("http://{address}/"),
            Some(_) => format!("https://localhost:{}/", address.port()),
        };
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (script, log): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (script, log, tls) = (Arc::clone(&script), Arc::clone(&log), tls.clone());
                let gate = gate.clone();
                thread::spawn(move || match tls {
                    None => serve(stream, gate.as_ref(), script.as_ref(), &log),
                    Some(config) => {
                        let connection = ServerConnection::new(config).unwrap();
                        let stream = StreamOwned::new(connection, stream);
                        serve(stream, gate.as_ref(), script.as_ref(), &log);
                    }
                });
            }
        });
        Self { url, asked }
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// All requests since this was called last.
    pub(crate) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// `METHOD /path` of all requests so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        let asked = self.asked();
        asked
            .iter()
            .map(|asked| format!("{} {}", asked.method, asked.path))
            .collect()
    }

    /// The line of an `.npmrc` that gives it a token.
    pub(crate) fn npmrc(&self, token: &str) -> String {
        let host = self
            .url
            .trim_start_matches("https:")
            .trim_start_matches("http:");
        format!("registry={}\n{host}:_authToken={token}\n", self.url)
    }
}

/// Answers the requests of one connection.
fn serve(stream: impl Read + Write, gate: Option<&Gate>, script: &Script, log: &Mutex<Vec<Asked>>) {
    let mut reader = BufReader::new(stream);
    while let Some(asked) = read_request(&mut reader, gate) {
        let answer = {
            let mut log = log.lock().unwrap();
            let answer = script(&asked, &log);
            log.push(asked);
            answer
        };
        let (status, kind, body, extra) = match answer {
            Answer::HangUp => return,
            Answer::Reply(status, kind, body) => (status, kind, body, String::new()),
            Answer::With(status, header, body) => {
                (status, "text/plain", body, format!("{header}\r\n"))
            }
        };
        let reason = http::StatusCode::from_u16(status).unwrap();
        let reason = reason.canonical_reason().unwrap_or("X");
        let head = format!(
            "HTTP/1.1 {status} {reason}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{extra}\r\n",
            body.len()
        );
        let stream = reader.get_mut();
        let written = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body.as_bytes()))
            .and_then(|()| stream.flush());
        if written.is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut impl BufRead, gate: Option<&Gate>) -> Option<Asked> {
    let line = read_line(reader)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let line = read_line(reader)?;
        let Some((key, value)) = line.split_once(": ") else {
            break;
        };
        headers.push((key.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(key, _)| key == "content-length");
    let length = length
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    if length > 0
        && let Some(gate) = gate
    {
        gate.pass();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked {
        method,
        path,
        headers,
        body,
    })
}

/// A line without its end; bytes above ASCII as characters, as Node reads a header.
fn read_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).ok()?;
    let text = line.strip_suffix(b"\r\n")?;
    Some(text.iter().copied().map(char::from).collect())
}

/// A registry's packument after it has accepted these publish documents.
pub(crate) fn packument(accepted: &[Asked]) -> Answer {
    let mut versions = serde_json::Map::new();
    let mut tags = serde_json::Map::new();
    for put in accepted.iter().filter(|asked| asked.method == "PUT") {
        let document = put.document();
        versions.extend(document["versions"].as_object().cloned().unwrap());
        tags.extend(document["dist-tags"].as_object().cloned().unwrap());
    }
    if versions.is_empty() {
        return Answer::json(404, &json!({"error": "not found"}));
    }
    Answer::json(200, &json!({"versions": versions, "dist-tags": tags}))
}
