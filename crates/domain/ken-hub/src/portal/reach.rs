//! A connection to a source, secured but on this machine.

use ken_store::tls;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
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
    match secured {
        Some(secured) => Ok(Box::new(secure(plain, &base.host, secured).await?)),
        None => Ok(Box::new(plain)),
    }
}

/// Secures a connection to a host, whose certificate must be for that name.
async fn secure<S: Stream>(
    plain: S,
    host: &str,
    secured: &TlsConnector,
) -> Result<TlsStream<S>, Fault> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Fault::Wrong)?;
    secured.connect(name, plain).await.map_err(|error| match error.kind() {
        // Whoever answers there is not shown to be the source.
        std::io::ErrorKind::InvalidData => Fault::Wrong,
        _ => Fault::Silent,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    use super::*;

    // For `db.ken.test`, and one that was good until 2021; what signed them, and a stranger.
    macro_rules! pem {
        ($name:literal) => {
            include_str!(concat!("../../../../ground/ken-store/tests/it/tls/", $name, ".pem"))
        };
    }

    fn server(certificate: &str) -> TlsAcceptor {
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(pem!("server-key").as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    #[tokio::test]
    async fn only_the_source_itself_is_spoken_to() {
        let (good, expired) = (pem!("server"), pem!("expired"));
        let (authority, stranger) = (pem!("authority"), pem!("stranger"));
        for (certificate, trusted, host, is_fit) in [
            (good, authority, "db.ken.test", true),
            (good, authority, "other.ken.test", false),
            (good, stranger, "db.ken.test", false),
            (expired, authority, "db.ken.test", false),
        ] {
            let (here, there) = tokio::io::duplex(16 * 1024);
            let asked = async {
                let secured = tls::trusting(trusted, Some(SPOKEN)).unwrap();
                let mut stream = secure(here, host, &secured).await?;
                stream.write_all(b"?").await?;
                stream.flush().await?;
                // It stays open until it was heard.
                Ok::<_, Fault>(stream)
            };
            let heard = async {
                // A handshake that the other side gives up fails here too.
                let Ok(mut stream) = server(certificate).accept(there).await else { return 0 };
                let mut byte = [0];
                stream.read(&mut byte).await.unwrap_or_default()
            };
            let (asked, heard) = tokio::join!(asked, heard);
            let want = if is_fit { (Ok(()), 1) } else { (Err(Fault::Wrong), 0) };
            assert_eq!((asked.map(drop), heard), want, "{host}");
        }
    }
}
