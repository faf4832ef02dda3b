//! Prints how fast a place is: `commit_rate DIRECTORY [POSTGRES-ADDRESS]`.
//!
//! The directory must exist; a scratch database is made in it and removed. The PostgreSQL
//! database is one of its own, too: a table stays behind in it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ken_store::{Db, Settings, measure};

/// How long each figure is measured for.
const LASTS: Duration = Duration::from_secs(2);

type Fault = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let mut given = std::env::args().skip(1);
    let dir = PathBuf::from(given.next().ok_or("say in which directory to measure")?);
    let fsyncs = measure::fsync_rate(&dir, LASTS)?;
    say(&format!("disk: {fsyncs:.0} fsync/s"))?;
    let scratch = Scratch(dir.join("ken-measure.db"));
    print(&scratch.0, Settings::sqlite(&scratch.0)).await?;
    if let Some(address) = given.next() {
        let mut settings = Settings::postgres(address);
        settings.limits.connections = 16;
        print(Path::new("postgres"), settings).await?;
    }
    Ok(())
}

async fn print(name: &Path, settings: Settings) -> Result<(), Fault> {
    let db = Db::open(settings).await?;
    db.migrate(&[measure::MIGRATIONS]).await?;
    let name = name.display();
    for tasks in [1, 16, 64] {
        let rate = measure::write_rate(&db, tasks, LASTS).await?;
        say(&format!("{name}: {rate:.0} writes/s with {tasks} tasks"))?;
    }
    for tasks in [1, 16] {
        let rate = measure::read_rate(&db, tasks, LASTS).await?;
        say(&format!("{name}: {rate:.0} snapshots/s with {tasks} tasks"))?;
    }
    let beside = measure::read_rate(&db, 16, LASTS);
    let (writes, reads) = tokio::join!(measure::write_rate(&db, 64, LASTS), beside);
    say(&format!("{name}: {:.0} snapshots/s beside {:.0} writes/s", reads?, writes?))?;
    db.close().await;
    Ok(())
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}

/// The files of a scratch database, removed at the end.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm", ".lock"] {
            let mut name = self.0.clone().into_os_string();
            name.push(end);
            let _ = std::fs::remove_file(name);
        }
    }
}
