//! A registry that holds nothing, takes everything, and remembers the last PUT.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Path and query, and the `authorization` header.
type Put = (String, Option<String>);

pub(crate) struct Registry {
    port: u16,
    last: Arc<Mutex<Option<Put>>>,
}

impl Registry {
    /// Listens on a port of the system's choice. The threads end with the process.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let last = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&last);
        std::thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { port, last }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The last PUT since this was asked before.
    pub(crate) fn take_put(&self) -> Option<Put> {
        self.last.lock().unwrap().take()
    }
}

fn serve(stream: TcpStream, last: &Mutex<Option<Put>>) {
    let Ok(mut writer) = stream.try_clone() else {
        return;
    };
    let mut reader = BufReader::new(stream);
    while let Some((method, put)) = read_request(&mut reader) {
        let (status, body) = if method == "PUT" {
            *last.lock().unwrap() = Some(put);
            ("200 OK", "{}")
        } else {
            ("404 Not Found", "{}")
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// One request's method and what is remembered of it; `None` at the end.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(String, Put)> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split(' ');
    let method = words.next()?.to_owned();
    let path = words.next()?.to_owned();
    let (mut length, mut authorization) = (0, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim_end_matches(['\r', '\n']);
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => {
                authorization = Some(value.strip_prefix(' ').unwrap_or(value).to_owned());
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((method, (path, authorization)))
}
