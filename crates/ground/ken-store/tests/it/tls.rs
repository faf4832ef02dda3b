//! Transport security to PostgreSQL: a true handshake before a true server, and refusals that say
//! why.
//!
//! A front with a certificate stands on this machine before the server of the tests, so that no
//! server needs one. The name is the certificate's, and the address is told beside it.

use std::sync::Arc;

use ken_store::{Db, OpenError, Reads, Settings};
use ken_testkit::{Fresh, patient};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinSet;
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::writes::{NOTES, ids, put};

const AUTHORITY: &str = include_str!("tls/authority.pem");
const STRANGER: &str = include_str!("tls/stranger.pem");
const SERVER: &str = include_str!("tls/server.pem");
const EXPIRED: &str = include_str!("tls/expired.pem");
const KEY: &str = include_str!("tls/server-key.pem");

/// PostgreSQL's `SSLRequest`: its length, and its code.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

pub(crate) trait Both: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send> Both for T {}

/// A front with a certificate before the server of the tests; it ends with the set.
struct Front {
    port: u16,
    _serving: JoinSet<()>,
}

async fn front(certificate: &str, server: &str) -> Front {
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let mut config = config;
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server: Config = server.parse().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(pass(stream, acceptor.clone(), server.clone()));
        }
    });
    Front { port, _serving: serving }
}

/// Takes one connection, which must ask for transport security first, to the server.
async fn pass(mut stream: TcpStream, acceptor: TlsAcceptor, server: Config) {
    let mut asked = [0; 8];
    stream.read_exact(&mut asked).await.unwrap();
    assert_eq!(asked, SSL_REQUEST, "nothing is said in plain text");
    stream.write_all(b"S").await.unwrap();
    let Ok(mut secured) = acceptor.accept(stream).await else { return };
    let mut behind = reach(&server).await;
    let _ = copy_bidirectional(&mut secured, &mut behind).await;
}

/// A connection to the server of the tests.
pub(crate) async fn reach(server: &Config) -> Box<dyn Both> {
    let port = server.get_ports().first().copied().unwrap_or(5432);
    match &server.get_hosts()[0] {
        Host::Tcp(host) => Box::new(TcpStream::connect((host.as_str(), port)).await.unwrap()),
        Host::Unix(dir) => {
            let socket = dir.join(format!(".s.PGSQL.{port}"));
            Box::new(UnixStream::connect(socket).await.unwrap())
        }
    }
}

/// The address of a database, reached under `host` by the front at `port`.
pub(crate) fn by(port: u16, database: &str, host: &str) -> String {
    let of: Config = database.parse().unwrap();
    let (user, name) = (of.get_user().unwrap(), of.get_dbname().unwrap());
    let address = format!("host={host} hostaddr=127.0.0.1 port={port} user={user} dbname={name}");
    match of.get_password() {
        Some(password) => format!("{address} password='{}'", String::from_utf8_lossy(password)),
        None => address,
    }
}

#[tokio::test]
async fn a_postgres_server_is_spoken_to_under_transport_security() {
    let Some(fresh) = Fresh::create("C").await else { return };
    let open = async |front: &Front, host: &str, authority: &str| {
        let settings = Settings::postgres(by(front.port, &fresh.address(), host)).with(patient());
        Db::open(settings.trusting(authority)).await
    };
    let good = front(SERVER, &fresh.address()).await;
    let db = open(&good, "db.ken.test", AUTHORITY).await.unwrap();
    db.migrate(&[NOTES]).await.unwrap();
    put(&db, "under seal").await.unwrap();
    assert_eq!(ids(&db).await, ["under seal"]);
    let both = format!("{STRANGER}{AUTHORITY}");
    assert!(open(&good, "db.ken.test", &both).await.is_ok(), "any authority of the file");
    let large = "x".repeat(300_000);
    let read = db.snapshot("large", async |s| {
        s.find("SELECT $1", ken_store::values![large.as_str()], |row| row.text(0)).await
    });
    assert_eq!(read.await.unwrap(), Some(large.clone()), "over many records");
    db.close().await;

    let check = |refused: Result<Db, OpenError>, code: &str, why: &str| {
        let refused = refused.map(|_| ()).unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
        assert!(refused.to_string().contains(why), "{refused}");
    };
    let other = open(&good, "other.ken.test", AUTHORITY).await;
    check(other, "store.untrusted", "another name");
    let stranger = open(&good, "db.ken.test", STRANGER).await;
    check(stranger, "store.untrusted", "another authority");
    let old = front(EXPIRED, &fresh.address()).await;
    check(open(&old, "db.ken.test", AUTHORITY).await, "store.untrusted", "expired");
    drop(good);
}

#[tokio::test]
async fn a_postgres_server_without_transport_security_is_not_spoken_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = format!("host=db.ken.test hostaddr=127.0.0.1 port={port} user=ken");
    let settings = Settings::postgres(address).trusting(AUTHORITY);
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = [0; 8];
        stream.read_exact(&mut asked).await.unwrap();
        stream.write_all(b"N").await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        rest
    };
    let (opened, rest) = tokio::join!(Db::open(settings), server);
    assert_eq!(opened.map(|_| ()).unwrap_err().code(), "store.server-plain");
    assert!(rest.is_empty(), "nothing more was said");
}
