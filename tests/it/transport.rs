//! Connections as npm's settings want them: authorities, client certificates, proxies. Certificates are made on the spot.

use std::io::{Read, Write, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::json;

use crate::support::{Answer, Asked, Authority, Home, Scripted, packument, run};

fn good(asked: &Asked, before: &[Asked]) -> Answer {
    match asked.method.as_str() {
        "PUT" => Answer::json(201, &json!({"ok": true})),
        _ => packument(before),
    }
}

fn home(npmrc: &str) -> Home {
    let home = Home::new();
    home.npmrc(npmrc);
    home.file("a/package.json", r#"{"name":"a","version":"1.0.0"}"#);
    home
}

/// The exit status of a publish of `a`, and what it said.
fn publish(home: &Home) -> (Option<i32>, String) {
    let mut command = home.consign();
    command.args(["publish", "./a", "--wait=0", "--fetch-retries=0"]);
    let ran = run(&mut command);
    (ran.code, ran.stderr)
}

#[test]
fn a_private_authority_is_trusted_by_cafile_and_by_ca() {
    let authority = Authority::new();
    let registry = Scripted::start_tls(authority.server("localhost", None), good);
    let npmrc = registry.npmrc("t");

    let (code, said) = publish(&home(&npmrc));
    assert_eq!(code, Some(16), "an unknown authority: {said}");
    assert!(said.contains("UnknownIssuer"), "{said}");
    assert_eq!(registry.lines(), [""; 0]);

    let by_file = home(&format!("{npmrc}cafile=${{HOME}}/authority.pem\n"));
    by_file.file("home/authority.pem", authority.pem());
    let (code, said) = publish(&by_file);
    assert_eq!(code, Some(0), "{said}");

    let escaped = authority.pem().replace('\n', "\\n");
    let by_text = home(&format!("{npmrc}ca=\"{escaped}\"\n"));
    let (code, said) = publish(&by_text);
    assert_eq!(code, Some(0), "{said}");

    let other = home(&format!("{npmrc}cafile=${{HOME}}/authority.pem\n"));
    other.file("home/authority.pem", Authority::new().pem());
    assert_eq!(publish(&other).0, Some(16), "another authority");
}

#[test]
fn without_strict_ssl_any_certificate_is_taken() {
    let registry = Scripted::start_tls(Authority::new().server("localhost", None), good);
    let (code, said) = publish(&home(&format!("{}strict-ssl=false\n", registry.npmrc("t"))));
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_registrys_own_client_certificate_is_shown() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let registry = Scripted::start_tls(servers.server("localhost", Some(&clients)), good);
    let host = registry.url.trim_start_matches("https:");
    let npmrc = format!(
        "registry={}\ncafile=${{HOME}}/authority.pem\n{host}:certfile=${{HOME}}/own.pem\n{host}:keyfile=${{HOME}}/own.key\n",
        registry.url
    );
    let own = clients.sign("publisher");
    let known = home(&npmrc);
    known.file("home/authority.pem", servers.pem());
    known.file("home/own.pem", &own.certificate);
    known.file("home/own.key", &own.key);
    let (code, said) = publish(&known);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("PRIVATE KEY"), "{said}");

    let stranger = home(
        &registry
            .npmrc("t")
            .replace("registry=", "cafile=${HOME}/authority.pem\nregistry="),
    );
    stranger.file("home/authority.pem", servers.pem());
    let (code, said) = publish(&stranger);
    assert_ne!(code, Some(0), "without the certificate: {said}");

    let broken = home(&npmrc);
    broken.file("home/authority.pem", servers.pem());
    broken.file("home/own.pem", &own.certificate);
    broken.file("home/own.key", "no key");
    let (code, said) = publish(&broken);
    assert_eq!(code, Some(16));
    assert!(said.contains("no private key in PEM"), "{said}");
}

/// A proxy for CONNECT, and for plain requests by their whole URL; tells the first line of each request.
fn proxy() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "http://user:planted-secret@{}",
        listener.local_addr().unwrap()
    );
    let (told, lines) = channel();
    thread::spawn(move || {
        for mut client in listener.incoming().map_while(Result::ok) {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|read| read > 0)
            {
                head.push(byte[0]);
            }
            let text = String::from_utf8_lossy(&head).into_owned();
            let line = text.lines().next().unwrap_or_default().to_owned();
            let target = line.split(' ').nth(1).unwrap_or_default();
            let is_tunnel = line.starts_with("CONNECT ");
            let host = target.trim_start_matches("http://").split('/').next();
            let authorized = text.contains("asic dXNlcjpwbGFudGVkLXNlY3JldA==");
            let Ok(mut server) = TcpStream::connect(host.unwrap_or_default()) else {
                continue;
            };
            told.send(format!("{line} {authorized}")).unwrap();
            let first: &[u8] = if is_tunnel {
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                b""
            } else {
                &head
            };
            server.write_all(first).unwrap();
            let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || {
                let _ = copy(&mut up, &mut server);
                let _ = server.shutdown(Shutdown::Write);
            });
            thread::spawn(move || {
                let _ = copy(&mut down, &mut client);
                let _ = client.shutdown(Shutdown::Write);
            });
        }
    });
    (url, lines)
}

#[test]
fn requests_go_through_the_proxy_and_noproxy_goes_around_it() {
    let authority = Authority::new();
    let registry = Scripted::start_tls(authority.server("localhost", None), good);
    let (proxy, lines) = proxy();
    let npmrc = format!(
        "{}cafile=${{HOME}}/authority.pem\nhttps-proxy={proxy}\n",
        registry.npmrc("t")
    );
    let through = home(&npmrc);
    through.file("home/authority.pem", authority.pem());
    let (code, said) = publish(&through);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("planted-secret"), "{said}");
    let line = lines.try_recv().expect("the proxy was asked");
    let host = registry
        .url
        .trim_start_matches("https://")
        .trim_end_matches('/');
    assert_eq!(line, format!("CONNECT {host} HTTP/1.1 true"));

    while lines.try_recv().is_ok() {}
    let around = home(&format!("{npmrc}noproxy=localhost\n"));
    around.file("home/authority.pem", authority.pem());
    let (code, said) = publish(&around);
    assert_eq!(code, Some(0), "{said}");
    assert!(lines.try_recv().is_err(), "the proxy was passed by");
}

#[test]
fn plain_requests_name_their_whole_url_to_the_proxy() {
    let registry = Scripted::start(good);
    let (proxy, lines) = proxy();
    let (code, said) = publish(&home(&format!("{}proxy={proxy}\n", registry.npmrc("t"))));
    assert_eq!(code, Some(0), "{said}");
    let line = lines.try_recv().expect("the proxy was asked");
    assert_eq!(line, format!("GET {}a HTTP/1.1 true", registry.url));
}

#[test]
fn a_proxy_that_is_not_there_is_unreachable() {
    let registry = Scripted::start(good);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = listener.local_addr().unwrap();
    drop(listener);
    let (code, said) = publish(&home(&format!(
        "{}proxy=http://{proxy}\n",
        registry.npmrc("t")
    )));
    assert_eq!(code, Some(16), "{said}");
    assert_eq!(registry.lines(), [""; 0]);
}
