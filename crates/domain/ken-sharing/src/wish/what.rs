//! What may be asked, and the fact that stands for it.

use std::time::Duration;

use ken_agreement::Jurisdiction;
use ken_core::{Fact, Purpose};

use crate::Error;
use crate::fact::Grade;

/// Start of the facts that say what a person agreed to.
const AGREED: &str = "person:agreed-";
/// Start of the facts that take an agreement back.
const WITHDRAWN: &str = "agreement-withdrawn:";
/// Start of an objection to one purpose.
const OBJECTION: &str = "objection:";
/// Start of the facts that say in which nation somebody opted out.
const OPTED_OUT: &str = crate::decide::OPTED_OUT;
/// The nations in which people opt out of planning and research, once for all bodies: England, by
/// its national data opt-out. The others have no such register; there people object (UK GDPR
/// art. 21). Source: NHS England, national data opt-out operational policy guidance, and
/// Understanding Patient Data on the four nations, both read on 2026-11-22.
pub const OPT_OUTS: [Jurisdiction; 1] = [Jurisdiction::England];

/// Days within which an objection is answered: one month (UK GDPR art. 12(3)), counted as the
/// shortest.
const MONTH: Duration = Duration::from_hours(28 * 24);
/// Days within which a protection is answered. House policy: one week.
const WEEK: Duration = Duration::from_hours(7 * 24);
/// Within which somebody who may be in danger is reached. House policy: one day.
const DAY: Duration = Duration::from_hours(24);

/// What a person may ask about how they are shared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// That routine sharing stops, for one purpose or for all (UK GDPR art. 21).
    Objection(Option<Purpose>),
    /// That planning and research leave them out, as far as a nation's agreements reach that has a
    /// register of it ([`OPT_OUTS`]).
    OptOut(Jurisdiction),
    /// That routine sharing pauses while something is put right (UK GDPR art. 18).
    Restriction,
    /// That they agree to something which an agreement asks their agreement for.
    Agreed(String),
    /// That they agree to it no longer (UK GDPR art. 7(3)).
    Withdrawn(String),
    /// That where they live is kept from whoever does not need it.
    ProtectedAddress,
    /// That only a clause made for it, or an emergency, opens their record.
    RestrictedRecord,
    /// That nothing new shows on their own pages at once: somebody who reads them may do harm.
    AtRisk,
}

impl What {
    /// The stable code: the name of the fact.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Objection(None) => "objection".to_owned(),
            Self::Objection(Some(purpose)) => format!("{OBJECTION}{purpose}"),
            Self::OptOut(nation) => format!("{OPTED_OUT}{}", nation.as_str()),
            Self::Restriction => "restriction".to_owned(),
            Self::Agreed(to) => format!("{AGREED}{to}"),
            Self::Withdrawn(to) => format!("{WITHDRAWN}{to}"),
            Self::ProtectedAddress => "protected-address".to_owned(),
            Self::RestrictedRecord => "restricted-record".to_owned(),
            Self::AtRisk => "at-risk".to_owned(),
        }
    }

    /// What goes by a code; none for anything else.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        let to = |to: &str| (!to.is_empty() && Fact::new(code).is_ok()).then(|| to.to_owned());
        match code {
            "objection" => Some(Self::Objection(None)),
            "restriction" => Some(Self::Restriction),
            "protected-address" => Some(Self::ProtectedAddress),
            "restricted-record" => Some(Self::RestrictedRecord),
            "at-risk" => Some(Self::AtRisk),
            _ => {
                if let Some(purpose) = code.strip_prefix(OBJECTION) {
                    Purpose::new(purpose).ok().map(|purpose| Self::Objection(Some(purpose)))
                } else if let Some(nation) = code.strip_prefix(OPTED_OUT) {
                    let known = OPT_OUTS.into_iter().find(|one| one.as_str() == nation);
                    known.map(Self::OptOut)
                } else if let Some(agreed) = code.strip_prefix(AGREED) {
                    to(agreed).map(Self::Agreed)
                } else {
                    code.strip_prefix(WITHDRAWN).and_then(to).map(Self::Withdrawn)
                }
            }
        }
    }

    /// To what a fact that a clause requires asks the person's agreement; none for another fact.
    #[must_use]
    pub fn agreed_to(fact: &Fact) -> Option<&str> {
        crate::decide::base(fact).strip_prefix(AGREED)
    }

    /// The fact that the gate reads.
    pub(super) fn fact(&self) -> Result<Fact, Error> {
        Fact::new(self.code()).map_err(|_| Error::Corrupt("wish"))
    }

    /// At which grade it holds from the moment it is asked; none where an officer grants it first.
    ///
    /// What takes away counts at any grade. What a person agrees to is theirs to say: no register
    /// knows it better.
    #[must_use]
    pub fn at_once(&self) -> Option<Grade> {
        match self {
            Self::Objection(_) | Self::OptOut(_) | Self::Restriction | Self::Withdrawn(_) => {
                Some(Grade::Claimed)
            }
            Self::Agreed(_) => Some(Grade::System),
            Self::ProtectedAddress | Self::RestrictedRecord | Self::AtRisk => None,
        }
    }

    /// Whether it shows on no page of the person's, because somebody may look over their shoulder.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        matches!(self, Self::ProtectedAddress | Self::RestrictedRecord | Self::AtRisk)
    }

    /// Within which time an officer answers; none where there is nothing to decide.
    #[must_use]
    pub fn answer_within(&self) -> Option<Duration> {
        match self {
            Self::Objection(_) | Self::Restriction => Some(MONTH),
            Self::ProtectedAddress | Self::RestrictedRecord => Some(WEEK),
            Self::AtRisk => Some(DAY),
            Self::OptOut(_) | Self::Agreed(_) | Self::Withdrawn(_) => None,
        }
    }

    /// Whether the person ends it by themselves. A protection is ended by an officer, who speaks
    /// with them: they may be made to ask. An agreement is ended by its withdrawal.
    #[must_use]
    pub fn may_be_taken_back(&self) -> bool {
        matches!(self, Self::Objection(_) | Self::OptOut(_) | Self::Restriction)
    }

    /// What it ends by being asked.
    pub(super) fn opposite(&self) -> Option<Self> {
        match self {
            Self::Agreed(to) => Some(Self::Withdrawn(to.clone())),
            Self::Withdrawn(to) => Some(Self::Agreed(to.clone())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::restricts;

    #[test]
    fn each_wish_is_one_fact_that_the_gate_knows() {
        let offer = Purpose::new("support-offer").unwrap();
        let all = [
            What::Objection(None),
            What::Objection(Some(offer)),
            What::OptOut(Jurisdiction::England),
            What::Restriction,
            What::Agreed("referral".into()),
            What::Withdrawn("referral".into()),
            What::ProtectedAddress,
            What::RestrictedRecord,
            What::AtRisk,
        ];
        for what in all {
            assert_eq!(What::of_code(&what.code()), Some(what.clone()));
            let takes_away = !matches!(what, What::Agreed(_));
            assert_eq!(restricts(what.fact().unwrap().as_str()), takes_away, "{what:?}");
            assert_eq!(what.is_quiet(), what.at_once().is_none(), "{what:?}");
        }
        for code in [
            "",
            "objection:",
            "objections",
            "person:agreed-",
            "agreement-withdrawn:",
            "agreement-withdrawn",
            "deceased",
            "self-or-family",
            "objection:A b",
            "opt-out/GB-SCT",
            "opt-out/",
        ] {
            assert_eq!(What::of_code(code), None, "{code}");
        }
        let fact = |name: &str| Fact::new(name).unwrap();
        assert_eq!(What::agreed_to(&fact("person:agreed-referral@claimed")), Some("referral"));
        assert_eq!(What::agreed_to(&fact("age>=16")), None);
    }
}
