//! `/accessibility` and `/privacy`: what we promise, in plain words.

use axum::extract::State;
use maud::{Markup, html};

use crate::App;
use crate::view::{Area, Frame};

/// How far these pages can be used by everyone, and what to do where they cannot.
pub(crate) async fn accessibility(State(app): State<App>) -> Markup {
    let main = html! {
        h1 { "Accessibility" }
        p {
            "We want everyone to be able to use these pages. They are built to meet the Web \
             Content Accessibility Guidelines, version 2.2, level AA."
        }
        h2 { "What you can do" }
        ul {
            li { "zoom in up to 400% and read without scrolling sideways" }
            li { "use every page with a keyboard alone" }
            li { "use every page with a screen reader" }
            li { "use every page without scripts; only passkeys need one" }
            li { "print every page" }
        }
        h2 { "What we have tested" }
        p {
            "Each page is checked by a program at three widths, with and without scripts. People \
             who use assistive technology have not tested these pages yet."
        }
        h2 { "Tell us" }
        p { "If something stops you, tell us. The help box is at the foot of each page." }
    };
    Frame::plain(app.site(), "Accessibility", Area::Outside).page(&main)
}

/// What the pages keep about whoever reads them.
pub(crate) async fn privacy(State(app): State<App>) -> Markup {
    let main = html! {
        h1 { "Privacy" }
        h2 { "Cookies" }
        p {
            "We use two cookies, and both are needed for sign-in to work. One keeps you signed in. \
             The other protects the sign-in page. Both go when you sign out or close your browser. \
             We count and follow nobody."
        }
        h2 { "What is written down" }
        p {
            "Each time somebody opens a record, Ken writes down who, when, for which organisation, \
             why, and under which agreement. The person can read this. If somebody changed it, \
             that would be seen."
        }
        h2 { "What stays out of addresses" }
        p { "No name, number or date of birth stands in the address of a page." }
    };
    Frame::plain(app.site(), "Privacy", Area::Outside).page(&main)
}
