//! What stops a clause, whatever else would let it through.

use serde_json::Value;

use super::reading::{has, named, strings, text};
use super::{Known, Mutant, Names, Oracle, Row, Term, end, name};

impl Oracle<'_> {
    /// What stops a clause from carrying a row class: the person's own state first.
    pub(super) fn stop(&self, term: &Term<'_>, row: &Row) -> Option<String> {
        self.state_stop(term, row).or_else(|| {
            let forbids = self.forbids.iter().filter(|_| !self.is(Mutant::ProhibitionsForgotten));
            let stopping = forbids.filter(|forbid| self.stopped_by(forbid, term, row));
            stopping.map(Term::id).min()
        })
    }

    fn stopped_by(&self, forbid: &Term<'_>, term: &Term<'_>, row: &Row) -> bool {
        let Term { of, clause: forbid } = forbid;
        let follows = text(forbid, "scope") == "lineage" && !self.is(Mutant::LineageForgotten)
            || self.is(Mutant::AgreementFollows);
        let under = term.of.hash == of.hash
            || follows && row.lineage.contains(&of.hash)
            || text(forbid, "scope") == "below" && self.is_bound(term, of);
        if !under {
            return false;
        }
        let mut labels = row.labels.clone();
        if !self.is(Mutant::DictionaryLabelForgotten) {
            let entries = self.world.iter().filter(|of| !of.signed.is_empty());
            let entries = entries.filter_map(|of| named(&of.json, "category", &row.category));
            labels.extend(
                entries.filter_map(|entry| entry.get("label")?.as_str()).map(str::to_owned),
            );
        }
        let by_category = has(forbid, "categories", &row.category);
        let by_label = strings(forbid, "labels").any(|label| labels.contains(label));
        let everything = forbid.get("categories").is_none() && forbid.get("labels").is_none();
        let ends = self.forbidden_end(of, forbid, "from", &self.case.from)
            && self.forbidden_end(of, forbid, "to", &self.case.to);
        under && ends && (everything || by_category || by_label) && !self.excepted(of, forbid, term)
    }

    /// Whether a clause stands under an instrument whose ceilings bind it.
    fn is_bound(&self, term: &Term<'_>, over: &Known) -> bool {
        let narrowed = term.clause.get("source").and_then(Value::as_str);
        let of = narrowed.and_then(|source| self.law(source.split('#').next()?));
        let law = of.is_some_and(|of| tier(of) == "statute-pack");
        let free = match text(term.clause, "kind") {
            "exceptional" => !self.is(Mutant::CeilingStopsEmergency),
            "statutory" => law && !self.is(Mutant::CeilingStopsLaw),
            _ => false,
        };
        !free && !self.is(Mutant::CeilingForgotten) && self.is_under(term.of, over, 0)
    }

    fn is_under(&self, of: &Known, over: &Known, depth: usize) -> bool {
        if depth > self.world.len() || depth > 0 && self.is(Mutant::CeilingOfOneLayer) {
            return false;
        }
        let head = of.json.get("agreement").unwrap_or(&Value::Null);
        strings(head, "under").any(|wanted| {
            let mut signed = self.world.iter().filter(|of| !of.signed.is_empty());
            signed.any(|above| {
                self::name(&above.json) == wanted
                    && (above.hash == over.hash || self.is_under(above, over, depth + 1))
            })
        })
    }

    /// In a prohibition `*` is anybody.
    fn forbidden_end(
        &self,
        of: &Known,
        forbid: &Value,
        side: &str,
        seat: &(String, Option<String>),
    ) -> bool {
        let (who, end) = end(forbid, side);
        let role = seat.1.as_deref().unwrap_or_default();
        let party = named(&of.json, "party", &seat.0);
        let who_fits = match who {
            "*" => true,
            "*own" => self.case.from.0 == self.case.to.0,
            "*person" => return seat.0 == "person",
            "*referrer" => return self.case.referrers.contains(&seat.0),
            id => id == seat.0,
        };
        let kind = party.map_or("", |party| text(party, "kind"));
        let of_kind = end.get("kinds").is_none() || has(end, "kinds", kind);
        let held = party.is_some_and(|party| has(party, "roles", role)) && has(end, "roles", role);
        who_fits && of_kind && (has(end, "roles", "*") || held)
    }

    fn excepted(&self, of: &Known, forbid: &Value, term: &Term<'_>) -> bool {
        strings(forbid, "except").any(|id| {
            let own = term.of.hash == of.hash && text(term.clause, "id") == id;
            let name = format!("{}#{}", self::name(&term.of.json), text(term.clause, "id"));
            let clause = named(&of.json, "clause", id);
            let source = clause.and_then(|clause| clause.get("source")?.as_str());
            let narrows = term.clause.get("source").and_then(Value::as_str);
            let wide = format!("{}#{id}", self::name(&of.json));
            let same = source.is_some_and(|s| Some(s) == narrows || s == name)
                || narrows == Some(wide.as_str());
            let was = |wanted: &str| {
                self.was(&name, wanted) || narrows.is_some_and(|narrows| self.was(narrows, wanted))
            };
            own || same && !self.is(Mutant::ExceptNotSource)
                || was(&wide)
                || source.is_some_and(was)
                || self.is(Mutant::ExceptAll) && self.case.purpose == "vital"
        })
    }

    /// Whether a clause, by its full name, is what another has become: the same permission, in an
    /// instrument that has taken the other's place, however many stood between.
    fn was(&self, now: &str, before: &str) -> bool {
        let (Some((newer, id)), Some((older, old_id))) =
            (now.split_once('#'), before.split_once('#'))
        else {
            return false;
        };
        let find = |wanted: &str| {
            let mut signed = self.world.iter().filter(|of| !of.signed.is_empty());
            signed.find(|of| name(&of.json) == wanted)
        };
        let clause = |wanted| named(&find(wanted)?.json, "clause", id);
        let (Some(now), Some(then)) = (clause(newer), clause(older)) else { return false };
        let alike = |key| text(now, key) == text(then, key);
        let alike = alike("kind") && alike("purpose") || self.is(Mutant::AnyHeir);
        if id != old_id || !alike || text(then, "kind") == "prohibition" {
            return false;
        }
        // One step back after the other, for as many as there are instruments.
        let mut reached: Names = [newer.to_owned()].into();
        for _ in self.world {
            let taken: Vec<_> = reached.iter().filter_map(|name| find(name)).collect();
            reached.extend(taken.into_iter().flat_map(|of| self.took(of)));
            if self.is(Mutant::HeirsForgetGrandparents) {
                break;
            }
        }
        newer != older && reached.contains(older) && !self.is(Mutant::HeirsForgotten)
    }

    /// The names of those whose place an instrument has taken.
    fn took(&self, of: &Known) -> Names {
        if self.is(Mutant::HeirByItsOwnWord) {
            let life = of.json.get("lifecycle").unwrap_or(&Value::Null);
            return strings(life, "supersedes").map(str::to_owned).collect();
        }
        of.replaced.clone()
    }
}

fn tier(of: &Known) -> &str {
    of.json.get("agreement").map_or("", |head| text(head, "tier"))
}
