#!/usr/bin/env python3
"""A third decider of the gate, beside Cedar and the test kit's interpreter.

Written from the rules (core.md section 2, agreement.md section 4, decision record 18), in another
language and by another route: it collects, for each field, every clause that would carry it, and
then takes the first. Standard library only. It is slow, and no part of the product.

Reads lines of JSON and writes one line for each case:

  {"world": [{"hash": H, "json": AGREEMENT, "signed": [..], "suspended": bool, "superseded": bool,
              "replaced": [NAME..], "unsealed": bool}]}
  {"case": {"from": [ORGANISATION, ROLE], "to": .., "action": .., "purpose": .., "up_to": bool,
            "categories": {CATEGORY: [FIELD..] or null}, "rows": [[CATEGORY, [LABEL..], SOURCE,
            [HASH..]]..] or null, "day": "2027-06-01", "facts": [..], "attested": [..],
            "referrers": [..]}, "wrong": NAME or absent}

  {"permit": [[ROW, FIELD, CLAUSE]..], "offers": [[CLAUSE, [WORDS..], [[CATEGORY, FIELD]..]]..]},
  {"need": [WORDS..]} or {"deny": [RANK, WHAT]}

"wrong" makes it wrong in one way, so that a comparison can be seen to notice.
"""

import datetime
import json
import sys

PROHIBITED, NO_CLAUSE, FIELD, STANDING, REQUIRE = range(5)
ALL, ENDURING, SOURCED, NOTHING = 3, 2, 1, 0
PLACES = {
    "address", "address_history", "appointment_place", "contact_address", "gp_practice",
    "household", "incident_place", "key_safe", "location", "place", "postcode",
    "previous_address", "school", "uprn",
}
FETCH = {"view", "search", "export"}
KINDS = {"statutory": 0, "routine": 1, "exceptional": 2}


def day_of(text):
    return datetime.date.fromisoformat(text)


class Agreement:
    """An instrument with what its register says."""

    def __init__(self, known):
        text = known["json"]
        head, life = text["agreement"], text["lifecycle"]
        self.hash = known["hash"]
        self.name = head["id"] + "@" + head["version"]
        self.lead = head["lead_party"]
        self.under = head.get("under", [])
        self.nation = head["jurisdiction"]
        self.begins = day_of(head["effective_from"])
        self.ends = day_of(head["effective_until"]) if "effective_until" in head else None
        self.due = day_of(life["review_due"])
        self.grace = life["grace_days"]
        self.on_lapse = life["on_review_lapse"]
        self.signed = set(known["signed"])
        self.suspended = known["suspended"]
        self.superseded = known["superseded"]
        self.replaced = set(known["replaced"])
        self.is_law = head["tier"] == "statute-pack"
        self.unsealed = known["unsealed"]
        self.parties = {party["id"]: party for party in text.get("party", [])}
        self.fields = {
            entry["id"]: set(entry.get("fields") or [entry["id"]])
            for entry in text.get("category", [])
        }
        self.labels = {entry["id"]: entry.get("label") for entry in text.get("category", [])}
        self.about_people = {
            entry["id"] for entry in text.get("category", []) if entry.get("personal", True)
        }
        self.beyond = {p["id"] for p in text.get("purpose", []) if p.get("beyond_care")}
        self.words = text.get("attestations", {})
        self.clauses = [Clause(self, clause) for clause in text.get("clause", [])]

    def clause(self, key):
        return next((clause for clause in self.clauses if clause.key == key), None)

    def adopted(self):
        return self.lead in self.signed and not self.unsealed


class End:
    """One end of a clause."""

    def __init__(self, text):
        self.who = text["party"]
        self.roles = set(text["roles"])
        self.kinds = set(text.get("kinds", []))

    def of_kind(self, party):
        return not self.kinds or (party is not None and party["kind"] in self.kinds)


class Clause:
    """A clause with its agreement."""

    def __init__(self, agreement, text):
        self.agreement = agreement
        self.key = text["id"]
        self.id = agreement.hash + "#" + text["id"]
        self.name = agreement.name + "#" + text["id"]
        self.kind = text["kind"]
        self.source = text.get("source")
        self.sender, self.recipient = End(text["from"]), End(text["to"])
        self.actions = set(text.get("action", []))
        self.purpose = text.get("purpose", "")
        self.categories = set(text.get("categories", []))
        self.only = set(text["fields"]) if "fields" in text else None
        self.labels = set(text.get("labels", []))
        self.required = sorted(text.get("require", []))
        self.attest = sorted(text.get("attest", []))
        self.starts = day_of(text["starts"]) if "starts" in text else datetime.date.min
        self.lineage = text.get("scope") == "lineage"
        self.below = text.get("scope") == "below"
        self.excepted = set(text.get("except", []))
        self.everything = "categories" not in text and "labels" not in text

    def affirmations(self):
        return [self.id + "/" + words for words in self.attest]

    def carries(self, category):
        fields = self.agreement.fields.get(category, set())
        return fields if self.only is None else fields & self.only

    def narrows(self, wide):
        """Whether it stays within another clause and asks for as much."""
        theirs = wide.agreement
        words = all(self.agreement.words.get(w) == theirs.words.get(w) for w in wide.attest)
        return (
            wide.kind != "prohibition"
            and self.kind == wide.kind
            and self.purpose == wide.purpose
            and self.starts >= wide.starts
            and self.actions <= wide.actions
            and self.categories <= wide.categories
            and set(wide.required) <= set(self.required)
            and set(wide.attest) <= set(self.attest)
            and words
            and self.end_within(self.sender, wide.sender, theirs)
            and self.end_within(self.recipient, wide.recipient, theirs)
            and all(self.carries(c) <= wide.carries(c) for c in self.categories)
        )

    def end_within(self, narrow, wide, theirs):
        if "*" not in wide.roles and not narrow.roles <= wide.roles:
            return False
        if wide.who != "*" or narrow.who in ("*own", "*person"):
            return narrow.who == wide.who
        for party in self.agreement.parties.values():
            may = (
                narrow.of_kind(party)
                if narrow.who == "*"
                else narrow.who == "*referrer" or narrow.who == party["id"]
            )
            member = not theirs.parties or party["id"] in theirs.parties
            if may and not (wide.of_kind(party) and member):
                return False
        return True


class World:
    """Everything that somebody has signed."""

    def __init__(self, known):
        self.known = [Agreement(one) for one in known]
        self.signed = [one for one in self.known if one.signed]
        self.names = {one.name: one for one in self.signed}
        clauses = [clause for one in self.signed for clause in one.clauses]
        self.forbids = [clause for clause in clauses if clause.kind == "prohibition"]
        self.permits = [
            clause
            for clause in clauses
            if clause.kind != "prohibition" and not clause.agreement.superseded
        ]
        self.sourced = [clause for clause in self.permits if self.in_force(clause)]
        self.dictionary, self.labels = {}, {}
        for one in self.known:
            for category, fields in one.fields.items():
                self.dictionary.setdefault(category, set()).update(fields)
        for one in self.signed:
            for category, label in one.labels.items():
                if label:
                    self.labels.setdefault(category, set()).add(label)

    def bound_by(self, clause):
        """The agreements above a clause, through every layer, whose ceilings bind it."""
        source = self.source_of(clause) if clause.source else None
        is_law = source is not None and source.is_law
        if clause.kind == "exceptional" or clause.kind == "statutory" and is_law:
            return []
        found, names = [], list(clause.agreement.under)
        while names:
            one = self.names.get(names.pop())
            if one and one is not clause.agreement and one not in found:
                found.append(one)
                names += one.under
        return found

    def in_force(self, clause):
        if clause.source is None:
            return True
        above = self.source_of(clause)
        wide = above.clause(clause.source.partition("#")[2]) if above else None
        return wide is not None and clause.narrows(wide)

    def source_of(self, clause):
        return self.law(clause.source.partition("#")[0])

    def law(self, name):
        """What stands by a name: itself, or of packs the one that has come in its place."""
        one = self.names.get(name)
        if one is not None and one.superseded:
            return self.heirs(one)
        return one if one is not None and one.adopted() else None

    def heirs(self, one):
        line = [one]
        for old in line:
            for new in self.signed:
                took = old.name in new.replaced and old.is_law and new.is_law and new.adopted()
                if took and new not in line:
                    line.append(new)
        return next((new for new in line[1:] if not new.superseded), None)

    def older(self, name):
        """A clause's name, and its names in what its instrument has come in the place of."""
        now, _, key = name.partition("#")
        line = [self.names[now]] if now in self.names else []
        own = line[0].clause(key) if line else None
        for new in line:
            line += [old for old in self.signed if old.name in new.replaced and old not in line]
        then = (old.clause(key) for old in line)
        return {name} | {
            old.name
            for old in then
            if old and own and (old.kind, old.purpose) == (own.kind, own.purpose)
            and old.kind != "prohibition"
        }


def plain_name(fact):
    return fact.split("@")[0]


class Decision:
    """One case, decided."""

    def __init__(self, world, case, wrong):
        self.world, self.case, self.wrong = world, case, wrong
        (self.sender, self.from_role), (self.recipient, self.to_role) = case["from"], case["to"]
        self.day = day_of(case["day"])
        self.facts = set(case["facts"])
        self.names = {plain_name(fact) for fact in self.facts}
        self.attested = set(case["attested"])
        self.referrers = set(case["referrers"])
        self.seen, self.bound = {}, {}
        self.hides = self.in_state("protected-address")

    # The person's state.

    def in_state(self, state):
        return state in self.names or state + ":" + self.case["purpose"] in self.names

    def holds(self, fact):
        name = plain_name(fact)
        if self.wrong == "age" and name.startswith("age"):
            return True
        if name.startswith("person:agreed-"):
            to = name[len("person:agreed-"):]
            if {"agreement-withdrawn", "agreement-withdrawn:" + to} & self.names:
                return False
        return fact in self.facts

    def opted_out(self, clause, row):
        """Planning and research, where the person opted out in a nation that is concerned."""
        one = clause.agreement
        lineages = {known.hash: known.nation for known in self.world.signed}
        nations = {lineages[of] for of in row[3] if of in lineages} | {one.nation}
        out = {name[len("opt-out/"):] for name in self.names if name.startswith("opt-out/")}
        return (
            clause.kind == "routine"
            and clause.purpose in one.beyond
            and row[0] in one.about_people
            and self.recipient != "person"
            and not any(fact.startswith("person:agreed-") for fact in clause.required)
            and bool(nations & out)
            and self.wrong != "opt-out"
        )

    def stopped_by_state(self, clause, row):
        accepts = {plain_name(fact) for fact in clause.required}
        routine, exceptional = clause.kind == "routine", clause.kind == "exceptional"
        shared, to_person = self.sender != self.recipient, self.recipient == "person"
        stops = ["opt-out"] if self.opted_out(clause, row) else []
        if self.in_state("self-or-family") or self.in_state("ex-partner"):
            if not (exceptional and "second-person" in self.facts):
                stops.append("self-or-family")
        looks = self.case["action"] in FETCH and clause.purpose != "identity-review"
        if looks and self.in_state("linker"):
            if not (exceptional and "second-person" in self.facts):
                stops.append("linker")
        if routine and (self.in_state("ledger-unsealed") or self.in_state("being-put-right")):
            stops.append("held-up")
        for state, stopping in [
            ("deceased", routine and shared),
            ("objection", routine and shared and not to_person),
            ("restriction", routine and shared and not to_person),
            (
                "restricted-record",
                not to_person
                and not exceptional
                and (routine or self.case["action"] in FETCH),
            ),
        ]:
            if stopping and self.in_state(state) and state not in accepts:
                stops.append(state)
        return "gate#" + min(stops) if stops else None

    # What stands today.

    def pair(self):
        return {one for one in (self.sender, self.recipient) if one != "person"}

    def alone(self, one):
        """How far an agreement stands by itself."""
        if not self.pair() <= set(one.parties):
            return NOTHING, "not-a-pair"
        if not self.pair() <= one.signed and self.wrong != "signature":
            return SOURCED, "not-signed-by-all"
        last = one.ends
        if last is not None and self.wrong == "dates":
            last -= datetime.timedelta(days=1)
        if one.superseded or self.day < one.begins or (last is not None and self.day > last):
            return SOURCED, "expired"
        late = self.day > one.due + datetime.timedelta(days=one.grace)
        if late and one.on_lapse == "suspend-all":
            return SOURCED, "lapsed"
        if one.suspended:
            return ENDURING, "suspended"
        if late:
            return ENDURING if one.on_lapse == "suspend-routine" else ALL, "lapsed"
        return ALL, "active"

    def stands(self, one):
        if one.hash not in self.seen:
            extent, state = self.alone(one)
            if extent == ALL and not all(self.is_above(name) for name in one.under):
                extent, state = ENDURING, "accord-missing"
            self.seen[one.hash] = extent, state
        return self.seen[one.hash]

    def is_above(self, name):
        above = self.world.names.get(name)
        if above is None:
            return False
        if above.parties:
            return self.alone(above)[0] == ALL
        law = self.world.law(name)
        return law is not None and self.day >= law.begins

    # Who fits a clause.

    def is_between(self, clause):
        one, parties = clause.agreement, clause.agreement.parties
        own, person = clause.sender.who == "*own", clause.recipient.who == "*person"
        if self.recipient == "person":
            sort = person and self.sender in parties
        elif self.sender == self.recipient:
            sort = own and self.sender in parties
            if self.wrong == "star" and not person:
                sort = self.sender in parties
        else:
            sort = not own and not person and {self.sender, self.recipient} <= set(parties)
        return (
            sort
            and self.fits(one, clause.sender, self.sender, self.from_role)
            and self.fits(one, clause.recipient, self.recipient, self.to_role)
        )

    def fits(self, one, end, organisation, role):
        if end.who == "*referrer":
            return organisation in self.referrers
        if end.who == "*person":
            return organisation == "person"
        if end.who not in ("*", "*own", organisation):
            return False
        party = one.parties.get(organisation)
        held = party is not None and role in party["roles"] and role in end.roles
        return end.of_kind(party) and ("*" in end.roles or held)

    def in_order(self):
        if self.from_role is None or self.to_role is None:
            return []
        fits = [
            clause
            for clause in self.world.sourced
            if clause.purpose == self.case["purpose"]
            and self.case["action"] in clause.actions
            and self.is_between(clause)
        ]
        if self.wrong == "order":
            return sorted(fits, key=lambda clause: clause.id)
        return sorted(fits, key=lambda c: (KINDS[c.kind], len(c.categories), c.id))

    # What a clause may carry of a row.

    def forbidden(self, clause, row):
        category, labels, _, lineage = row
        labels = set(labels) | self.world.labels.get(category, set())
        stops = []
        for forbid in self.world.forbids:
            own = forbid.agreement is clause.agreement
            follows = forbid.lineage and forbid.agreement.hash in lineage
            bound = forbid.below and forbid.agreement in self.bound_by(clause)
            what = forbid.everything or category in forbid.categories or labels & forbid.labels
            if (
                (own or (follows and self.wrong != "lineage") or bound)
                and what
                and self.reaches(forbid, forbid.sender, self.sender, self.from_role)
                and self.reaches(forbid, forbid.recipient, self.recipient, self.to_role)
                and not self.is_excepted(forbid, clause)
            ):
                stops.append(forbid.id)
        return min(stops) if stops and self.wrong != "prohibition" else None

    def bound_by(self, clause):
        if clause.id not in self.bound:
            above = self.world.bound_by(clause)
            self.bound[clause.id] = [] if self.wrong == "ceiling" else above
        return self.bound[clause.id]

    def reaches(self, forbid, end, organisation, role):
        if end.who == "*own" and self.sender != self.recipient:
            return False
        return self.fits(forbid.agreement, end, organisation, role)

    def is_excepted(self, forbid, clause):
        for key in forbid.excepted:
            named = forbid.agreement.clause(key)
            if named is None:
                continue
            if named is clause:
                return True
            # The clause named, the source that it narrows, and what narrows it.
            ours = {one for one in (clause.name, clause.source) if one}
            if ours & {named.name, named.source}:
                return self.wrong != "except"
            # And what each of them was before it was agreed anew.
            were = set().union(*(self.world.older(one) for one in ours))
            if were & {named.name, named.source} and self.wrong != "heir":
                return True
        return False

    def bar(self, clause):
        needed = {"routine": ALL}.get(clause.kind, SOURCED if clause.source else ENDURING)
        extent, state = self.stands(clause.agreement)
        if extent < needed:
            return STANDING, state
        source = self.world.source_of(clause) if clause.source else None
        if source is not None and self.day < source.begins and self.wrong != "early":
            return STANDING, "not-begun"
        if self.day < clause.starts and self.wrong != "stage":
            return STANDING, "not-begun"
        missing = [fact for fact in clause.required if not self.holds(fact)]
        return (REQUIRE, missing[0]) if missing else None

    def is_own_source(self, clause, row):
        return clause.sender.who != "*own" or row[2] == self.sender

    def carries(self, clause, category):
        fields = clause.carries(category)
        if self.wrong == "mask":
            fields = clause.agreement.fields.get(category, set())
        if self.hides:
            fields = {f for f in fields if f not in PLACES or f in (clause.only or ())}
        return fields

    def stop(self, clause, row):
        return self.stopped_by_state(clause, row) or self.forbidden(clause, row)

    # The answer.

    def cover(self, asked, words_too):
        covered = {}
        for row, fields in asked.items():
            willing = [
                clause
                for clause in self.terms
                if row[0] in clause.categories
                and self.is_own_source(clause, row)
                and (words_too or all(w in self.attested for w in clause.affirmations()))
                and self.bar(clause) is None
                and self.stop(clause, row) is None
            ]
            for field in fields:
                by = next((c for c in willing if field in self.carries(c, row[0])), None)
                if by is not None:
                    covered[row, field] = by
        return covered

    def must(self, asked):
        """What of an ask may not be missing."""
        for row, fields in asked.items():
            whole = self.case["categories"].get(row[0], ()) is None
            spared = whole and self.hides and not self.case["up_to"]
            for field in fields:
                if not (spared and field in PLACES):
                    yield row, field

    def left(self, asked, covered):
        left = {}
        for row, field in self.must(asked):
            if (row, field) not in covered:
                left.setdefault(row, set()).add(field)
        return left

    def enough(self, covered, asked):
        return bool(covered) and (self.case["up_to"] or not self.left(asked, covered))

    def asked_of(self, rows):
        asked = {}
        for row in rows:
            if row[0] in self.case["categories"]:
                fields = self.case["categories"][row[0]]
                whole = self.world.dictionary.get(row[0], {row[0]})
                asked[row] = set(whole if fields is None else fields)
        return {row: fields for row, fields in asked.items() if fields}

    def decide(self):
        self.terms = self.in_order()
        plain = self.asked_of((c, (), self.sender, ()) for c in self.case["categories"])
        rows = self.case["rows"]
        held = plain
        if rows is not None:
            held = self.asked_of((c, tuple(ls), s, tuple(li)) for c, ls, s, li in rows)
        asked = plain
        if not self.case["up_to"]:
            named = {row[0] for row in held}
            asked = {row: fields for row, fields in plain.items() if row[0] not in named} | held
        covered = self.cover(asked, False)
        if self.enough(covered, asked):
            mask = self.cover(held, False) if self.case["up_to"] else covered
            said = sorted((row, field, clause.id) for (row, field), clause in mask.items())
            return {"permit": said, "offers": self.offers(plain)}
        left = self.left(asked, covered)
        supposed = self.cover(left, True)
        if self.enough(supposed, left):
            words = {w for clause in supposed.values() for w in clause.affirmations()}
            return {"need": sorted(words - self.attested)}
        return {"deny": self.why(self.left(left, supposed))}

    def offers(self, plain):
        """What words would add, found by affirming those of one clause after the other."""
        if not self.case["up_to"]:
            return []
        known, offers = set(self.cover(plain, False)), []
        given = self.attested
        for clause in self.terms:
            missing = set(clause.affirmations()) - given
            if not missing or clause.kind == "exceptional" and self.wrong != "emergency":
                continue
            self.attested = given | missing
            adds = set(self.cover(plain, False)) - known
            self.attested = given
            known |= adds
            if adds:
                fields = sorted([row[0], field] for row, field in adds)
                offers.append([clause.id, sorted(missing), fields])
        return sorted(offers)

    def why(self, left):
        """The least remediable bar; of equals that of the first row, and there the first clause."""
        wanted = set(self.case["categories"])
        bars = []
        for row, fields in sorted(left.items()):
            found = []
            for clause in self.terms:
                if not clause.categories & wanted or not self.is_own_source(clause, row):
                    continue
                stop = self.stop(clause, row)
                if stop is not None:
                    found.append((PROHIBITED, stop))
                elif row[0] in clause.categories:
                    found.append(self.bar(clause) or (FIELD, min(fields)))
            about = any(
                row[0] in clause.categories and self.is_own_source(clause, row)
                for clause in self.terms
            )
            bars += found + ([] if about else [(NO_CLAUSE, row[0])])
        return min(bars, key=lambda bar: bar[0]) if bars else (NO_CLAUSE, "nothing")


def main():
    world = World([])
    for line in sys.stdin:
        said = json.loads(line)
        if "world" in said:
            world = World(said["world"])
            continue
        answer = Decision(world, said["case"], said.get("wrong")).decide()
        sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
