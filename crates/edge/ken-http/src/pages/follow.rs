//! After a change of what everybody is decided by: whether every server has followed.
//!
//! # Invariants
//!
//! - A page says that such a change is done only when no server can still decide by what was
//!   before. Where one has not followed within [`WAIT_MAX`] it says how many have not.
//! - The change itself is durable before this waits; a failure here undoes nothing, and is no
//!   reason to send the form again.
//!
//! Source: `core.md` 4.2.

use jiff::SignedDuration;
use ken_store::{Snapshot, guard, node};
use maud::{Markup, html};

use crate::App;
use crate::view::confirmation;

/// How long a page waits. House policy: five reports of a server that lives; one that was killed is
/// waited for six times as long, which is too long for a page.
const WAIT_MAX: SignedDuration = SignedDuration::from_secs(5);

/// How far the servers have followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Followed {
    /// Every one decides by the change.
    Everywhere,
    /// So many may still finish what they began before it.
    Late(i64),
    /// It could not be found out.
    Unknown,
}

/// Waits for the servers to follow what is in force now.
pub(crate) async fn wait(app: &App) -> Followed {
    let read = async |s: &mut Snapshot| guard::policy_version(s).await;
    let waited = async {
        let version = app.db().snapshot("http.in-force", read).await?;
        node::wait_drained(app.db(), app.clock(), version, WAIT_MAX).await
    };
    match waited.await {
        Ok(0) => Followed::Everywhere,
        Ok(late) => Followed::Late(late),
        Err(error) => {
            tracing::warn!(error.code = error.code(), "nobody knows yet who has followed");
            Followed::Unknown
        }
    }
}

/// The confirmation of such a change: `what` where it is done, and what it means.
pub(crate) fn done(what: &str, next: &str, followed: Followed) -> Markup {
    let late = match followed {
        Followed::Everywhere => return confirmation::done(what, next),
        Followed::Late(1) => "1 server has not followed yet".to_owned(),
        Followed::Late(late) => format!("{late} servers have not followed yet"),
        Followed::Unknown => "we do not know yet whether every server has followed".to_owned(),
    };
    html! {
        (confirmation::done("It is in force, but not yet everywhere", next))
        p {
            "It stands and cannot get lost, but " (late) ". What was begun there before may still \
             come out for at most 30 seconds. Do not tell anybody before then that it is done. \
             The page of health says when every server has followed."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn only_what_is_everywhere_is_called_done() {
        let check = |followed: Followed, wants: &[&str], lacks: &str| {
            let shown = done("Signed", "It is in force between them.", followed).into_string();
            rules::assert_part(&shown);
            assert!(wants.iter().all(|want| shown.contains(want)), "{shown}");
            assert!(!shown.contains(lacks), "{shown}");
        };
        let not_yet = "not yet everywhere";
        check(Followed::Everywhere, &["<h1>Signed</h1>"], not_yet);
        check(Followed::Late(1), &[not_yet, "1 server has not"], "<h1>Signed</h1>");
        check(Followed::Late(2), &[not_yet, "2 servers have not"], "<h1>Signed</h1>");
        check(Followed::Unknown, &[not_yet, "do not know"], "<h1>Signed</h1>");
    }
}
