//! A registry that takes everything and keeps only what the report needs, so that it is never what is measured.
//!
//! HTTP/1.1 on the loopback interface, a thread a connection. A PUT's body is read and dropped but for its start, where
//! the versions are; a GET of that package then answers with them, for clients that read back what they published.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use crate::measure::Shipped;

/// How much of a document is kept to find its versions in; the tarball comes after them.
const KEPT: usize = 256 * 1024;
/// How much is read at once.
const BUFFER: usize = 256 * 1024;

type Packages = Arc<Mutex<Received>>;

/// What came since the registry was emptied.
#[derive(Debug, Default)]
struct Received {
    documents: BTreeMap<String, Document>,
    /// When the first of them began to arrive.
    first: Option<Instant>,
}

/// What is known of a published document.
#[derive(Debug)]
struct Document {
    length: u64,
    /// All of it before `_attachments`; nothing when a client puts those first.
    head: Option<Value>,
}

/// The running registry. It ends with the process.
#[derive(Debug)]
pub(crate) struct Registry {
    url: String,
    packages: Packages,
}

impl Registry {
    /// Starts it on a port the system picks.
    pub(crate) fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let url = format!("http://{}/", listener.local_addr()?);
        let packages = Packages::default();
        let shared = Arc::clone(&packages);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let packages = Arc::clone(&shared);
                // A client that hangs up ends its connection, and nothing else.
                thread::spawn(move || serve(&stream, &packages));
            }
        });
        Ok(Self { url, packages })
    }

    /// Its URL, with the trailing slash.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Empties it.
    pub(crate) fn forget(&self) {
        *locked(&self.packages) = Received::default();
    }

    /// When the first upload since it was emptied began to arrive.
    pub(crate) fn first_byte(&self) -> Option<Instant> {
        locked(&self.packages).first
    }

    /// What was published since it was emptied.
    pub(crate) fn received(&self) -> Shipped {
        let packages = &locked(&self.packages).documents;
        let mut integrities: Vec<String> = packages
            .values()
            .filter_map(|document| document.head.as_ref()?.get("versions")?.as_object())
            .flat_map(|versions| versions.values())
            .filter_map(|version| version.pointer("/dist/integrity")?.as_str())
            .map(str::to_owned)
            .collect();
        integrities.sort();
        Shipped {
            tarballs: packages.len(),
            bytes: packages.values().map(|document| document.length).sum(),
            integrities,
        }
    }
}

fn locked(packages: &Packages) -> MutexGuard<'_, Received> {
    packages.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the requests of one connection, until it closes.
fn serve(stream: &TcpStream, packages: &Packages) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(BUFFER, stream);
    while let Some(request) = Request::read(&mut reader)? {
        if request.method == "PUT" {
            locked(packages).first.get_or_insert_with(Instant::now);
        }
        if request.expects_continue {
            (&mut &*stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let document = request.body.swallow(&mut reader)?;
        let (status, body) = match request.method.as_str() {
            "PUT" => {
                locked(packages).documents.insert(request.name, document);
                ("201 Created", json!({ "ok": true }))
            }
            _ if request.name.starts_with("-/") => ("200 OK", json!({})),
            _ => match locked(packages)
                .documents
                .get(&request.name)
                .and_then(|found| found.head.clone())
            {
                Some(head) => ("200 OK", head),
                None => ("404 Not Found", json!({ "error": "not found" })),
            },
        };
        let body = body.to_string();
        let reply = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        (&mut &*stream).write_all(reply.as_bytes())?;
    }
    Ok(())
}

/// The head of a request.
#[derive(Debug)]
struct Request {
    method: String,
    /// The path without its first slash and its query, with `%2f` as a slash.
    name: String,
    body: Body,
    expects_continue: bool,
}

#[derive(Clone, Copy, Debug)]
enum Body {
    Length(u64),
    Chunked,
}

impl Request {
    /// The next request's head; `None` when the connection was closed instead.
    fn read(reader: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split_whitespace();
        let method = words.next().unwrap_or_default().to_owned();
        let path = words.next().unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        let mut request = Self {
            method,
            name: path
                .trim_start_matches('/')
                .replace("%2f", "/")
                .replace("%2F", "/"),
            body: Body::Length(0),
            expects_continue: false,
        };
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                return Ok(Some(request));
            };
            match (name.to_ascii_lowercase().as_str(), value.trim()) {
                ("content-length", value) => {
                    request.body = Body::Length(value.parse().map_err(io::Error::other)?);
                }
                ("transfer-encoding", "chunked") => request.body = Body::Chunked,
                ("expect", "100-continue") => request.expects_continue = true,
                _ => {}
            }
        }
    }
}

impl Body {
    /// Reads the body to its end.
    fn swallow(self, reader: &mut impl BufRead) -> io::Result<Document> {
        let mut kept = Vec::new();
        let mut length = 0;
        match self {
            Self::Length(size) => {
                drop_bytes(reader, size, &mut kept)?;
                length = size;
            }
            Self::Chunked => loop {
                let mut line = String::new();
                reader.read_line(&mut line)?;
                let digits = line.trim_end().split(';').next().unwrap_or_default();
                let size = u64::from_str_radix(digits, 16).map_err(io::Error::other)?;
                drop_bytes(reader, size, &mut kept)?;
                reader.read_line(&mut line)?;
                length += size;
                if size == 0 {
                    break;
                }
            },
        }
        Ok(Document {
            length,
            head: head(&kept),
        })
    }
}

/// Reads `size` bytes; the first of a document are added to `kept`.
fn drop_bytes(reader: &mut impl BufRead, size: u64, kept: &mut Vec<u8>) -> io::Result<()> {
    let mut body = reader.take(size);
    loop {
        let bytes = body.fill_buf()?;
        let read = bytes.len();
        if read == 0 {
            break;
        }
        let room = KEPT.saturating_sub(kept.len()).min(read);
        kept.extend(bytes.iter().take(room));
        body.consume(read);
    }
    if body.limit() > 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// A document without its attachments, if those come last.
fn head(start: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(start);
    let (before, _) = text.split_once("\"_attachments\"")?;
    serde_json::from_str(&format!("{}}}", before.trim_end().trim_end_matches(','))).ok()
}
