//! The handling mark of a page: at its head and foot, on the screen and on each sheet of paper.
//!
//! Which mark a thing bears is for [`ken_office::mark`] alone; here is only what a page is about.

use ken_office::mark::{About, Mark, mark};
use maud::{Markup, html};

use super::Area;

/// The pages of governance that hold texts, lists and registers, by the menu's entry that they
/// belong to. All others there may name somebody, or say what somebody did.
const TEXTS: [&str; 5] =
    ["/ig/agreements", "/ig/extracts", "/ig/registers/asset", "/ig/replay", "/ig/recommendations"];

/// The mark of a page, by its area and the entry of the menu that it belongs to.
pub(crate) fn of_page(area: Area, here: &str) -> Option<Mark> {
    mark(match area {
        Area::Outside => About::Published,
        Area::Own => About::Own,
        Area::Governance if TEXTS.contains(&here) => About::Texts,
        Area::Work | Area::Governance | Area::Operations | Area::Guardian => About::People,
    })
}

/// The mark as a line of its own; nothing where there is none.
pub(crate) fn shown(mark: Option<Mark>) -> Markup {
    html! {
        @if let Some(mark) = mark {
            p.care_mark { span.visually-hidden { "Handling mark: " } (mark.says()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::rules;

    #[test]
    fn what_may_name_somebody_is_marked_as_sensitive() {
        let check = |area, here, want: Option<&str>| {
            assert_eq!(of_page(area, here).map(Mark::says), want, "{area:?} {here}");
        };
        for here in ["", "/w/today", "/w/find", "/w/claims"] {
            check(Area::Work, here, Some("OFFICIAL-SENSITIVE"));
        }
        check(Area::Operations, "/ops/hub", Some("OFFICIAL-SENSITIVE"));
        check(Area::Guardian, "/guardian", Some("OFFICIAL-SENSITIVE"));
        // Refuse by default: what nobody has thought of bears the stronger mark.
        for here in ["", "/ig", "/ig/reviews", "/ig/wishes", "/ig/made-up"] {
            check(Area::Governance, here, Some("OFFICIAL-SENSITIVE"));
        }
        for here in TEXTS {
            check(Area::Governance, here, Some("OFFICIAL"));
        }
        check(Area::Own, "/my/record", None);
        check(Area::Outside, "", None);
        rules::assert_part(&shown(Some(Mark::Official)).into_string());
        assert_eq!(shown(None).into_string(), "");
    }
}
