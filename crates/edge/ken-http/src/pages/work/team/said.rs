//! What the person answered to an offer, for those whom it is told to.

use jiff::Timestamp;
use ken_care::role::Kind;
use ken_care::role::answer;
use ken_core::{Ctx, PersonId, Sensitive};
use ken_directory::Acting;
use ken_store::Snapshot;
use maud::{Markup, html};

use crate::App;
use crate::pages::ask::Names;
use crate::pages::compose;
use crate::stop::Stop;
use crate::view::words;

/// One answer, in words.
#[derive(Debug)]
pub(super) struct Answered {
    kind: Kind,
    /// Who had been offered, and of which organisation.
    whom: String,
    is_accepted: bool,
    at: Timestamp,
    words: Option<Sensitive<String>>,
}

/// What the person answered last of each role, as far as the reader is told of it.
///
/// # Errors
///
/// What the roles or the directory say.
pub(super) async fn read(
    app: &App,
    s: &mut Snapshot,
    ctx: &Ctx<'_>,
    (by, person): (&Acting, PersonId),
    names: &Names,
) -> Result<Vec<Answered>, Stop> {
    let mut all = vec![];
    for one in answer::said(s, ctx, app.keys(), by, person).await? {
        let name = super::called(s, one.whom.practitioner).await?;
        let at = compose::name_of(names, &one.whom.organisation);
        all.push(Answered {
            kind: one.kind,
            whom: format!("{name}, {at}"),
            is_accepted: one.is_accepted,
            at: one.at,
            words: one.words,
        });
    }
    Ok(all)
}

/// The answers, where there are any.
pub(super) fn show(said: &[Answered]) -> Markup {
    html! {
        @if !said.is_empty() {
            section.care_panel aria-labelledby="said" {
                h2 #said { "What the person answered" }
                p { "Read by whoever works with the person for the organisation that offered, and \
                     by who holds the role." }
                ul {
                    @for one in said {
                        li {
                            (one.kind.says()) ": " (one.whom) ". "
                            @if one.is_accepted { "Accepted" } @else { "Declined" }
                            " by the person, " (words::moment_short(one.at)) "."
                            @if let Some(words) = &one.words {
                                " They wrote: " q { (words.reveal()) }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn an_answer_is_told_in_the_persons_words() {
        let answered = |is_accepted, words: Option<&str>| Answered {
            kind: Kind::NamedPerson,
            whom: "Nell Nurse, Glen Medical Practice".into(),
            is_accepted,
            at: "2026-11-23T10:00:00Z".parse().unwrap(),
            words: words.map(|words| Sensitive::new(words.to_owned())),
        };
        let shown = show(&[answered(true, None), answered(false, Some("<No>"))]).into_string();
        rules::assert_part(&shown);
        for want in ["Accepted by the person, 23 Nov 2026", "Declined by", "&lt;No&gt;"] {
            assert!(shown.contains(want), "{want} is not in {shown}");
        }
        assert_eq!(show(&[]).into_string(), "");
    }
}
