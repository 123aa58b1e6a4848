//! Which host names the sandbox answers to.
//!
//! It listens on 127.0.0.1 only, but a web page can have a name of its own resolve to that address
//! and then read what is served there as its own ("DNS rebinding"). So a request must name an
//! address, `localhost`, a host of AWS's own, or a name from the configuration: none of these can
//! a stranger's page have.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::response::Response;
use serde_json::json;

use super::reply;
use super::server::Incoming;

/// Where AWS's endpoints are; a hosts file or a proxy may lead them here.
const AWS: &[&str] = &[
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".on.aws",
];

/// Whether `host`, lowercase and without its port, is a name of the sandbox.
pub(crate) fn is_ours(host: &str, more: &[String]) -> bool {
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .map_or_else(
            || host.parse::<Ipv4Addr>().is_ok(),
            |host| host.parse::<Ipv6Addr>().is_ok(),
        );
    // Browsers always send a host; what sends none is none.
    address
        || host.is_empty()
        || host == "localhost"
        || host.ends_with(".localhost")
        || AWS.iter().any(|suffix| host.ends_with(suffix))
        || more.iter().any(|name| name.eq_ignore_ascii_case(host))
}

/// 421: the connection is fine, the name is not.
pub(crate) fn refuse(incoming: &mut Incoming) -> Response {
    let said = format!(
        "the sandbox does not answer to the host name {}; add it to host_names in its configuration",
        incoming.authority
    );
    incoming.entry.error = Some(said.clone());
    reply::json(421, &json!({"message": said, "error": said}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_no_stranger_can_have_are_answered() {
        let more = ["sandbox".to_owned()];
        for (host, expected) in [
            ("127.0.0.1", true),
            ("172.17.0.2", true),
            ("[::1]", true),
            ("localhost", true),
            (
                "team-111122223333.d.codeartifact.us-east-1.amazonaws.com",
                true,
            ),
            ("team-111122223333.codeartifact.us-east-1.on.aws", true),
            ("sandbox", true),
            ("", true),
            ("evil.example", false),
            (
                "team-111122223333.d.codeartifact.us-east-1.evil.example",
                false,
            ),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("notlocalhost", false),
            ("amazonaws.com.evil.example", false),
            ("[::1", false),
        ] {
            assert_eq!(is_ours(host, &more), expected, "{host}");
        }
    }
}
