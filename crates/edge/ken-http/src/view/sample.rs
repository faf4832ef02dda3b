//! Values for the components' tests. Everyone here is made up.

use ken_care::words::How;

use super::Visitor;
use super::banner::Banner;
use super::timeline::{Event, Said};
use crate::wire::csrf::Csrf;
use crate::{DemoAccount, Site};

pub(crate) fn site() -> Site {
    Site {
        partnership: "Glen".into(),
        made_up: true,
        secure: false,
        proxies: vec![],
        help_phone: Some("01632 960001".into()),
        help_email: Some("help@glen.example".into()),
        demo_accounts: vec![],
    }
}

pub(crate) fn visitor() -> Visitor {
    Visitor {
        name: "Jo Worker".into(),
        acts_as: Some("Duty social worker, Glen Council".into()),
        may_change_role: true,
        has_passkeys: true,
        csrf: Csrf::of("sample"),
    }
}

pub(crate) fn banner() -> Banner {
    Banner {
        family: "Sample".into(),
        given: "Isla".into(),
        known_as: Some("Isy".into()),
        facts: vec![
            ("Born", "14 Mar 2017 (9y)".into()),
            ("Sex", "Female".into()),
            ("CHI", "990317 0000".into()),
            ("Lives in", "Glen Example, ZZ9 9ZZ".into()),
        ],
        died: None,
    }
}

pub(crate) fn event(n: u8) -> Event {
    Event {
        title: format!("Came to A&E <{n}>"),
        on: format!("{n} Oct 2026, 23:15"),
        month: "October 2026".into(),
        kind: "Health".into(),
        source: "NHS Glen".into(),
        recorded_by: Some("Dr C Casualty".into()),
        note: Some("Treated and went home with mum.".into()),
        sections: vec![],
        significant: n.is_multiple_of(2),
        why: "Clause C1 of the direct care agreement lets your role see this.".into(),
        words: vec![],
        below: None,
    }
}

pub(crate) fn said() -> Said {
    Said {
        how: How::Disagrees,
        is_own: false,
        is_kept_back: false,
        text: "I was <not> there".into(),
        on: "4 October 2026".into(),
        helper: Some("Effie, my sister".into()),
    }
}

pub(crate) fn demo_account(n: u8) -> DemoAccount {
    DemoAccount {
        account: format!("0190163d-8694-739b-aea5-966c26f8ad9{n}").parse().unwrap(),
        name: format!("Jo Worker {n}"),
        organisation: "Glen Council".into(),
        role: "Duty social worker".into(),
        try_first: "Find Callum Gow: nothing covers you yet, so see what is offered.".into(),
    }
}
