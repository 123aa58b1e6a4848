//! TLS for registries and AWS: rustls on ring, the system's roots, and Mozilla's
//! where the system has none, as on an image that holds nothing but consign.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::credentials::ClientCertificate;
use crate::config::Authorities;

/// Which servers are believed to be who they say they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// None: for connections without TLS, where reading the system's roots
    /// would be most of the time a small publish takes.
    Nobody,
    /// Those with a certificate by one of these authorities. The system's are the bundled ones if it
    /// has none.
    Authorities(Authorities),
    /// All, unchecked (`strict-ssl=false`).
    Everybody,
}

/// Why there can be no TLS.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// `ca` or `cafile` hold something else than certificates.
    #[error("an authority of `ca` or `cafile` is no certificate in PEM")]
    Authority,
    /// The file was there when the configuration was loaded.
    #[error("`cafile` cannot be read: {0}")]
    Cafile(std::io::Error),
    /// `certfile` or `cert`.
    #[error("the client certificate is none in PEM")]
    Certificate,
    /// `keyfile` or `key`.
    #[error("the client certificate's key is no private key in PEM")]
    Key,
    /// Key and certificate do not go together, or ring lacks what rustls takes for safe.
    #[error("{0}")]
    Rustls(#[from] rustls::Error),
}

/// A TLS configuration with HTTP/2 on offer.
pub(crate) fn client_config(
    trust: &Trust,
    certificate: Option<&ClientCertificate>,
) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let builder = match trust {
        Trust::Everybody => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Unchecked(provider))),
        _ => builder.with_root_certificates(root_store(trust)?),
    };
    let mut config = match certificate {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let chain: Result<Vec<_>, _> =
                CertificateDer::pem_slice_iter(own.certificate.as_bytes()).collect();
            let chain = chain.ok().filter(|chain| !chain.is_empty());
            let key = PrivateKeyDer::from_pem_slice(own.key.expose().as_bytes());
            builder.with_client_auth_cert(
                chain.ok_or(TlsError::Certificate)?,
                key.map_err(|_| TlsError::Key)?,
            )?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn root_store(trust: &Trust) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    match trust {
        Trust::Nobody | Trust::Everybody => {}
        Trust::Authorities(authorities) => match authorities.read().map_err(TlsError::Cafile)? {
            Authorities::Pem(certificates) => add_all(&mut store, &certificates)?,
            Authorities::System | Authorities::File(_) => {
                // A certificate of the system's that cannot be read is one root less.
                store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                if store.is_empty() {
                    store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
                }
            }
        },
    }
    Ok(store)
}

fn add_all(store: &mut RootCertStore, texts: &[String]) -> Result<(), TlsError> {
    for text in texts {
        for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
            let certificate = certificate.map_err(|_| TlsError::Authority)?;
            // As with the system's: one with something unknown in it is one root less.
            store.add_parsable_certificates([certificate]);
        }
    }
    if store.is_empty() {
        return Err(TlsError::Authority);
    }
    Ok(())
}

/// Takes every certificate; that the server has its key is still checked.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
