//! Host names to addresses without libc, whose name services a static binary cannot load.
//!
//! Read are the hosts file, which decides alone about the names in it, and the system's list of
//! name servers (`/etc/resolv.conf`). Where there is no list, as on an image that holds nothing but
//! consign, nobody is asked: a public name server has no business with the names of private
//! registries.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use hickory_resolver::config::LookupIpStrategy;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name as DnsName, RecordType};
use hickory_resolver::{Hosts, TokioResolver};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// An HTTP client that resolves names here, to be configured further.
pub(crate) fn http_client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().dns_resolver(Resolver::default())
}

/// Resolves names for one client. Files are read when the first name is asked for.
#[derive(Debug, Clone, Default)]
struct Resolver {
    system: Arc<OnceLock<System>>,
}

#[derive(Debug)]
struct System {
    hosts: Hosts,
    /// Asks the name servers; or why there are none.
    servers: Result<TokioResolver, NetError>,
}

impl System {
    fn read() -> Self {
        let servers = TokioResolver::builder_tokio().and_then(|mut builder| {
            // Both kinds, as connections are tried to all addresses.
            builder.options_mut().ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
            builder.build()
        });
        // A hosts file that is not there names nothing.
        let hosts = Hosts::from_system().unwrap_or_default();
        Self { hosts, servers }
    }

    /// What needs no name server: this machine's own name, and the names in the hosts file.
    fn known(&self, name: &str) -> Vec<IpAddr> {
        let Ok(name) = DnsName::from_str_relaxed(name) else {
            return Vec::new();
        };
        let named = [RecordType::AAAA, RecordType::A]
            .into_iter()
            .filter_map(|kind| {
                self.hosts
                    .lookup_static_host(&Query::query(name.clone(), kind))
            });
        let named: Vec<_> = named
            .flat_map(|lookup| lookup.answers().to_vec())
            .filter_map(|record| record.data.ip_addr())
            .collect();
        // RFC 6761 keeps this name from name servers.
        if named.is_empty() && name.to_lowercase().to_ascii().trim_end_matches('.') == "localhost" {
            return vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()];
        }
        named
    }

    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NoAddress> {
        let known = self.known(name);
        if !known.is_empty() {
            return Ok(known);
        }
        let no_address = |error| NoAddress::new(name, error, self.servers.is_err());
        let servers = self.servers.as_ref().map_err(no_address)?;
        match servers.lookup_ip(name).await {
            Ok(found) => Ok(found.iter().collect()),
            Err(error) => Err(no_address(&error)),
        }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let system = Arc::clone(&self.system);
        Box::pin(async move {
            let system = system.get_or_init(System::read);
            let addresses = system.addresses(name.as_str()).await?;
            let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// A name that has no address, in words that say whose fault that is.
#[derive(Debug)]
struct NoAddress {
    name: String,
    reason: String,
}

impl NoAddress {
    fn new(name: &str, error: &NetError, no_servers: bool) -> Self {
        let reason = if no_servers {
            format!(
                "the hosts file does not name it, and there is no list of name servers to ask: {}",
                words(error)
            )
        } else if error.is_no_records_found() {
            "no name server knows it".to_owned()
        } else {
            format!("the name servers gave no answer: {}", words(error))
        };
        Self {
            name: name.to_owned(),
            reason,
        }
    }
}

/// What the system said, without the library's own titles.
fn words(error: &NetError) -> String {
    match error {
        NetError::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

impl fmt::Display for NoAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "no address for {}: {}", self.name, self.reason)
    }
}

impl std::error::Error for NoAddress {}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use super::*;

    #[test]
    fn the_hosts_file_decides_and_nobody_else_is_asked_without_a_list() {
        let mut hosts = Hosts::default();
        let file = "127.0.0.7 registry.test other.test\n10.0.0.1 10.test\n::7 registry.test\n";
        hosts.read_hosts_conf(file.as_bytes()).expect("a file");
        let system = System {
            hosts,
            servers: Err(NetError::Message("no list")),
        };
        for (name, addresses) in [
            ("registry.test", &["::7", "127.0.0.7"][..]),
            ("other.test", &["127.0.0.7"]),
            ("REGISTRY.test.", &["::7", "127.0.0.7"]),
            ("localhost", &["::1", "127.0.0.1"]),
            ("LocalHost.", &["::1", "127.0.0.1"]),
            ("unknown.test", &[]),
        ] {
            let found = system.known(name);
            let found: Vec<_> = found.iter().map(IpAddr::to_string).collect();
            assert_eq!(found, addresses, "{name}");
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let looked_up = runtime
            .expect("a runtime")
            .block_on(system.addresses("unknown.test"));
        let said = looked_up.expect_err("no address").to_string();
        assert!(
            said.ends_with("no list of name servers to ask: no list"),
            "{said}"
        );
    }
}
