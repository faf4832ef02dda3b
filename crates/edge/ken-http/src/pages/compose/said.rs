//! What the person says of what was disclosed: it stands with the entry wherever that is shown.

use ken_care::words;
use ken_fhir::line;
use ken_records::{Point, Seen};
use maud::{Markup, html};

use super::{Dated, Held};
use crate::App;
use crate::stop::Stop;
use crate::view::form::Form;
use crate::view::timeline::Said;
use crate::view::words as says;
use crate::wire::csrf::Csrf;

/// Where a person begins to say something of an entry.
pub(crate) const WAY: &str = "/my/words/about";

/// Puts beside what was disclosed what the person says of it.
///
/// # Errors
///
/// What the words say; a page without them would not be whole, and is not shown.
pub(crate) async fn bring(app: &App, held: &mut [Held]) -> Result<(), Stop> {
    let seen: Vec<&Seen> = held.iter().filter_map(|one| one.seen.as_ref()).collect();
    if seen.is_empty() {
        return Ok(());
    }
    let mut beside = words::beside(app.db(), app.keys(), &seen).await?;
    for one in held {
        let of = one.seen.as_ref().and_then(|seen| beside.remove(&seen.item()));
        one.words = of.unwrap_or_default();
    }
    Ok(())
}

/// What the person says of one entry, the oldest first.
pub(crate) fn said(held: &Held) -> Vec<Said> {
    let one = |words: &words::Words| Said {
        how: words.how,
        is_own: false,
        is_kept_back: words.is_kept_back,
        text: words.text.clone(),
        on: says::day_long(says::local(words.at).date()),
        helper: words.helper.clone(),
    };
    held.words.iter().map(one).collect()
}

/// The same of a result that its report tells: of which one it is stands with it.
pub(super) fn said_within(held: &Held) -> Vec<Said> {
    let title = line(&held.resource).map(|line| line.title).unwrap_or_default();
    let of_it = |words: Said| Said { on: format!("of {title}, {}", words.on), ..words };
    said(held).into_iter().map(of_it).collect()
}

/// A line of a box, with what the person says of the entry that it is from.
pub(super) fn after(line: String, held: &Held) -> String {
    let all = said(held).into_iter().map(|said| said.line());
    std::iter::once(line).filter(|line| !line.is_empty()).chain(all).collect::<Vec<_>>().join(" ")
}

/// Makes an event the person's own to read, with the way to say something of it.
pub(crate) fn make_own(dated: &mut Dated, csrf: &Csrf) {
    for said in &mut dated.event.words {
        said.is_own = true;
    }
    dated.event.below = Some(way(dated.point, csrf));
}

/// The way to say something of an entry, on the person's own pages.
fn way(point: Point, csrf: &Csrf) -> Markup {
    let hidden = [("point", point.to_string())];
    let button = "Say something about this";
    Form { action: WAY, csrf, button, hidden: &hidden }.small(&html! {})
}
