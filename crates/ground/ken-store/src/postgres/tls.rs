//! Transport security to a PostgreSQL server, where a file names the authority to trust.
//!
//! # Invariants
//!
//! - The server's certificate must be signed by that authority, be in its time, and be for the
//!   host that the address names; there is no way to ask for less.
//! - The machine's own list of authorities is not used ([`crate::tls`]).
//!
//! Source: PostgreSQL 15 documentation, 34.19 *SSL Support* (`verify-full`); ADR 28.

use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{InvalidDnsNameError, ServerName};
use tokio_rustls::rustls::{self, CertificateError};

use crate::{OpenError, tls};

/// What PostgreSQL calls itself in a handshake that begins without a question in plain text.
const PROTOCOL: &[u8] = b"postgresql";

/// Makes each connection one with transport security.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

/// Trusts the authorities in a PEM text, and no other.
pub(super) fn trusting(authority: &str) -> Result<Tls, OpenError> {
    tls::trusting(authority, Some(PROTOCOL)).map(Tls).map_err(|_| OpenError::Authority)
}

/// Why a connection with transport security was not made, where that is the reason.
pub(super) fn refused(cause: &tokio_postgres::Error) -> Option<OpenError> {
    let source = cause.source()?;
    let Some(broken) = source.downcast_ref::<io::Error>() else {
        let told = source.to_string();
        return told.contains("does not support TLS").then_some(OpenError::ServerPlain);
    };
    match broken.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(why) => Some(OpenError::Untrusted { why: why_not(why) }),
        _ => Some(OpenError::Untrusted { why: "the handshake failed" }),
    }
}

fn why_not(why: &CertificateError) -> &'static str {
    use CertificateError as Why;
    match why {
        Why::Expired | Why::ExpiredContext { .. } => "it has expired",
        Why::NotValidYet | Why::NotValidYetContext { .. } => "it is not valid yet",
        Why::NotValidForName | Why::NotValidForNameContext { .. } => {
            "it is for another name than the host in the address"
        }
        Why::UnknownIssuer => "it is signed by another authority",
        _ => "it cannot be used as a server's certificate",
    }
}

/// One handshake to come, and the name that its certificate must have.
pub(super) struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Secured<S>;
    type TlsConnect = Handshake;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, InvalidDnsNameError> {
        let name = ServerName::try_from(host.to_owned())?;
        Ok(Handshake { connector: self.0.clone(), name })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Handshake {
    type Stream = Secured<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Secured<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let handshake = self.connector.connect(self.name, stream);
        Box::pin(async move { Ok(Secured(Box::new(handshake.await?))) })
    }
}

/// A connection with transport security.
pub(super) struct Secured<S>(Box<TlsStream<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(cx, into)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> tokio_postgres::tls::TlsStream for Secured<S> {
    /// None: the certificate's name and signer are checked already, always.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}
