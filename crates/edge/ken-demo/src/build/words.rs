//! What people of the demo say themselves, by the functions that their own pages use.

use std::collections::BTreeSet;

use ken_care::correction::{self, NewCorrection};
use ken_care::words::own::{self, OwnEntry, Topic};
use ken_care::words::{self, NewWords, Seen};
use ken_core::{AccountId, Category, OrganisationId, PersonId, Sensitive};
use ken_directory::organisation;
use ken_sharing::Gate;
use ken_store::Snapshot;

use super::directory::word;
use super::people::find;
use super::{Error, Parts};
use crate::Partnership;
use crate::written::{ASKED, Asked, OWN, Own, SAID, Said};

/// Says what the demo has people say. Done again it changes nothing.
pub(super) async fn say(parts: &Parts, partnership: &Partnership) -> Result<(), Error> {
    // Nobody is signed in while the demo is built.
    let account = AccountId::draw(parts.ctx().ids);
    for one in OWN {
        write(parts, (find(parts, partnership, one.person).await?, account), one).await?;
    }
    for one in SAID {
        say_of(parts, (find(parts, partnership, one.person).await?, account), one).await?;
    }
    for one in ASKED {
        ask(parts, (find(parts, partnership, one.person).await?, account), one).await?;
    }
    Ok(())
}

async fn write(
    parts: &Parts,
    (person, account): (PersonId, AccountId),
    one: &Own,
) -> Result<(), Error> {
    let read = async |s: &mut Snapshot| own::items(s, person).await;
    if !parts.db.snapshot("demo.own-words", read).await?.is_empty() {
        return Ok(());
    }
    let (text, helper) = (Sensitive::new(one.text.to_owned()), Sensitive::new(String::new()));
    let at: OrganisationId = word(one.at)?;
    let topic = Topic::of_code(one.topic).ok_or(Error::Missing("topic"))?;
    let new = OwnEntry { person, account, at: &at, topic, text: &text, helper: &helper };
    let written = own::write(&parts.db, &parts.ctx(), &parts.keys, &new).await?;
    written.map_err(|_| Error::Missing("entry of one's own"))?;
    Ok(())
}

async fn say_of(
    parts: &Parts,
    (person, account): (PersonId, AccountId),
    one: &Said,
) -> Result<(), Error> {
    let (db, keys, ctx) = (&parts.db, &parts.keys, parts.ctx());
    if !words::of_person(db, keys, person).await?.is_empty() {
        return Ok(());
    }
    let read = async |s: &mut Snapshot| organisation::list(s).await;
    let all = db.snapshot("demo.organisations", read).await?;
    let sources = all.into_iter().map(|one| one.id).collect();
    let seen = newest(parts, (person, account), (one.category, sources)).await?;
    let (text, helper) = (Sensitive::new(one.text.to_owned()), Sensitive::new(String::new()));
    let new = NewWords { person, account, how: one.how, text: &text, helper: &helper };
    let said = words::say(db, &ctx, keys, &seen, &new).await?;
    said.map_err(|_| Error::Missing("words"))?;
    Ok(())
}

/// The newest entry of a kind that these organisations hold, as the person sees it.
async fn newest(
    parts: &Parts,
    (person, account): (PersonId, AccountId),
    (category, sources): (&str, BTreeSet<OrganisationId>),
) -> Result<Seen, Error> {
    let category = Category::new(category).map_err(|_| Error::Missing("word"))?;
    let (gate, of, who) = (Gate::default(), (&category, &sources), (account, person));
    let items = words::see(&parts.db, &parts.ctx(), &parts.keys, &gate, who, of).await?;
    let of_kind = items.into_iter().filter(|item| item.category == category);
    // Of what was signed at once it is the first part.
    let newest = of_kind.min_by_key(|item| (std::cmp::Reverse(item.event), item.resource));
    newest.and_then(|item| item.seen).ok_or(Error::Missing("entry"))
}

async fn ask(
    parts: &Parts,
    (person, account): (PersonId, AccountId),
    one: &Asked,
) -> Result<(), Error> {
    let (db, keys) = (&parts.db, &parts.keys);
    if !correction::of_person(db, keys, person).await?.is_empty() {
        return Ok(());
    }
    let sources = BTreeSet::from([word(one.of)?]);
    let seen = newest(parts, (person, account), (one.category, sources)).await?;
    let text = |text: &str| Sensitive::new(text.to_owned());
    let (name, about) = (text(one.name), text(one.about));
    let (words, nobody) = (text(one.text), text(""));
    let (name, about, text, helper) = (&name, &about, &words, &nobody);
    let new = NewCorrection { person, account, name, about, text, helper };
    let asked = correction::ask(db, &parts.ctx(), keys, &seen, &new).await?;
    asked.map_err(|_| Error::Missing("correction"))?;
    Ok(())
}
