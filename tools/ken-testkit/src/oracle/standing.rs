//! What of an instrument is in force, by the dates as written.

use jiff::civil::Date;
use serde_json::Value;

use super::reading::{named, strings, text};
use super::{Known, Mutant, Names, Oracle, name};

impl Oracle<'_> {
    /// 3: everything; 2: statutory and exceptional; 1: what is in force elsewhere; 0: no pair.
    pub(super) fn standing(&self, of: &Known) -> (u8, &'static str) {
        let (extent, state) = self.own_standing(of);
        let above = strings(of.json.get("agreement").unwrap_or(&Value::Null), "under");
        let missing = |wanted: &str| {
            let found =
                self.world.iter().find(|of| name(&of.json) == wanted && !of.signed.is_empty());
            !found.is_some_and(|above| {
                let parties = above.json.get("party").is_some();
                let begun = |law: &Known| self.begun(law) || self.is(Mutant::LawAlwaysBegun);
                if parties {
                    self.own_standing(above).0 == 3
                } else {
                    self.law(wanted).is_some_and(begun)
                }
            })
        };
        let mut above = above;
        if extent == 3 && above.any(missing) && !self.is(Mutant::AccordForgotten) {
            return (2, "accord-missing");
        }
        (extent, state)
    }

    /// Whether an instrument has had its first day.
    fn begun(&self, of: &Known) -> bool {
        let head = of.json.get("agreement").unwrap_or(&Value::Null);
        text(head, "effective_from").parse::<Date>().is_ok_and(|first| self.case.day >= first)
    }

    /// Whether what a clause narrows has not begun.
    pub(super) fn is_early(&self, clause: &Value) -> bool {
        let source = clause.get("source").and_then(Value::as_str);
        let law = source.and_then(|source| self.law(source.split_once('#')?.0));
        law.is_some_and(|law| !self.begun(law)) && !self.is(Mutant::SourceAlwaysBegun)
    }

    /// Whether the stage of a clause is still to come.
    pub(super) fn waits(&self, clause: &Value) -> bool {
        let Ok(starts) = text(clause, "starts").parse::<Date>() else { return false };
        match self.mutant {
            Mutant::StageForgotten => false,
            Mutant::StageDayLate => self.case.day <= starts,
            _ => self.case.day < starts,
        }
    }

    fn own_standing(&self, of: &Known) -> (u8, &'static str) {
        let (from, to) = (&self.case.from.0, &self.case.to.0);
        let ends: Names = [from, to].into_iter().filter(|id| *id != "person").cloned().collect();
        let (head, life) = (of.json.get("agreement"), of.json.get("lifecycle"));
        let day = |part: Option<&Value>, key| part.and_then(|v| text(v, key).parse::<Date>().ok());
        let mut after = day(life, "review_due").unwrap_or_default();
        let grace = life.and_then(|life| life.get("grace_days")?.as_i64()).unwrap_or_default();
        let grace = match self.mutant {
            Mutant::GraceNone => 0,
            Mutant::GraceOneMore => grace + 1,
            _ => grace,
        };
        for _ in 0..grace {
            after = after.tomorrow().unwrap_or(after);
        }
        let today = self.case.day;
        let begins = day(head, "effective_from").unwrap_or_default();
        let ended = day(head, "effective_until")
            .is_some_and(|until| today > until || today == until && self.is(Mutant::LastDayOut));
        let early = today < begins || today == begins && self.is(Mutant::FirstDayOut);
        let lapse = life.map_or("", |life| text(life, "on_review_lapse"));
        let signed = ends.is_subset(&of.signed) || self.is(Mutant::UnsignedStands);
        let late = today > after;
        match () {
            () if !ends.iter().all(|id| named(&of.json, "party", id).is_some()) => {
                (0, "not-a-pair")
            }
            () if !signed => (1, "not-signed-by-all"),
            () if of.superseded || early || ended => (1, "expired"),
            () if late && lapse == "suspend-all" => (1, "lapsed"),
            () if of.suspended && !self.is(Mutant::SuspensionForgotten) => (2, "suspended"),
            () if late && lapse == "suspend-routine" => (2, "lapsed"),
            () if late => (3, "lapsed"),
            () => (3, "active"),
        }
    }
}

impl<'a> Oracle<'a> {
    /// What is in force under a name: itself, or the newest statute pack that replaces it.
    pub(super) fn law(&self, wanted: &str) -> Option<&'a Known> {
        let found = self.world.iter().find(|of| name(&of.json) == wanted)?;
        if !found.superseded {
            return Some(found).filter(|of| adopted(of));
        }
        let pack = |of: &Known| {
            of.json.get("agreement").is_some_and(|head| text(head, "tier") == "statute-pack")
        };
        let took = |of: &Known| pack(of) && adopted(of) && of.replaced.contains(wanted);
        let mut newer = self.world.iter().filter(|of| took(of));
        newer.find_map(|of| self.law(&name(&of.json))).filter(|_| pack(found))
    }
}

fn adopted(of: &Known) -> bool {
    let head = of.json.get("agreement").unwrap_or(&Value::Null);
    of.signed.contains(text(head, "lead_party")) && !of.unsealed
}
