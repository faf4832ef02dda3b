//! The red strip of an emergency access: how long is left, and the way to end it.

use maud::{Markup, html};

use super::frame::token;
use crate::wire::csrf::Csrf;

/// The strip, above every page about the person while the access lasts.
///
/// `left` is the time left in words; `finish` is the address that ends the access.
pub(crate) fn strip(left: &str, finish: &str, csrf: &Csrf) -> Markup {
    html! {
        section.care_strip aria-label="Emergency access" {
            div.ds_wrapper {
                p { b { "Emergency access." } " " (left) " left. This will be checked." }
                form method="post" action=(finish) {
                    (token(csrf))
                    button type="submit" { "Finish now" }
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
    fn the_strip_can_be_ended() {
        let shown = strip("23 hours", "/w/p/1/emergency/finish", &Csrf::of("x")).into_string();
        rules::assert_part(&shown);
        assert!(shown.contains("23 hours left") && shown.contains("Finish now"));
    }
}
