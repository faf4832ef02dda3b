//! `/my/agreements`: which agreements let whom see what about me, why, and until when; and the
//! notices of them that were published, in standard words and in easy read.
//!
//! # Invariants
//!
//! - What is told is what the agreements in force say, and no other: it is made from them here.
//! - An agreement that is withheld from the public register is counted and not named.

use std::collections::{BTreeMap, BTreeSet};

use axum::Extension;
use axum::extract::{Path, Query, State as Of};
use jiff::civil::Date;
use ken_agreement::Instrument;
use ken_agreement::show;
use ken_agreement::status::Stands;
use ken_core::{InstrumentHash, RequestId};
use ken_office::{agreement, register};
use ken_sharing::bundle::Admitted;
use ken_sharing::instrument;
use ken_store::Snapshot;
use maud::{Markup, html};

use super::looked::MORE;
use crate::App;
use crate::caller::Caller;
use crate::pages::governance::published::{self, Asked};
use crate::pages::governance::register::{plain, withheld};
use crate::stop::Stop;
use crate::view::panel::{self, Panel, State};
use crate::view::{card, words};

/// `GET /my/agreements`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let found = in_force(&app, caller.request()).await?;
    let notices = published::by_text(&app).await?;
    Ok(page(&app, &caller, &list(&found.open, &notices, found.withheld.len())))
}

/// `GET /my/agreements/{hash}`.
pub(crate) async fn one(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
) -> Result<Markup, Stop> {
    let hash: InstrumentHash = hash.parse().map_err(|_| Stop::NotFound)?;
    let found = in_force(&app, caller.request()).await?.open;
    let found = found.iter().find(|of| of.instrument.hash() == hash).ok_or(Stop::NotFound)?;
    let notices = published::by_text(&app).await?;
    let main = html! {
        (plain(&found.instrument))
        (in_easy_words(notices.get(&hash)))
        p { a.care_lone href="/my/choices" { "Choices that you have" } }
        p { a href="/my/agreements" { "All agreements" } }
    };
    Ok(page(&app, &caller, &main))
}

/// `GET /my/notices/{hash}`.
pub(crate) async fn notice(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
    Path(hash): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Markup, Stop> {
    let main = html! {
        (published::notice(&app, &hash, &asked, "/my/notices").await?)
        p { a href="/my/agreements" { "What may be shared about me" } }
    };
    Ok(page(&app, &caller, &main))
}

fn page(app: &App, caller: &Caller, main: &Markup) -> Markup {
    caller.frame(app.site(), "What may be shared about me").at("/my/agreements").page(main)
}

/// The agreements that let something about people be shared today, by title.
#[derive(Debug, Default)]
pub(crate) struct InForce {
    /// Those that anybody may read.
    pub(crate) open: Vec<Admitted>,
    /// Those that the public register withholds.
    pub(crate) withheld: Vec<Admitted>,
}

/// Which agreements have a page here, and which are not even named.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    /// In force, and public.
    pub(crate) open: BTreeSet<InstrumentHash>,
    /// Withheld from the public register.
    pub(crate) hidden: BTreeSet<InstrumentHash>,
}

/// Which agreements a page may name, and which it may link to.
///
/// # Errors
///
/// What the registers say.
pub(crate) async fn pages(app: &App, caller: &Caller) -> Result<Pages, Stop> {
    let found = in_force(app, caller.request()).await?;
    let open = found.open.iter().map(|of| of.instrument.hash()).collect();
    let hidden = async |s: &mut Snapshot| register::withheld(s).await;
    let hidden = app.db().snapshot("http.withheld", hidden).await?.into_keys().collect();
    Ok(Pages { open, hidden })
}

/// Reads what is in force.
///
/// # Errors
///
/// What the registers say.
pub(crate) async fn in_force(app: &App, request: RequestId) -> Result<InForce, Stop> {
    let ctx = app.ctx(request);
    let from_registers = async |s: &mut Snapshot| {
        let all = instrument::load_around(s, &ctx).await?.instruments;
        Ok::<_, Stop>((all, register::withheld(s).await?))
    };
    let (all, hidden) = app.db().snapshot("http.in-force", from_registers).await?;
    Ok(InForce::of(all, &hidden, ctx.clock.today()))
}

impl InForce {
    /// Those of these that are in force on a day, less those withheld.
    fn of(mut all: Vec<Admitted>, hidden: &BTreeMap<InstrumentHash, String>, today: Date) -> Self {
        all.retain(|of| is_in_force(of, today));
        all.sort_by(|a, b| a.instrument.agreement.title.cmp(&b.instrument.agreement.title));
        let is_open = |of: &Admitted| !hidden.contains_key(&of.instrument.hash());
        let (open, withheld) = all.into_iter().partition(is_open);
        Self { open, withheld }
    }
}

fn is_in_force(of: &Admitted, today: Date) -> bool {
    let own = &of.instrument;
    let status = agreement::overview(own, &of.register, today).status;
    register::is_agreement(own.agreement.tier)
        && !of.register.signed.is_empty()
        && status.stands(own.lifecycle.on_review_lapse) >= Stands::Enduring
}

/// The notices that were published, by the text that they are made from.
type Notices = BTreeMap<InstrumentHash, InstrumentHash>;

/// The way to the notice of an agreement, if one was published.
fn in_easy_words(notice: Option<&InstrumentHash>) -> Markup {
    html! {
        @if let Some(notice) = notice {
            p { a href={ "/my/notices/" (notice) "?reading=easy" } { "The same in easy words" } }
        }
    }
}

fn list(in_force: &[Admitted], notices: &Notices, hidden: usize) -> Markup {
    let card = |of: &Admitted| {
        let head = &of.instrument.agreement;
        html! {
            h3 { a href={ "/my/agreements/" (of.instrument.hash()) } { (head.title) } }
            p { (head.plain_summary) }
            p { (until(&of.instrument)) }
            (in_easy_words(notices.get(&of.instrument.hash())))
        }
    };
    let cards: Vec<_> = in_force.iter().map(card).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "There is no agreement yet.".into(),
            caution: "So services do not share about you here. They must still tell each other \
                      when somebody may be hurt."
                .into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    let heading = "The agreements".to_owned();
    html! {
        h1 { "What may be shared about me" }
        p {
            "Services that help you have agreed what they may tell each other about you, and why. \
             They may not tell more than is written here."
        }
        (panel::show(&Panel { id: "agreements", heading, open: true, state }))
        p { (withheld(hidden)) }
        p { a.care_lone href="/my/choices" { "Choices that you have" } }
        p { (MORE) }
    }
}

/// Until when an agreement is in force, in a sentence.
pub(crate) fn until(of: &Instrument) -> String {
    let review = words::day_long(of.lifecycle.review_due.0);
    match of.agreement.effective_until {
        Some(day) => format!("It ends on {}. It is checked by {review}.", words::day_long(day.0)),
        None => format!("It goes on until it is replaced. It is checked by {review}."),
    }
}

/// Who may know what, and why, in plain words: by recipient, then by purpose.
pub(crate) fn who_knows(of: &Instrument) -> Markup {
    type Reasons = BTreeMap<String, BTreeSet<String>>;
    let mut all: BTreeMap<String, Reasons> = BTreeMap::new();
    for told in show::told(&[of]) {
        let purpose = of.purposes.iter().find(|one| one.text == told.purpose);
        let why = purpose.map_or(told.purpose, |one| words::purpose_plain(&one.id));
        let category = of.categories.iter().find(|one| one.text == told.category);
        let what = category.map_or(told.category, |one| words::category_plain(&one.id));
        all.entry(told.recipient).or_default().entry(why).or_default().insert(what);
    }
    html! {
        @for (recipient, reasons) in &all {
            h3 { (recipient) }
            @for (why, what) in reasons {
                p { b { (why) ": " } (what.iter().cloned().collect::<Vec<_>>().join(", ")) "." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ken_agreement::status::Register;

    use super::*;
    use crate::view::rules;

    fn admitted(signed: &[&str]) -> Admitted {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let signed = signed.iter().map(|id| id.parse().unwrap()).collect();
        let register = Register { signed, ..Register::default() };
        Admitted { instrument: Instrument::parse(text).unwrap(), register }
    }

    #[test]
    fn only_what_is_in_force_is_listed() {
        let check = |signed: &[&str], day: Date, want: bool| {
            assert_eq!(is_in_force(&admitted(signed), day), want, "{signed:?} on {day}");
        };
        check(&["police", "cec"], date(2027, 6, 1), true);
        check(&["police", "cec"], date(2026, 6, 1), false);
        check(&["police"], date(2027, 6, 1), false);
        check(&[], date(2027, 6, 1), false);
    }

    #[test]
    fn what_is_withheld_is_apart_from_what_is_open() {
        let (of, day) = (admitted(&["police", "cec"]), date(2027, 6, 1));
        let hidden = BTreeMap::from([(of.instrument.hash(), "An inquiry".to_owned())]);
        let found = InForce::of(vec![of.clone(), admitted(&[])], &hidden, day);
        assert_eq!((found.open.len(), found.withheld.len()), (0, 1));
        let found = InForce::of(vec![of, admitted(&[])], &BTreeMap::new(), day);
        assert_eq!((found.open.len(), found.withheld.len()), (1, 0));
    }

    #[test]
    fn the_list_counts_what_it_does_not_name() {
        let of = admitted(&["police", "cec"]);
        let notices = Notices::from([(of.instrument.hash(), "ab12".parse().unwrap())]);
        let page = list(&[of], &notices, 1).into_string();
        rules::assert_part(&page);
        assert!(page.contains("/my/notices/ab12?reading=easy"), "{page}");
        assert!(page.contains("It is checked by") && page.contains("One more agreement"), "{page}");
        let none = list(&[], &Notices::new(), 0).into_string();
        rules::assert_part(&none);
        assert!(none.contains("There is no agreement yet"));
    }

    #[test]
    fn everybody_who_may_know_something_is_named_with_why() {
        let own = admitted(&[]).instrument;
        let page = who_knows(&own).into_string();
        rules::assert_part(&format!("<h2>Who</h2>{page}"));
        for told in show::told(&[&own]) {
            assert!(page.contains(&told.recipient), "{told:?}");
        }
        assert!(page.contains("To find out if you are safe") && page.contains("your name"));
    }
}
