//! Asking by an entry of the directory of services: of whoever gives the service and of nobody
//! else, and only while somebody has checked the entry within a year.

use jiff::Timestamp;
use ken_core::OrganisationId;
use ken_directory::HeldRole;
use ken_directory::service::{Entry, NotAsked};
use maud::{Markup, html};

use super::seat;
use crate::App;
use crate::caller::Caller;
use crate::pages::services::{self, show};
use crate::stop::Stop;
use crate::view::{confirmation, phone};

/// The entry by which somebody is asked.
pub(super) struct Listed {
    entry: Entry,
    asked: Result<OrganisationId, NotAsked>,
}

/// The entry, where one is named.
///
/// # Errors
///
/// [`Stop::NotFound`] where there is no such entry.
pub(super) async fn find(app: &App, caller: &Caller, id: &str) -> Result<Option<Listed>, Stop> {
    if id.is_empty() {
        return Ok(None);
    }
    let (entry, _) = services::find(app, id).await?;
    Ok(Some(Listed::new(entry, app.ctx(caller.request()).clock.now())))
}

impl Listed {
    fn new(entry: Entry, now: Timestamp) -> Self {
        let asked = entry.asked(now).cloned();
        Self { entry, asked }
    }

    /// Why nobody is asked by it.
    pub(super) fn stops(&self) -> Option<NotAsked> {
        self.asked.as_ref().err().copied()
    }

    /// Why this role is not asked by it.
    pub(super) fn bars(&self, to: &HeldRole) -> Option<NotAsked> {
        match &self.asked {
            Ok(asked) => (to.organisation != *asked).then_some(NotAsked::Elsewhere),
            Err(why) => Some(*why),
        }
    }

    /// Of the roles that may be asked, those of whoever gives the service.
    pub(super) fn only(
        listed: Option<&Self>,
        mut goes: Vec<(String, String)>,
    ) -> Vec<(String, String)> {
        if let Some(listed) = listed {
            let is_theirs = |to: &str| seat(to).is_some_and(|to| listed.bars(&to).is_none());
            goes.retain(|(to, _)| is_theirs(to));
        }
        goes
    }

    /// By which entry it is asked, in words.
    pub(super) fn says(&self) -> Markup {
        html! {
            p { "You ask for this service: " b { (self.entry.service.says.name) } ". Last checked "
                (show::day(self.entry.checked)) "." }
        }
    }
}

/// The page where nobody is asked by an entry, with what was written.
pub(super) fn not_asked(
    why: NotAsked,
    listed: Option<&Listed>,
    written: &[(&'static str, String)],
) -> Markup {
    let entry = listed.map(|listed| &listed.entry);
    html! {
        h1 { "It cannot be asked from here" }
        @match why {
            NotAsked::Stale => p {
                "Nobody has checked this entry for a year, so it may be wrong, and nothing is sent \
                 by it."
                @if let Some(entry) = entry { " It was last checked on " (show::day(entry.checked))
                    "." }
            },
            NotAsked::Elsewhere => p {
                "Whoever gives this service takes no requests here, or you chose somebody else."
            },
        }
        p { "Nobody has received anything, and nothing is kept. If somebody is in danger now, ring \
             999." }
        @if let Some(entry) = entry {
            @if !entry.service.says.phone.is_empty() {
                p { "Ring " (entry.service.says.name) ": "
                    (phone::linked(&entry.service.says.phone)) }
            }
            p { a.care_lone href={ "/services/" (entry.service.id) } {
                "Everything that the entry says"
            } }
        }
        @if !written.is_empty() {
            h2 { "What you wrote" }
            p { "Copy it before you leave this page." }
            (confirmation::check_answers(written))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    fn listed(now: &str) -> Listed {
        let entry = show::sample().entries.remove(0);
        Listed::new(entry, now.parse().unwrap())
    }

    #[test]
    fn a_stale_entry_asks_nobody_and_a_good_one_its_own_alone() {
        let goes = || ["cec sw.duty", "nhsl nhs.ed"].map(|to| (to.to_owned(), to.to_owned()));
        let check = |now: &str, stops: Option<NotAsked>, want: &[&str]| {
            let listed = listed(now);
            assert_eq!(listed.stops(), stops, "{now}");
            let left = Listed::only(Some(&listed), goes().to_vec());
            let left: Vec<_> = left.iter().map(|(to, _)| to.as_str()).collect();
            assert_eq!(left, want, "{now}");
            rules::assert_part(&listed.says().into_string());
        };
        // It was checked on 1 May 2027; the year after has a day more.
        check("2028-04-30T10:00:00Z", None, &["cec sw.duty"]);
        check("2028-04-30T10:00:01Z", Some(NotAsked::Stale), &[]);
        assert_eq!(Listed::only(None, goes().to_vec()).len(), 2);
        let of = listed("2028-06-01T10:00:00Z");
        let written = [("What do you ask?", "A <meal>".to_owned())];
        for why in [NotAsked::Stale, NotAsked::Elsewhere] {
            let page = not_asked(why, Some(&of), &written).into_string();
            rules::assert_part(&page);
            assert!(page.contains("A &lt;meal&gt;") && page.contains("tel:01632960001"), "{page}");
        }
    }
}
