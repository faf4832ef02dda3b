//! A way to a test's PostgreSQL that a test can cut, and mend.

use ken_store::{Db, Settings};
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::{Databases, patient};

/// A way to a server, open until it is cut. Gone with this.
#[derive(Debug)]
pub struct Way {
    open: watch::Sender<bool>,
    _serving: JoinSet<()>,
}

impl Way {
    /// Cuts it: every connection breaks, and a new one is closed at once.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    /// Opens it again.
    pub fn mend(&self) {
        self.open.send_replace(true);
    }
}

impl Databases {
    /// The same database once more by a way that can be cut; none on SQLite, which is a file.
    ///
    /// # Panics
    ///
    /// When it cannot be opened.
    #[expect(clippy::expect_used, reason = "a test has nobody to answer")]
    pub async fn by_way(&self) -> Option<(Way, Db)> {
        let config: Config = self.postgres.as_ref()?.address().parse().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port for the way");
        let port = listener.local_addr().expect("a port for the way").port();
        let (user, name) = (config.get_user()?, config.get_dbname()?);
        let address = format!("postgres://{user}@127.0.0.1:{port}/{name}");
        let (open, is_open) = watch::channel(true);
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, config, is_open));
        let way = Way { open, _serving: serving };
        let db = Db::open(Settings::postgres(address).with(patient())).await;
        Some((way, db.expect("a database by the way")))
    }
}

async fn serve(listener: TcpListener, server: Config, is_open: watch::Receiver<bool>) {
    let mut going = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        if *is_open.borrow() {
            going.spawn(go(socket, server.clone(), is_open.clone()));
        }
    }
}

async fn go(socket: TcpStream, server: Config, is_open: watch::Receiver<bool>) {
    let port = server.get_ports().first().copied().unwrap_or(5432);
    match server.get_hosts().first() {
        Some(Host::Tcp(host)) => {
            if let Ok(other) = TcpStream::connect((host.as_str(), port)).await {
                between(socket, other, is_open).await;
            }
        }
        Some(Host::Unix(folder)) => {
            let file = folder.join(format!(".s.PGSQL.{port}"));
            if let Ok(other) = UnixStream::connect(file).await {
                between(socket, other, is_open).await;
            }
        }
        None => {}
    }
}

async fn between(
    mut socket: TcpStream,
    mut other: impl AsyncRead + AsyncWrite + Unpin,
    mut is_open: watch::Receiver<bool>,
) {
    tokio::select! {
        _ = copy_bidirectional(&mut socket, &mut other) => {}
        _ = is_open.wait_for(|open| !open) => {}
    }
}
