//! What a person's own state takes away, read from the facts by name.

use serde_json::Value;

use super::reading::{named, strings, text};
use super::{Mutant, Oracle, Row, Term};

/// Fields that tell where somebody is.
const PLACES: &str = "address address_history appointment_place contact_address gp_practice \
                      household incident_place key_safe location place postcode \
                      previous_address school uprn";

impl Oracle<'_> {
    /// Whether a fact holds that no withdrawal has undone.
    pub(super) fn holds(&self, fact: &str) -> bool {
        let agreed = name_of(fact).strip_prefix("person:agreed-");
        let undone = agreed.is_some_and(|to| {
            let one = format!("agreement-withdrawn:{to}");
            self.has_name("agreement-withdrawn") || self.has_name(&one)
        });
        self.case.facts.contains(fact) && (!undone || self.is(Mutant::WithdrawalForgotten))
    }

    fn has_name(&self, name: &str) -> bool {
        let sure = self.is(Mutant::ClaimedStateForgotten);
        let mut facts = self.case.facts.iter();
        facts.any(|fact| if sure { fact == name } else { name_of(fact) == name })
    }

    /// Whether the person is in a state, in general or for the purpose.
    fn state(&self, state: &str) -> bool {
        let any = self.is(Mutant::ObjectionOfAnyPurpose);
        let other = |fact: &String| fact.starts_with(&format!("{state}:"));
        self.has_name(state)
            || self.has_name(&format!("{state}:{}", self.case.purpose))
            || any && self.case.facts.iter().any(other)
    }

    /// Whether a field is only for the clauses that name it.
    pub(super) fn hides(&self, field: &str) -> bool {
        self.state("protected-address")
            && PLACES.split(' ').any(|place| place == field)
            && !self.is(Mutant::PlacesShown)
    }

    /// Whether an ask is met without this: a hidden field of a category that was asked whole.
    pub(super) fn is_spared(&self, (row, field): &(Row, String)) -> bool {
        let whole = self.case.categories.get(&row.category).is_some_and(Option::is_none);
        !self.case.up_to && whole && self.hides(field) && !self.is(Mutant::PlacesStop)
    }

    /// The gate's own prohibitions, by name.
    pub(super) fn state_stop(&self, term: &Term<'_>, row: &Row) -> Option<String> {
        let kind = text(term.clause, "kind");
        let (from, to) = (&self.case.from.0, &self.case.to.0);
        let accepts = |state: &str| {
            strings(term.clause, "require").any(|fact| name_of(fact) == state)
                && !self.is(Mutant::AcceptsForgotten)
        };
        let on = |state: &str| self.state(state) && !accepts(state);
        let (routine, exceptional) = (kind == "routine", kind == "exceptional");
        let (shared, to_person) = (from != to, to == "person");
        let duty = self.is(Mutant::ObjectionStopsDuty) && !exceptional;
        let routinely = (routine || duty) && shared && !to_person;
        let fetch = ["view", "search", "export"].contains(&self.case.action.as_str());
        let looked = fetch || self.is(Mutant::RestrictedStopsReports);
        let looks = !exceptional && !to_person && (routine || looked);
        let second =
            self.case.facts.contains("second-person") || self.is(Mutant::SecondPersonForgotten);
        let near = self.state("self-or-family") || self.state("ex-partner");
        let near = near && !self.is(Mutant::FamilyForgotten);
        let purpose = text(term.clause, "purpose");
        let linked = self.state("linker") && fetch && purpose != "identity-review";
        let linked = linked && !self.is(Mutant::LinkerForgotten);
        let held_up = self.state("ledger-unsealed") || self.state("being-put-right");
        let stops = [
            (
                "gate#deceased",
                on("deceased") && routine && shared && !self.is(Mutant::DeathForgotten),
            ),
            ("gate#held-up", routine && held_up && !self.is(Mutant::HoldUpForgotten)),
            ("gate#linker", linked && !(exceptional && second)),
            (
                "gate#objection",
                on("objection") && routinely && !self.is(Mutant::ObjectionForgotten),
            ),
            ("gate#opt-out", self.opted_out(term, row)),
            (
                "gate#restricted-record",
                on("restricted-record") && looks && !self.is(Mutant::RestrictedOpens),
            ),
            ("gate#restriction", on("restriction") && routinely),
            ("gate#self-or-family", near && !(exceptional && second)),
        ];
        let first = stops.into_iter().find(|(_, stops)| *stops);
        first.map(|(id, _)| id.to_owned())
    }
}

impl Oracle<'_> {
    /// Whether the person opted out of this: planning or research under an agreement of a nation,
    /// or with what came under one.
    fn opted_out(&self, term: &Term<'_>, row: &Row) -> bool {
        let id = text(term.clause, "purpose");
        let purpose = named(&term.of.json, "purpose", id);
        let beyond = purpose.is_some_and(|of| of.get("beyond_care") == Some(&Value::Bool(true)));
        let entry = named(&term.of.json, "category", &row.category);
        let about = entry.is_some_and(|of| of.get("personal") != Some(&Value::Bool(false)));
        let counts = self.is(Mutant::OptOutOfCounts);
        let routine = text(term.clause, "kind") == "routine"
            || self.is(Mutant::OptOutStopsLaw) && text(term.clause, "kind") == "statutory";
        let agreed = strings(term.clause, "require").any(|fact| fact.starts_with("person:agreed-"));
        let came = self.world.iter().filter(|of| {
            row.lineage.contains(&of.hash)
                && !of.signed.is_empty()
                && !self.is(Mutant::OptOutOfGoingOnly)
        });
        let mut nations = came
            .chain([term.of])
            .map(|of| of.json.get("agreement").map_or("", |head| text(head, "jurisdiction")));
        let out = |nation: &str| {
            let mut facts =
                self.case.facts.iter().filter_map(|fact| name_of(fact).strip_prefix("opt-out/"));
            facts.any(|of| of == nation || self.is(Mutant::OptOutOfAnyNation))
        };
        (beyond || self.is(Mutant::OptOutStopsCare))
            && (about || counts && entry.is_some())
            && routine
            && self.case.to.0 != "person"
            && (!agreed || self.is(Mutant::OptOutOverAgreement))
            && nations.any(out)
            && !self.is(Mutant::OptOutForgotten)
    }
}

/// A fact's name without its grade.
fn name_of(fact: &str) -> &str {
    fact.split('@').next().unwrap_or_default()
}
