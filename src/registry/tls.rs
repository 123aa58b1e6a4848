//! TLS for registries and AWS: rustls on ring, the system's roots, and Mozilla's
//! where the system has none, as on an image that holds nothing but consign.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// Which certificate authorities are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Roots {
    /// None: for connections without TLS, where reading the system's roots
    /// would be most of the time a small publish takes.
    None,
    /// The system's; the bundled ones if it has none.
    System,
}

/// A TLS configuration with HTTP/2 on offer.
///
/// # Errors
/// Only where ring lacks the protocol versions that rustls takes for safe.
pub(crate) fn client_config(roots: Roots) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(root_store(roots))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn root_store(roots: Roots) -> RootCertStore {
    let mut store = RootCertStore::empty();
    if roots == Roots::System {
        // A certificate of the system's that cannot be read is one root less.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
    }
    store
}
