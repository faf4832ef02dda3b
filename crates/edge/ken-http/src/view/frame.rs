//! The page frame: skip link, header, area menu, what stands above the content, help, footer.
//!
//! The order is the same on every page, and so is the help box (WCAG 3.2.3, 3.2.6).

use ken_office::mark::Mark;
use maud::{DOCTYPE, Markup, html};

use super::{mark, phone};
use crate::asset;
use crate::site::Site;
use crate::wire::csrf::{self, Csrf};

/// A part of Ken with its own menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Area {
    /// Before sign-in, and pages that belong to nobody.
    Outside,
    /// Practitioners at work.
    Work,
    /// People reading their own record.
    Own,
    /// Information governance.
    Governance,
    /// Those who keep messages and matches moving; they see flow, not content.
    Operations,
    /// The Caldicott Guardian, who advises and governs nothing.
    Guardian,
}

impl Area {
    /// The menu's entries: address and words.
    pub(crate) const fn menu(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Outside => &[],
            Self::Work => &[
                ("/w/today", "Today"),
                ("/w/find", "Find a person"),
                ("/w/requests", "Requests"),
                ("/w/discussions", "Discussions"),
                ("/w/claims", "To confirm"),
                ("/w/duty", "On duty"),
                ("/w/equipment", "Equipment"),
            ],
            Self::Own => &[
                ("/my", "Home"),
                ("/my/record", "My record"),
                ("/my/looked", "Who looked at my record"),
                ("/my/agreements", "What may be shared"),
                ("/my/choices", "My choices"),
            ],
            Self::Governance => &[
                ("/ig", "What is due"),
                ("/ig/agreements", "Agreements"),
                ("/ig/replay", "Try a draft"),
                ("/ig/extracts", "Numbers for planning"),
                ("/ig/registers/asset", "Registers"),
                ("/ig/reviews", "Emergency access to check"),
                ("/ig/wishes", "What people ask"),
                ("/ig/refusals", "What was refused"),
                ("/ig/breaches", "Breaches"),
                ("/ig/findings", "What the audit found"),
                ("/ig/recommendations", "Recommendations"),
                ("/ig/model", "Matching model"),
            ],
            Self::Guardian => &[
                ("/guardian", "Questions"),
                ("/guardian/reviews", "Emergency access to check"),
                ("/guardian/wishes", "What people ask"),
            ],
            Self::Operations => &[
                ("/ops/hub", "Messages"),
                ("/ops/match", "Identity to review"),
                ("/ops/health", "Health"),
            ],
        }
    }

    /// Where the area begins.
    pub(crate) fn first_page(self) -> &'static str {
        self.menu().first().map_or("/", |(address, _)| address)
    }

    const fn is_staff(self) -> bool {
        matches!(self, Self::Work | Self::Governance | Self::Operations | Self::Guardian)
    }
}

/// Who is reading.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// Their name.
    pub(crate) name: String,
    /// Role and organisation, in words; nothing for a person reading their own record.
    pub(crate) acts_as: Option<String>,
    /// Whether they may act in more than one role.
    pub(crate) may_change_role: bool,
    /// Whether passkeys are offered.
    pub(crate) has_passkeys: bool,
    /// The token of their forms.
    pub(crate) csrf: Csrf,
}

/// What surrounds the content of a page.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    site: &'a Site,
    title: &'a str,
    area: Area,
    here: &'a str,
    visitor: Option<&'a Visitor>,
    above: Option<Markup>,
}

impl<'a> Frame<'a> {
    /// A page for somebody who is not signed in, or whom we do not name.
    ///
    /// `title` goes to the browser's history, so it names no person.
    pub(crate) const fn plain(site: &'a Site, title: &'a str, area: Area) -> Self {
        Self { site, title, area, here: "", visitor: None, above: None }
    }

    /// Says who is reading.
    pub(crate) const fn for_visitor(mut self, visitor: &'a Visitor) -> Self {
        self.visitor = Some(visitor);
        self
    }

    /// Says which entry of the menu the page belongs to.
    pub(crate) const fn at(mut self, here: &'a str) -> Self {
        self.here = here;
        self
    }

    /// Puts a person's banner, or the strip of an emergency access, above the content.
    pub(crate) fn under(mut self, above: Markup) -> Self {
        self.above = Some(above);
        self
    }

    /// The whole page around `main`, whose one `h1` it must contain.
    pub(crate) fn page(&self, main: &Markup) -> Markup {
        let hide = self.area == Area::Own;
        let mark = mark::of_page(self.area, self.here);
        html! {
            (DOCTYPE)
            html lang="en-GB" {
                (self.head())
                body.care_staff[self.area.is_staff()] .care_has-hide[hide]
                    .care_official[mark == Some(Mark::Official)]
                    .care_sensitive[mark == Some(Mark::OfficialSensitive)] {
                    div.ds_skip-links {
                        a.ds_skip-links__link href="#main" { "Skip to main content" }
                    }
                    @if hide { (hide_page()) }
                    (self.header(mark))
                    @if let Some(above) = &self.above { (above) }
                    div.ds_page__middle {
                        div.ds_wrapper {
                            main #main tabindex="-1" { (main) }
                            (self.help())
                        }
                    }
                    (footer(mark))
                }
            }
        }
    }

    fn head(&self) -> Markup {
        html! {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex, nofollow";
                meta name="format-detection" content="telephone=no";
                title { (self.title) " – Ken" }
                link rel="icon" href=(asset::address("ken.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(asset::address("system.css"));
                link rel="stylesheet" href=(asset::address("care.css"));
            }
        }
    }

    fn header(&self, mark: Option<Mark>) -> Markup {
        html! {
            header.ds_site-header role="banner" {
                (mark::shown(mark))
                div.ds_wrapper {
                    div.care_top {
                        p { a.care_brand href="/" { b { "Ken" } (self.site.partnership) } }
                        @if let Some(visitor) = self.visitor { (who(visitor)) }
                    }
                }
                @if self.site.made_up { (made_up()) }
                (self.menu())
            }
        }
    }

    fn menu(&self) -> Markup {
        let menu = if self.visitor.is_some() { self.area.menu() } else { &[] };
        html! {
            @if !menu.is_empty() {
                nav.care_menu aria-label="Main" {
                    div.ds_wrapper {
                        ul role="list" {
                            @for (address, words) in menu {
                                li { a href=(address) aria-current=[(*address == self.here)
                                    .then_some("page")] { (words) } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn help(&self) -> Markup {
        let phone = self.site.help_phone.as_deref();
        let email = self.site.help_email.as_deref();
        html! {
            aside.care_help aria-labelledby="help-title" {
                h2 #help-title { "Help" }
                p {
                    @if let Some(phone) = phone {
                        "Call " (phone::link(phone))
                        @if email.is_some() { " or write to " } @else { "." }
                    }
                    @if let Some(email) = email {
                        @if phone.is_none() { "Write to " }
                        a href={ "mailto:" (email) } { (email) } "."
                    }
                    @if phone.is_none() && email.is_none() {
                        "Ask the person who gave you your sign-in."
                    }
                }
                p { "If something on this page is wrong, tell us which page, and what you saw." }
            }
        }
    }
}

/// The button that leaves at once, on each page of a person's own record (NHS App guidance on
/// safeguarding). It leads to the weather, and takes the sign-in away on the way out.
fn hide_page() -> Markup {
    html! {
        section.care_hide aria-label="Leave quickly" {
            div.ds_wrapper {
                a href="/hide" rel="nofollow noreferrer" { "Hide this page" }
            }
        }
    }
}

fn who(visitor: &Visitor) -> Markup {
    html! {
        div.care_who {
            p {
                b { (visitor.name) }
                @if let Some(acts_as) = &visitor.acts_as { ", " (acts_as) }
            }
            @if visitor.may_change_role { a href="/choose" { "Change role" } }
            a href="/passkeys" { @if visitor.has_passkeys { "Passkeys" } @else { "My sign-ins" } }
            form method="post" action="/sign-out" {
                (token(&visitor.csrf))
                button.care_plain type="submit" { "Sign out" }
            }
        }
    }
}

/// The hidden field that each form carries.
pub(crate) fn token(csrf: &Csrf) -> Markup {
    html! { input type="hidden" name=(csrf::FIELD) value=(csrf.as_str()); }
}

fn made_up() -> Markup {
    html! {
        div.ds_phase-banner.care_madeup {
            div.ds_wrapper {
                p {
                    span.care_tag.care_tag--info { "Demonstration" }
                    " Everyone here is made up."
                }
            }
        }
    }
}

fn footer(mark: Option<Mark>) -> Markup {
    html! {
        footer.ds_site-footer role="contentinfo" {
            div.ds_wrapper {
                (mark::shown(mark))
                div.care_foot {
                    ul role="list" {
                        li { a href="/accessibility" { "Accessibility" } }
                        li { a href="/privacy" { "Privacy" } }
                        li { a href="/register" { "Register of agreements" } }
                        li { a href="/notices" { "Privacy notices" } }
                        li { a href="/services" { "Find help near you" } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{rules, sample};

    #[test]
    fn every_area_keeps_the_rules() {
        let (mut site, visitor) = (sample::site(), sample::visitor());
        let main = html! { h1 { "A page" } };
        let staff = [Area::Work, Area::Governance, Area::Operations, Area::Guardian];
        for area in [Area::Outside, Area::Own].into_iter().chain(staff) {
            for made_up in [true, false] {
                site.made_up = made_up;
                let frame = Frame::plain(&site, "A page", area);
                rules::assert_page(&frame.page(&main).into_string());
                let frame = Frame::plain(&site, "A page", area).for_visitor(&visitor);
                let page = frame.at(area.first_page()).page(&main).into_string();
                rules::assert_page(&page);
                assert_eq!(page.contains("made up"), made_up);
                assert_eq!(page.contains("aria-current"), area != Area::Outside);
                assert_eq!(page.contains("Hide this page"), area == Area::Own);
                let marks = if area.is_staff() { 2 } else { 0 };
                assert_eq!(page.matches("OFFICIAL").count(), marks, "{area:?}");
            }
        }
    }

    #[test]
    fn text_cannot_break_out() {
        let mut visitor = sample::visitor();
        visitor.name = "<script>alert(1)</script>".into();
        let site = sample::site();
        let frame = Frame::plain(&site, "<b>", Area::Work).for_visitor(&visitor);
        let page = frame.page(&html! { h1 { "x" } }).into_string();
        assert!(!page.contains("<script") && !page.contains("<b></title>"));
    }
}
