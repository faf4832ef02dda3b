//! Transport security to another machine whose authority a file names.
//!
//! # Invariants
//!
//! - The machine's own list of authorities is not used: any of its hundred could vouch for
//!   somebody else's server (ADR 28).
//! - The certificate must be signed by a named authority, be in its time, and be for the host.

use std::sync::Arc;

use thiserror::Error;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A text holds no certificate of an authority that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no certificate of an authority that can be used")]
pub struct NoAuthority;

/// What connects to servers that the authorities in a PEM text vouch for, and to no other; with
/// the name of what is spoken, where the server is told it in the handshake.
///
/// # Errors
///
/// [`NoAuthority`] where the text names none.
pub fn trusting(authority: &str, spoken: Option<&[u8]>) -> Result<TlsConnector, NoAuthority> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
        roots.add(certificate.map_err(|_| NoAuthority)?).map_err(|_| NoAuthority)?;
    }
    if roots.is_empty() {
        return Err(NoAuthority);
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| NoAuthority)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = spoken.map(<[u8]>::to_vec).into_iter().collect();
    Ok(TlsConnector::from(Arc::new(config)))
}
