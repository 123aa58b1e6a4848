//! Many at once, and a process that is killed.

use std::fs;
use std::io::{self, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use serde_json::Value;

use super::process::Server;
use super::stage::{Request, Stage, block_on, document, read};
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

/// With everything kept below the home.
fn start(home: &Home) -> Server {
    Server::start(home, &["--data", "data"])
}

/// The stage is only a source of signed calls; the server under test is a process that is killed.
fn kept() -> Option<(Stage, Home, Server, String)> {
    let mut stage = Stage::start()?;
    let home = Home::new();
    let server = start(&home);
    stage.environment.extend(server.environment.clone());
    let token = stage.token();
    Some((stage, home, server, token))
}

#[test]
fn two_hundred_packages_at_once_outlive_a_kill() {
    let Some((_stage, home, mut server, token)) = kept() else {
        return;
    };
    let contents = |number: u8| vec![number; 5000 + usize::from(number)];
    let documents: Vec<Value> = (0..200)
        .map(|number| document(&format!("many-{number}"), "1.0.0", &contents(number)))
        .collect();
    let statuses = publish_all(server.registry(), &token, documents);
    assert_eq!(statuses, [200; 200]);
    server.kill();
    let server = start(&home);
    for number in 0..200 {
        let name = format!("many-{number}");
        assert!(
            tarball(&server, &token, &name) == contents(number),
            "{name} has other bytes"
        );
    }
}

#[test]
fn of_fifty_racing_publishes_exactly_one_wins_for_good() {
    let Some((_stage, home, mut server, token)) = kept() else {
        return;
    };
    let different = (0..50)
        .map(|number| document("raced", "1.0.0", &[number; 100]))
        .collect();
    let statuses = publish_all(server.registry(), &token, different);
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(200), count(409)), (1, 49), "{statuses:?}");
    let winner = statuses.iter().position(|status| *status == 200).unwrap();

    let identical = (0..50)
        .map(|_| document("same", "1.0.0", b"same"))
        .collect();
    assert_eq!(publish_all(server.registry(), &token, identical), [200; 50]);

    server.kill();
    let server = start(&home);
    let won = [u8::try_from(winner).unwrap(); 100];
    assert_eq!(tarball(&server, &token, "raced"), won);
    assert_eq!(tarball(&server, &token, "same"), b"same");
    let loser = document(
        "raced",
        "1.0.0",
        &[u8::try_from((winner + 1) % 50).unwrap(); 100],
    );
    assert_eq!(publish_all(server.registry(), &token, vec![loser]), [409]);
}

/// What `name@1.0.0` is.
fn tarball(server: &Server, token: &str, name: &str) -> Vec<u8> {
    let answer = read(
        server.registry(),
        token,
        &format!("{name}/-/{name}-1.0.0.tgz"),
    );
    assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    answer.body
}

#[test]
fn clients_that_go_away_take_nothing_with_them() {
    let Some((_stage, home, mut server, token)) = kept() else {
        return;
    };
    let url: url::Url = server.registry().parse().unwrap();
    let address = (url.host_str().unwrap(), url.port().unwrap());
    for number in 0..100 {
        let body = document(&format!("left-{number}"), "1.0.0", b"x").to_string();
        let request = format!(
            "PUT {}left-{number} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n{body}",
            url.path(),
            body.len()
        );
        // Closed as soon as everything is sent, while the server is at work on it.
        let mut socket = TcpStream::connect(address).unwrap();
        socket.write_all(request.as_bytes()).unwrap();
    }
    let stays = document("stays", "1.0.0", b"stays");
    assert_eq!(publish_all(server.registry(), &token, vec![stays]), [200]);
    let there = |server: &Server| -> Vec<bool> {
        (0..100)
            .map(|number| read(server.registry(), &token, &format!("left-{number}")).status == 200)
            .collect()
    };
    let before = there(&server);
    assert!(before.contains(&true));
    server.kill();
    let server = start(&home);
    assert_eq!(tarball(&server, &token, "stays"), b"stays");
    let after = there(&server);
    for (number, (before, after)) in before.iter().zip(&after).enumerate() {
        assert!(*after || !before, "left-{number} was there and is lost");
    }
}

#[test]
fn what_was_answered_for_is_there_after_a_kill() {
    let Some(mut stage) = Stage::start() else {
        return;
    };
    let home = Home::new();
    let mut answered = Vec::new();
    let mut token = String::new();
    for round in 0..3 {
        let mut server = start(&home);
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
    let server = start(&home);
    let url = format!("{}{}", server.registry(), answered[0].0);
    assert_eq!(Request::new("GET", &url).bearer(&token).send().status, 200);
}

/// How much a sandbox may hold of a publish and of a download, in KiB.
const BOUND: u64 = 64 << 10;

/// 200 MB go up and come down again; `CONSIGN_PUBLISH_MEGABYTES` says another size.
#[test]
fn a_large_publish_does_not_sit_in_memory() {
    let Some((_stage, _home, server, token)) = kept() else {
        return;
    };
    let megabytes: usize =
        std::env::var("CONSIGN_PUBLISH_MEGABYTES").map_or(200, |text| text.parse().unwrap());
    // Base64 takes three bytes at a time, so pieces of this size join without a seam.
    let piece = vec![42_u8; 48_000];
    let pieces = megabytes * 1_000_000 / piece.len();
    let head = r#"{"_id":"big","name":"big","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"big","version":"1.0.0"}},"_attachments":{"big-1.0.0.tgz":{"data":""#;
    let line = base64::engine::general_purpose::STANDARD.encode(&piece);
    let url = format!("{}big", server.registry());
    let answer = block_on(async {
        let (mut writer, reader) = tokio::io::duplex(64 << 10);
        let send = Request::new("PUT", &url)
            .bearer(&token)
            .body(async_stream_of(reader))
            .try_send();
        let write = async {
            use tokio::io::AsyncWriteExt as _;
            writer.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..pieces {
                writer.write_all(line.as_bytes()).await.unwrap();
            }
            writer.write_all(br#""}}}"#).await.unwrap();
            drop(writer);
        };
        let (answer, ()) = tokio::join!(send, write);
        answer.unwrap()
    });
    assert_eq!(answer.status, 200, "{}", answer.text());
    let up = server.peak();
    let size = block_on(
        Request::new("GET", &format!("{url}/-/big-1.0.0.tgz"))
            .bearer(&token)
            .size(),
    );
    assert_eq!(size, piece.len() * pieces);
    let down = server.peak();
    println!("{megabytes} MB: a peak of {up:?} KiB up, {down:?} KiB up and down");
    for peak in [up, down].into_iter().flatten() {
        assert!(peak < BOUND, "{peak} KiB at its peak for {megabytes} MB");
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
