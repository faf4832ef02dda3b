//! `/ig/agreements`: every instrument here, with where it stands.

use axum::Extension;
use axum::extract::State as Of;
use jiff::civil::Date;
use ken_agreement::Tier;
use ken_agreement::status::Status;
use ken_office::agreement::{self, Overview};
use ken_sharing::bundle::Admitted;
use maud::{Markup, html};

use crate::App;
use crate::caller::Caller;
use crate::stop::Stop;
use crate::view::facts::{self, Tone};
use crate::view::panel::{self, Panel, State};
use crate::view::{card, words};

/// `GET /ig/agreements`.
pub(crate) async fn get(
    Of(app): Of<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Markup, Stop> {
    let all = super::all(&app, &caller).await?;
    let today = app.ctx(caller.request()).clock.today();
    let main = show(&all, today);
    Ok(caller.frame(app.site(), "Agreements").at("/ig/agreements").page(&main))
}

/// The page's content.
fn show(all: &[Admitted], today: Date) -> Markup {
    let cards: Vec<_> = all.iter().map(|one| card_of(one, today)).collect();
    let state = if cards.is_empty() {
        State::Nothing {
            looked: "No agreement is registered here.".into(),
            caution: "Nothing is shared until one is registered and signed.".into(),
        }
    } else {
        State::Content { shown: card::cards(false, &cards), from: None }
    };
    html! {
        h1 { "Agreements" }
        p { "What is signed here is what runs. Who has not signed neither sends nor receives." }
        ul {
            li { a href="/ig/signatories" { "Who signs for my organisation" } }
            li { a href="/ig/partnerships" { "Partnerships, and what they adopted" } }
            li { a href="/ig/drafts" { "Drafts" } }
            li { a href="/ig/notices" { "Privacy notices" } }
        }
        (panel::show(&Panel { id: "agreements", heading: "All".into(), open: true, state }))
    }
}

fn card_of(Admitted { instrument, register }: &Admitted, today: Date) -> Markup {
    let head = &instrument.agreement;
    let overview = agreement::overview(instrument, register, today);
    html! {
        h3 { a href={ "/ig/agreements/" (instrument.hash()) } { (head.title) } }
        p { (agreement::tier(head.tier)) ", version " (head.version) ". " (status(&overview)) }
        p { (head.plain_summary) }
        p { (signed(&overview, head.tier)) }
        @if register.unsealed { p { "No issuer vouches for it: nothing rests on it." } }
        @if let Some((next, day)) = overview.next {
            p { "Next: on " (words::day_short(day.0)) " " (next.says()) "." }
        }
    }
}

/// The status as a tag.
pub(crate) fn status(overview: &Overview) -> Markup {
    let tone = match overview.status {
        Status::Active => Tone::Good,
        Status::Draft | Status::AwaitingSignatures | Status::NotBegun | Status::ReviewDue => {
            Tone::Warn
        }
        _ => Tone::Bad,
    };
    let word = match (overview.status, overview.missing.is_empty()) {
        (Status::Draft, _) => "Not signed",
        (Status::AwaitingSignatures, false) => "Waiting for signatures",
        (Status::AwaitingSignatures, true) | (Status::Expired, _) => "Ended",
        (Status::Superseded, _) => "Replaced",
        (Status::NotBegun, _) => "Not begun",
        (Status::Lapsed, _) => "Lapsed: review missed",
        (Status::Suspended, _) => "Suspended",
        (Status::Grace, _) => "Review late",
        (Status::ReviewDue, _) => "In force, review due",
        (Status::Active, true) => "In force",
        (Status::Active, false) => "In force between those who signed",
    };
    facts::tag(word, tone)
}

fn signed(overview: &Overview, tier: Tier) -> String {
    let (signed, missing) = (overview.signed.len(), overview.missing.len());
    match (tier, signed, missing) {
        (Tier::StatutePack, ..) => "The law: nobody signs it, one body adopts it.".to_owned(),
        (_, signed, 0) => format!("All {signed} parties have signed."),
        (_, signed, missing) => format!("{signed} of {} parties have signed.", signed + missing),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ken_agreement::Instrument;
    use ken_agreement::status::Register;

    use super::*;
    use crate::view::rules;

    #[test]
    fn the_list_keeps_the_rules_and_says_who_is_missing() {
        let text = include_str!("../../../../../../agreements/glen-asp-concern.toml");
        let instrument = Instrument::parse(text).unwrap();
        let signed = ["police", "cec"].map(|id| id.parse().unwrap()).into();
        let register = Register { signed, ..Register::default() };
        let shown = show(&[Admitted { instrument, register }], date(2027, 6, 1)).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("2 of 4 parties"), "{shown}");
        assert!(shown.contains("In force between those who signed"));
        let none = show(&[], date(2027, 6, 1)).into_string();
        rules::assert_part(&none);
        assert!(none.contains("Nothing is shared until"));
    }
}
