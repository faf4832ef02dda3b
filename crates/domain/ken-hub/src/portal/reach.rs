//! A connection to a source, secured but on this machine.

use ken_store::tls;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::settings::{Settings, Unfit};
use super::{Base, Fault};

/// What is spoken, as the handshake tells it.
const SPOKEN: &[u8] = b"http/1.1";

/// What bytes go over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// What secures connections to a source; none for one on this machine.
pub(super) fn connector(settings: &Settings) -> Result<Option<TlsConnector>, Unfit> {
    const NONE: Unfit = Unfit("`ca_file` holds no certificate that can be used");
    let authority = settings.authority.as_deref();
    authority.map(|text| tls::trusting(text, Some(SPOKEN)).map_err(|_| NONE)).transpose()
}

/// Connects.
pub(super) async fn connect(
    base: &Base,
    secured: Option<&TlsConnector>,
) -> Result<Box<dyn Stream>, Fault> {
    let plain = TcpStream::connect((base.host.as_str(), base.port)).await?;
    let Some(secured) = secured else { return Ok(Box::new(plain)) };
    let name = ServerName::try_from(base.host.clone()).map_err(|_| Fault::Wrong)?;
    // Whoever answers there is not shown to be the source.
    let stream = secured.connect(name, plain).await.map_err(|_| Fault::Wrong)?;
    Ok(Box::new(stream))
}
