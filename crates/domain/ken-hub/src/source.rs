//! Sources: the systems that send messages, and what each is trusted for.

use ken_core::OrganisationId;
use ken_hl7::ack::Mode;
use ken_sharing::relationship::REFERRER;
use ken_store::{Db, Reads, values};

use crate::{Error, sql};

/// MSH-3 and MSH-4 of the one source that takes messages from anybody else. House policy: for
/// demonstrations alone, since whoever reaches the port may then write.
pub const ANYBODY: &str = "*";

const ORIGINAL: &str = "original";
const ENHANCED: &str = "enhanced";

/// A system that sends messages for an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its id here.
    pub id: String,
    /// Whose records it sends.
    pub organisation: OrganisationId,
    /// What people call it.
    pub name: String,
    /// MSH-3 of its messages; [`ANYBODY`] for a source that takes what no other is named for.
    pub sending_app: String,
    /// MSH-4 of its messages; [`ANYBODY`] likewise.
    pub sending_facility: String,
    /// How it wants to be answered.
    pub mode: Mode,
    /// The relationship that its organisation has with the people it sends messages about, if
    /// sending one says so; never that it referred them, which a message says of one person.
    pub relationship: Option<String>,
    /// Whether that relationship counts as a register's word; claimed otherwise (`core.md` 2.6).
    pub is_trusted: bool,
    /// Whether it is a training system: what it sends for training is filed. Any other source's
    /// training messages are answered and kept, and filed under nobody.
    pub is_training: bool,
}

impl Source {
    /// Whether it takes what no other source is named for.
    #[must_use]
    pub fn is_anybody(&self) -> bool {
        self.sending_app == ANYBODY && self.sending_facility == ANYBODY
    }
}

/// Registers a source, or changes its profile.
///
/// # Errors
///
/// [`Error::Unfit`] where whatever it sends would make its organisation a referrer; whatever the
/// store says.
pub async fn register(db: &Db, source: &Source) -> Result<(), Error> {
    if source.relationship.as_deref() == Some(REFERRER) {
        return Err(Error::Unfit("who referred somebody"));
    }
    let of = values![
        source.id.as_str(),
        &source.organisation,
        source.name.as_str(),
        source.sending_app.as_str(),
        source.sending_facility.as_str(),
        mode_text(source.mode),
        source.relationship.as_deref(),
        source.is_trusted,
        source.is_training
    ];
    db.write("hub.register-source", async |tx| {
        tx.execute(sql::UPSERT_SOURCE, of).await?;
        Ok(())
    })
    .await
}

/// Every source.
///
/// # Errors
///
/// Whatever the store says.
pub async fn sources(db: &Db) -> Result<Vec<Source>, Error> {
    let rows = db
        .snapshot("hub.sources", async |s| {
            let list = s.list(sql::LIST_SOURCES, values![], |row| {
                let of = (row.text(0)?, row.parse(1)?, row.text(2)?, row.text(3)?, row.text(4)?);
                let is = (row.int(7)? != 0, row.int(8)? != 0);
                Ok((of, row.text(5)?, row.text_opt(6)?, is))
            });
            Ok::<_, Error>(list.await?)
        })
        .await?;
    let source = |(of, mode, relationship, (is_trusted, is_training)): (_, String, _, _)| {
        let (id, organisation, name, sending_app, sending_facility) = of;
        let mode = mode_of(&mode)?;
        Ok(Source {
            id,
            organisation,
            name,
            sending_app,
            sending_facility,
            mode,
            relationship,
            is_trusted,
            is_training,
        })
    };
    rows.into_iter().map(source).collect()
}

const fn mode_text(mode: Mode) -> &'static str {
    match mode {
        Mode::Original => ORIGINAL,
        Mode::Enhanced => ENHANCED,
    }
}

fn mode_of(text: &str) -> Result<Mode, Error> {
    match text {
        ORIGINAL => Ok(Mode::Original),
        ENHANCED => Ok(Mode::Enhanced),
        _ => Err(Error::Corrupt("acknowledgement mode")),
    }
}
