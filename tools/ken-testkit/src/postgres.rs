//! Fresh PostgreSQL databases, each dropped with the test that used it.

use ken_core::IdSource;
use ken_store::ambient::SystemIds;
use tokio_postgres::NoTls;

/// The variable that names a server in which tests may create databases.
const VARIABLE: &str = "KEN_TEST_POSTGRES";

/// A PostgreSQL database of one test, dropped with this.
#[derive(Debug)]
pub struct Fresh {
    server: String,
    name: String,
}

impl Fresh {
    /// Creates an empty one with a collation (the product wants `C`), or says that there is no
    /// server.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    #[expect(clippy::expect_used, reason = "a test has nobody to answer")]
    pub async fn create(collation: &str) -> Option<Self> {
        let Some(server) = server() else {
            eprintln!("PostgreSQL is not tested: {VARIABLE} names no server");
            return None;
        };
        let name = format!("ken_test_{}", SystemIds.random().simple());
        let create = format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' \
             LC_COLLATE '{collation}' LC_CTYPE '{collation}'"
        );
        run(&server, &create).await.expect("a PostgreSQL database for the test");
        Some(Self { server, name })
    }

    /// The address of the database.
    #[must_use]
    pub fn address(&self) -> String {
        address(&self.server, &self.name)
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        // A thread, since a test's runtime may be about to end.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.is_ok_and(|runtime| runtime.block_on(run(&server, &drop)).is_ok())
        });
        if !thread.join().unwrap_or(false) {
            eprintln!("a database of a test was left behind: {}", self.name);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "tests are told their server by the environment")]
fn server() -> Option<String> {
    std::env::var(VARIABLE).ok().filter(|server| !server.is_empty())
}

/// Puts another database name into an address.
fn address(server: &str, name: &str) -> String {
    let (place, options) = server.split_once('?').unwrap_or((server, ""));
    let after = place.find("://").map_or(0, |at| at + 3);
    let end = place.get(after..).and_then(|rest| rest.find('/')).map(|at| after + at);
    let host = end.and_then(|end| place.get(..end)).unwrap_or(place);
    let mark = if options.is_empty() { "" } else { "?" };
    format!("{host}/{name}{mark}{options}")
}

async fn run(server: &str, statement: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(server, NoTls).await?;
    // Both in one task: the connection ends when the client has gone.
    let work = async {
        let done = client.batch_execute(statement).await;
        drop(client);
        done
    };
    let (done, closed) = tokio::join!(work, connection);
    done.and(closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_database_is_put_in() {
        let check = |server, want: &str| assert_eq!(address(server, "n"), want);
        check("postgres://ken@localhost:5432/postgres", "postgres://ken@localhost:5432/n");
        check("postgres://ken@localhost", "postgres://ken@localhost/n");
        check("postgres://k@%2Ftmp/a?port=5433", "postgres://k@%2Ftmp/n?port=5433");
    }
}
