//! What a person may ask for here, and what each asks of others, in plain words.
//!
//! Only what is real is offered: a purpose that an agreement in force shares for, an agreement that
//! a clause in force asks for. What the law requires is no choice, and is not offered as one.

use std::collections::{BTreeMap, BTreeSet};

use ken_agreement::{Instrument, Jurisdiction, Kind, Tier};
use ken_core::{OrganisationId, Purpose};
use ken_sharing::wish::{OPT_OUTS, What};

use crate::App;
use crate::caller::Caller;
use crate::pages::own::agreements;
use crate::stop::Stop;
use crate::view::words;

/// What may be asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offers {
    /// Purposes that agreements in force share for as a matter of course.
    pub(crate) purposes: BTreeSet<Purpose>,
    /// What agreements in force ask the person's agreement to, each with the clause's sentence.
    pub(crate) agreed: BTreeMap<String, String>,
    /// The nations with a register of it whose agreements share for planning or research.
    pub(crate) beyond: Vec<Jurisdiction>,
    /// Who answers, by id and name; none where no accord is in force.
    pub(crate) answers: Option<(OrganisationId, String)>,
}

/// Reads what is offered from the agreements in force.
///
/// # Errors
///
/// What the gate or the register says.
pub(crate) async fn read(app: &App, caller: &Caller) -> Result<Offers, Stop> {
    let found = agreements::in_force(app, caller.request()).await?;
    let mut offers = of(found.open.iter().map(|of| &of.instrument));
    offers.answers = answers(found.open.iter().chain(&found.withheld).map(|of| &of.instrument));
    Ok(offers)
}

/// Who answers: the first point of contact of the accord, or else its lead.
fn answers<'a>(
    mut instruments: impl Iterator<Item = &'a Instrument>,
) -> Option<(OrganisationId, String)> {
    let own = instruments.find(|own| own.agreement.tier == Tier::Accord)?;
    let point = own.rights.as_ref().and_then(|rights| rights.single_point.as_ref());
    let id = point.unwrap_or(&own.agreement.lead_party);
    let name = own.party(id).map_or_else(|| id.to_string(), |party| party.name.clone());
    Some((id.clone(), name))
}

/// What these instruments make a choice.
fn of<'a>(instruments: impl Iterator<Item = &'a Instrument>) -> Offers {
    let mut offers = Offers::default();
    let mut by_law = BTreeSet::new();
    for own in instruments.filter(|own| own.agreement.tier == Tier::Isa) {
        let nation = own.agreement.jurisdiction;
        let is_new = OPT_OUTS.contains(&nation) && !offers.beyond.contains(&nation);
        if is_new && own.purposes.iter().any(|purpose| purpose.beyond_care) {
            offers.beyond.push(nation);
        }
        for clause in &own.clauses {
            match clause.kind {
                Kind::Routine => offers.purposes.extend(clause.purpose.clone()),
                Kind::Statutory => by_law.extend(clause.purpose.clone()),
                Kind::Exceptional | Kind::Prohibition => {}
            }
            for to in clause.require.iter().filter_map(What::agreed_to) {
                offers.agreed.entry(to.to_owned()).or_insert_with(|| clause.text.clone());
            }
        }
    }
    // What the law requires goes on: to offer its purpose would promise too much.
    offers.purposes.retain(|purpose| !by_law.contains(purpose));
    offers
}

/// A nation, in a sentence.
fn nation_in(nation: Jurisdiction) -> &'static str {
    match nation {
        Jurisdiction::Scotland => "Scotland",
        Jurisdiction::England => "England",
        Jurisdiction::Wales => "Wales",
        Jurisdiction::NorthernIreland => "Northern Ireland",
    }
}

impl Offers {
    /// Everything that may be asked for, in the order of the page.
    pub(crate) fn all(&self) -> Vec<What> {
        let mut all: Vec<_> = self
            .agreed
            .keys()
            .flat_map(|to| [What::Agreed(to.clone()), What::Withdrawn(to.clone())])
            .collect();
        all.extend(self.purposes.iter().cloned().map(|purpose| What::Objection(Some(purpose))));
        all.extend(self.beyond.iter().copied().map(What::OptOut));
        all.extend([
            What::Objection(None),
            What::Restriction,
            What::ProtectedAddress,
            What::RestrictedRecord,
            What::AtRisk,
        ]);
        if self.answers.is_some() { all } else { vec![] }
    }

    /// The choice of a code, if it is offered.
    pub(crate) fn find(&self, code: &str) -> Option<What> {
        let wanted = What::of_code(code)?;
        self.all().into_iter().find(|what| *what == wanted)
    }

    fn sentence(&self, to: &str) -> String {
        self.agreed.get(to).cloned().unwrap_or_else(|| words::spaced(to))
    }

    /// The choice, as the person would say it.
    pub(crate) fn label(&self, what: &What) -> String {
        match what {
            What::Objection(None) => "Stop sharing about me".to_owned(),
            What::Objection(Some(purpose)) => format!("Stop sharing {}", why(purpose)),
            What::OptOut(nation) => {
                format!("Leave me out of planning and research in {}", nation_in(*nation))
            }
            What::Restriction => "Pause sharing until something is put right".to_owned(),
            What::Agreed(to) => format!("Say yes: {}", self.sentence(to)),
            What::Withdrawn(to) => format!("Say no: {}", self.sentence(to)),
            What::ProtectedAddress => "Hide where I live".to_owned(),
            What::RestrictedRecord => "Close my record".to_owned(),
            What::AtRisk => "Make these pages safer for me".to_owned(),
        }
    }

    /// When it helps, in a sentence.
    pub(crate) fn hint(what: &What) -> Option<&'static str> {
        Some(match what {
            What::Objection(_) => return None,
            What::OptOut(_) => "For when you opted out there, or want to.",
            What::Restriction => "For when something that people wrote is wrong.",
            What::Agreed(_) => "You can say no again at any time.",
            What::Withdrawn(_) => "You can say yes again at any time.",
            What::ProtectedAddress => "For when somebody must not find you.",
            What::RestrictedRecord => "For when people could look who should not.",
            What::AtRisk => "For when somebody else may see these pages and hurt you.",
        })
    }

    /// What it does, in short sentences.
    pub(crate) fn does(what: &What) -> Vec<String> {
        let does: &[&str] = match what {
            What::Objection(None) => &[
                "Services stop telling each other about you as a matter of course.",
                "People who help you may then know less than they need.",
            ],
            What::Objection(Some(purpose)) => {
                return vec![
                    format!("Services stop telling each other about you {}.", why(purpose)),
                    "What they share for other reasons goes on.".to_owned(),
                ];
            }
            What::OptOut(_) => &[
                "What was written about you in care there is not used to plan services or for \
                 research.",
                "Your own care goes on as before.",
            ],
            What::Restriction => &[
                "Services stop telling each other about you until it is put right.",
                "Nothing is deleted.",
            ],
            What::Agreed(_) => &["From now on this may happen."],
            What::Withdrawn(_) => {
                &["From now on this does not happen.", "What was shared before is not taken back."]
            }
            What::ProtectedAddress => &[
                "Where you live is left out when others read about you: your address, your \
                 postcode, your school and where you are seen.",
                "It is left out of your own pages too.",
            ],
            What::RestrictedRecord => &[
                "Nobody can open your record as a matter of course. That is so for the people who \
                 wrote it too.",
                "People who help you may then know less than they need.",
            ],
            What::AtRisk => &[
                "What people do with your record no longer shows on these pages at once.",
                "Somebody talks with you first about what would help.",
            ],
        };
        does.iter().map(|line| (*line).to_owned()).collect()
    }

    /// What goes on all the same: nobody can turn it off.
    pub(crate) fn goes_on(what: &What) -> Vec<&'static str> {
        let mut lines = vec![
            "If somebody may be hurt, services must still tell each other. The law says so.",
            "In an emergency people who help you can still open your record. Somebody checks each \
             time.",
        ];
        match what {
            What::RestrictedRecord | What::AtRisk => {}
            What::OptOut(_) => lines.push("What the law requires is still told."),
            What::ProtectedAddress => lines.push("Your address still goes to those a rule names."),
            _ => lines.push("Each service still uses what it wrote down itself."),
        }
        if *what != What::AtRisk {
            lines.push("You can still read your own record here.");
        }
        lines
    }

    /// What happens after it is sent.
    pub(crate) fn then(&self, what: &What) -> Vec<String> {
        let who = self.answers.as_ref().map_or("us", |(_, name)| name.as_str());
        let then: &[&str] = match what {
            What::Objection(_) | What::Restriction => {
                return vec![
                    "It starts at once.".to_owned(),
                    format!("{who} answers on this page within 28 days, and says if it can stay."),
                    "You can take it back at any time.".to_owned(),
                ];
            }
            What::OptOut(_) | What::Agreed(_) | What::Withdrawn(_) => {
                &["It starts at once.", "You can change it at any time."]
            }
            What::ProtectedAddress | What::RestrictedRecord => {
                return vec![
                    format!("{who} talks with you first, within 7 days. Then it starts."),
                    QUIET.to_owned(),
                ];
            }
            What::AtRisk => {
                return vec![
                    format!("{who} gets in touch within a day, in the way that you write below."),
                    QUIET.to_owned(),
                    "If you are in danger now, call 999.".to_owned(),
                ];
            }
        };
        then.iter().map(|line| (*line).to_owned()).collect()
    }
}

/// Said of every quiet choice.
const QUIET: &str = "These pages do not show that you asked.";

/// A purpose as the end of a sentence: "to care for you or treat you".
fn why(purpose: &Purpose) -> String {
    let plain = words::purpose_plain(purpose);
    match plain.strip_prefix("To ") {
        Some(rest) => format!("to {rest}"),
        None => format!("for {plain}"),
    }
}

#[cfg(test)]
pub(super) fn sample() -> Offers {
    let texts = [
        include_str!("../../../../../../../agreements/scot-accord.toml"),
        include_str!("../../../../../../../agreements/glen-asp-concern.toml"),
    ];
    let all: Vec<_> = texts.iter().map(|text| Instrument::parse(text).unwrap()).collect();
    Offers { answers: answers(all.iter()), ..of(all.iter()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_real_is_offered() {
        let offers = sample();
        let codes: Vec<_> = offers.all().iter().map(What::code).collect();
        for want in ["objection", "objection:support-offer", "person:agreed-referral", "at-risk"] {
            assert!(codes.contains(&want.to_owned()), "{want} is not in {codes:?}");
        }
        // A report of harm is a duty: nobody is asked whether they want it.
        assert!(!codes.contains(&"objection:asp-inquiry".to_owned()), "{codes:?}");
        assert!(!codes.contains(&"objection:identity-review".to_owned()), "{codes:?}");
        assert!(offers.find("objection:nothing").is_none() && offers.find("deceased").is_none());
        assert!(Offers::default().all().is_empty(), "nobody would answer");
        assert!(offers.all().iter().all(|what| !Offers::does(what).is_empty()));
    }
}
