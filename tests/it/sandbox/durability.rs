//! Many at once, and a process that is killed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::thread;

use base64::Engine as _;
use serde_json::Value;

use super::stage::{Request, Stage, block_on, document};
use crate::support::Home;

/// Statuses of publishes that are sent all at once.
fn publish_all(registry: &str, token: &str, documents: Vec<Value>) -> Vec<u16> {
    block_on(async {
        let requests = documents.into_iter().map(|document| {
            let url = format!("{registry}{}", document["name"].as_str().unwrap());
            let request = Request::new("PUT", &url)
                .bearer(token)
                .body(document.to_string());
            tokio::spawn(request.try_send())
        });
        let requests: Vec<_> = requests.collect();
        let mut statuses = Vec::new();
        for request in requests {
            statuses.push(request.await.unwrap().unwrap().status);
        }
        statuses
    })
}

#[test]
fn two_hundred_packages_at_once_are_all_there() {
    let Some(stage) = Stage::start() else { return };
    let token = stage.token();
    let documents: Vec<Value> = (0..200)
        .map(|number| document(&format!("many-{number}"), "1.0.0", &[7; 5000]))
        .collect();
    let statuses = publish_all(stage.registry(), &token, documents);
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    for number in 0..200 {
        let url = format!("{}many-{number}", stage.registry());
        assert_eq!(Request::new("GET", &url).bearer(&token).send().status, 200);
    }
}

#[test]
fn of_fifty_racing_publishes_exactly_one_wins() {
    let Some(stage) = Stage::start() else { return };
    let token = stage.token();
    let different = (0..50_u8)
        .map(|number| document("raced", "1.0.0", &[number; 100]))
        .collect();
    let statuses = publish_all(stage.registry(), &token, different);
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(200), count(409)), (1, 49), "{statuses:?}");

    let identical = (0..50)
        .map(|_| document("same", "1.0.0", b"same"))
        .collect();
    let statuses = publish_all(stage.registry(), &token, identical);
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
}

/// `consign sandbox --data` as a process that can be killed.
struct Server {
    child: Child,
    environment: BTreeMap<String, String>,
}

impl Server {
    fn start(home: &Home) -> Self {
        let env_file = home.path("sandbox.env");
        let _ = fs::remove_file(&env_file);
        let mut child = home
            .consign()
            .arg("sandbox")
            .arg("--env-file")
            .arg(&env_file)
            .arg("--data")
            .arg(home.path("data"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It prints its first line once it accepts connections; the rest is read so that it never waits.
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        thread::spawn(move || io::copy(&mut stdout, &mut io::sink()));
        let environment = fs::read_to_string(&env_file)
            .unwrap()
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Self { child, environment }
    }

    fn registry(&self) -> &str {
        &self.environment["CONSIGN_REGISTRY"]
    }

    /// SIGKILL.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_was_answered_for_is_there_after_a_kill() {
    // The stage is only a source of signed calls; the server under test is the process.
    let Some(mut stage) = Stage::start() else {
        return;
    };
    let home = Home::new();
    let mut answered = Vec::new();
    let mut token = String::new();
    for round in 0..3 {
        let mut server = Server::start(&home);
        stage.environment.extend(server.environment.clone());
        if round == 0 {
            token = stage.token();
        }
        // The token of the first round is still good: its key is kept with the data.
        for (name, contents) in &answered {
            let url = format!("{}{name}/-/{name}-1.0.0.tgz", server.registry());
            let answer = Request::new("GET", &url).bearer(&token).send();
            assert_eq!(answer.status, 200, "{name} after round {round}");
            assert!(answer.body == *contents, "{name} has other bytes");
        }
        let registry = server.registry().to_owned();
        answered.extend(block_on(async {
            let publishes: Vec<_> = (0..60_u8)
                .map(|number| {
                    let name = format!("kept-{round}-{number}");
                    let contents = vec![number; 20_000];
                    let body = document(&name, "1.0.0", &contents).to_string();
                    let url = format!("{registry}{name}");
                    let request = Request::new("PUT", &url).bearer(&token).body(body);
                    tokio::spawn(async move {
                        let answer = request.try_send().await;
                        matches!(answer, Ok(answer) if answer.status == 200)
                            .then_some((name, contents))
                    })
                })
                .collect();
            // In the middle of it, whenever that is.
            let mut done = Vec::new();
            for (index, publish) in publishes.into_iter().enumerate() {
                if index == 20 {
                    server.kill();
                }
                done.extend(publish.await.unwrap());
            }
            done
        }));
    }
    assert!(
        answered.len() >= 60,
        "only {} were answered for",
        answered.len()
    );
    let journal = home.path("data/journal.jsonl");
    let mut text = fs::read(&journal).unwrap();
    text.extend_from_slice(b"[{\"Version\":{\"dom");
    fs::write(&journal, text).unwrap();
    let server = Server::start(&home);
    let url = format!("{}{}", server.registry(), answered[0].0);
    assert_eq!(Request::new("GET", &url).bearer(&token).send().status, 200);
}

#[test]
fn a_large_publish_does_not_sit_in_memory() {
    let Some(mut stage) = Stage::start() else {
        return;
    };
    let home = Home::new();
    let server = Server::start(&home);
    stage.environment.extend(server.environment.clone());
    let token = stage.token();
    let head = r#"{"_id":"big","name":"big","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"big","version":"1.0.0"}},"_attachments":{"big-1.0.0.tgz":{"data":""#;
    let line = base64::engine::general_purpose::STANDARD.encode(vec![42_u8; 48 << 10]);
    let megabytes = 48_usize;
    let status = block_on(async {
        let (mut writer, reader) = tokio::io::duplex(64 << 10);
        let body = async_stream_of(reader);
        let send = Request::new("PUT", &format!("{}big", server.registry()))
            .bearer(&token)
            .body(body)
            .try_send();
        let write = async {
            use tokio::io::AsyncWriteExt as _;
            writer.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..megabytes * 1024 / 48 {
                writer.write_all(line.as_bytes()).await.unwrap();
            }
            writer.write_all(br#""}}}"#).await.unwrap();
            drop(writer);
        };
        let (answer, ()) = tokio::join!(send, write);
        answer.unwrap().status
    });
    assert_eq!(status, 200);
    let status = fs::read_to_string(format!("/proc/{}/status", server.child.id()));
    if let Ok(status) = status {
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let kilobytes: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(
            kilobytes < 32 << 10,
            "{kilobytes} KiB at its peak for {megabytes} MiB"
        );
    }
}

/// A body that is read from `reader`.
fn async_stream_of(reader: tokio::io::DuplexStream) -> reqwest::Body {
    struct Frames(tokio::io::DuplexStream);
    impl http_body::Body for Frames {
        type Data = bytes::Bytes;
        type Error = io::Error;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, io::Error>>> {
            let mut space = vec![0; 32 << 10];
            let mut buffer = tokio::io::ReadBuf::new(&mut space);
            let read = std::pin::Pin::new(&mut self.0);
            match tokio::io::AsyncRead::poll_read(read, context, &mut buffer) {
                std::task::Poll::Pending => std::task::Poll::Pending,
                std::task::Poll::Ready(Err(error)) => std::task::Poll::Ready(Some(Err(error))),
                std::task::Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    std::task::Poll::Ready(None)
                }
                std::task::Poll::Ready(Ok(())) => {
                    let data = bytes::Bytes::copy_from_slice(buffer.filled());
                    std::task::Poll::Ready(Some(Ok(http_body::Frame::data(data))))
                }
            }
        }
    }
    reqwest::Body::wrap(Frames(reader))
}
