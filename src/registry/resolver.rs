//! Host names to addresses without libc, whose name services a static binary cannot load.
//!
//! Read are the hosts file and the system's list of name servers (`/etc/resolv.conf`). Where the
//! latter is missing, as on an image that holds nothing but consign, the rule is libc's: there may
//! be a name server on this machine. It is never anybody else's, to whom the names of private
//! registries are no business.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// An HTTP client that resolves names here, to be configured further.
pub(crate) fn http_client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().dns_resolver(Resolver::default())
}

/// Resolves names for one client. Files are read when the first name is asked for.
#[derive(Debug, Clone, Default)]
struct Resolver {
    system: Arc<OnceLock<Result<System, NetError>>>,
}

#[derive(Debug)]
struct System {
    resolver: TokioResolver,
    /// Why the system's list of name servers does not count.
    no_servers: Option<NetError>,
}

impl System {
    fn read() -> Result<Self, NetError> {
        let (mut builder, no_servers) = match TokioResolver::builder_tokio() {
            Ok(builder) => (builder, None),
            Err(error) => {
                let local = NameServerConfig::udp_and_tcp(IpAddr::V4(Ipv4Addr::LOCALHOST));
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![local]);
                let provider = TokioRuntimeProvider::default();
                let builder = TokioResolver::builder_with_config(config, provider);
                (builder, Some(error))
            }
        };
        // Both kinds, as connections are tried to all addresses.
        builder.options_mut().ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
        Ok(Self {
            resolver: builder.build()?,
            no_servers,
        })
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let system = Arc::clone(&self.system);
        Box::pin(async move {
            let system = system.get_or_init(System::read).as_ref();
            let system = system.map_err(NetError::clone)?;
            match system.resolver.lookup_ip(name.as_str()).await {
                Ok(found) => {
                    let addresses: Vec<_> = found.iter().collect();
                    let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
                    Ok(Box::new(addresses) as Addrs)
                }
                Err(error) => Err(NoAddress::new(name.as_str(), &error, system).into()),
            }
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
    fn new(name: &str, error: &NetError, system: &System) -> Self {
        let reason = if let Some(missing) = &system.no_servers {
            format!(
                "the hosts file does not name it, and there is no list of name servers ({}) nor \
                 one on this machine",
                words(missing)
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
