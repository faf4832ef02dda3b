//! What partnerships were promised, asked of the gate and of its oracle alike.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use ken_agreement::{Day, Jurisdiction, Tier};
use ken_core::{Category, Fact, OrganisationId, PersonId};
use ken_directory::{Acting, practitioner};
use ken_sharing::bundle::Bundle;
use ken_sharing::decide::decide;
use ken_sharing::departure::{Leaving, first_day_out};
use ken_sharing::{Decision, instrument};
use ken_store::{Reads, Row as Line, Snapshot};
use ken_testkit::oracle::{self, Case, Known, Mutant, Verdict};
use serde_json::Value;

use crate::vectors::{VECTORS, case};
use crate::vectors_world::{Entry, asked, bundle, glen, told, word, world};
use crate::world::{World, worlds, worlds_of};

/// A partnership made ready to be asked, of the gate and of the oracle.
pub(crate) struct Ready {
    bundle: Bundle,
    known: Vec<Known>,
}

impl Ready {
    pub(crate) fn new(entries: &[Entry]) -> Self {
        Self { bundle: bundle(entries), known: world(entries) }
    }

    /// The gate's answer, which must be the oracle's.
    pub(crate) fn ask(&self, case: &Case) -> Verdict {
        let (ask, facts, rows) = asked(case);
        let got = told(&decide(&self.bundle, &ask, &facts, rows.as_ref()).unwrap());
        assert_eq!(oracle::decide(&self.known, case, Mutant::None), got, "{case:?}");
        got
    }
}

/// A question in short: `police/pp.concern-hub push cec/sw.duty`, its purpose, categories, facts.
pub(crate) fn short(flow: &str, purpose: &str, categories: &[&str], facts: &[&str]) -> Case {
    let seat = |text: &str| {
        let (organisation, role) = text.split_once('/').unwrap();
        (organisation.to_owned(), Some(role.to_owned()))
    };
    let [from, action, to] = flow.split(' ').collect::<Vec<_>>()[..] else { panic!("{flow}") };
    Case {
        from: seat(from),
        to: seat(to),
        action: action.to_owned(),
        purpose: purpose.to_owned(),
        up_to: true,
        categories: categories.iter().map(|kind| ((*kind).to_owned(), None)).collect(),
        rows: None,
        day: "2027-06-01".parse().unwrap(),
        facts: facts.iter().map(|fact| (*fact).to_owned()).collect(),
        attested: BTreeSet::new(),
        referrers: BTreeSet::new(),
    }
}

/// The names of the words that are asked for, and what is given once they are affirmed.
fn affirmed(ready: &Ready, mut case: Case) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut asked = BTreeSet::new();
    let mut answer = ready.ask(&case);
    if let Verdict::Need(words) = &answer {
        let name = |words: &String| words.rsplit('/').next().unwrap().to_owned();
        asked = words.iter().map(name).collect();
        case.attested.clone_from(words);
        answer = ready.ask(&case);
    }
    let Verdict::Permit(mask, _) = answer else { panic!("{case:?}: {answer:?}") };
    (asked, mask.into_keys().map(|(row, field)| format!("{}.{field}", row.category)).collect())
}

/// C2: the board does not answer for a practice, and what a practice has not signed is closed.
#[test]
fn each_practice_is_a_controller_of_its_own() {
    let mut entries = glen(6);
    let of = |from: &str| {
        let flow = format!("{from}/record view nhsl/nhs.ward");
        short(&flow, "direct-care", &["medication"], &["relationship:direct-care"])
    };
    let permits = |ready: &Ready, from| matches!(ready.ask(&of(from)), Verdict::Permit(..));
    let all = Ready::new(&entries);
    assert!(permits(&all, "practice") && permits(&all, "ooh"));
    let care =
        entries.iter().position(|e| e.instrument.agreement.id.as_str() == "glen-direct-care");
    entries[care.unwrap()].unsigned.insert("practice".to_owned());
    let some = Ready::new(&entries);
    assert!(!permits(&some, "practice"), "the practice has not signed");
    assert!(permits(&some, "ooh"), "the others have");
    // The board's own work is with what the board recorded.
    let mut own = short("nhsl/record view nhsl/nhs.ward", "own-work", &["medication"], &[]);
    let row = |source: &str| oracle::Row {
        category: "medication".to_owned(),
        labels: BTreeSet::new(),
        source: source.to_owned(),
        lineage: BTreeSet::new(),
    };
    own.rows = Some([row("nhsl"), row("practice")].into());
    let Verdict::Permit(mask, _) = some.ask(&own) else { panic!("own work") };
    assert!(mask.keys().all(|(row, _)| row.source == "nhsl"), "{mask:?}");
}

/// E3: early help asks less of who shares, needs the person's agreement, and gives less.
#[test]
fn early_help_gives_less_than_protection_and_only_what_the_person_agreed_to() {
    let ready = Ready::new(&glen(6));
    let kinds = ["core", "concern", "views", "third-party", "criminal"];
    let age = "age>=16";
    let protects = "police/pp.concern-hub push cec/sw.duty";
    let (words, protection) = affirmed(&ready, short(protects, "asp-inquiry", &kinds, &[age]));
    let agreed =
        [age, "trained:info-handling", "assurance:cyber-essentials", "person:agreed-referral"];
    let helps = "cec/sw.duty push rowan/ts.support-worker";
    let (less, early) = affirmed(&ready, short(helps, "support-offer", &kinds, &agreed));
    assert!(words.contains("three-point-belief") && !less.contains("three-point-belief"));
    assert!(early.is_subset(&protection) && early.len() < protection.len(), "{early:?}");
    let want = [
        "core.communication_needs",
        "core.name",
        "core.phone",
        "views.agreed_referral",
        "views.views",
    ];
    assert_eq!(early.iter().map(String::as_str).collect::<Vec<_>>(), want);
    let refused = ready.ask(&short(helps, "support-offer", &["core", "views"], &agreed[..3]));
    assert!(matches!(refused, Verdict::Deny(4, _)), "{refused:?}: nobody agreed");
}

/// E5: a concern about an adult and one about a child are decided by one engine: the same steps,
/// each with its own law.
#[test]
fn a_concern_about_a_child_goes_the_way_of_one_about_an_adult() {
    let ready = Ready::new(&glen(6));
    let check = |flow: &str, purpose: &str, (fact, word, clause): (&str, &str, &str), stranger| {
        let bare = ready.ask(&short(flow, purpose, &["concern"], &[]));
        assert_eq!(bare, Verdict::Deny(4, fact.to_owned()), "{flow}: what it requires");
        let mut asked = short(flow, purpose, &["concern"], &[fact]);
        let Verdict::Need(words) = ready.ask(&asked) else { panic!("{flow}: no words") };
        assert!(words.iter().any(|one| one.ends_with(&format!("#{clause}/{word}"))), "{words:?}");
        asked.attested = words;
        let Verdict::Permit(mask, _) = ready.ask(&asked) else { panic!("{flow}: refused") };
        assert!(mask.values().all(|id| id.ends_with(&format!("#{clause}"))), "{mask:?}");
        assert_eq!(mask.len(), 4, "every field of the concern");
        asked.to.1 = Some(String::from(stranger));
        let other = ready.ask(&asked);
        assert!(matches!(other, Verdict::Deny(..)), "{flow}: another role: {other:?}");
    };
    let adult = ("age>=16", "three-point-belief", "C6");
    check("rowan/ts.support-worker push cec/sw.duty", "asp-inquiry", adult, "sw.children");
    let child = ("relationship:girfec-team", "necessary-proportionate", "W2");
    check("primary/ed.teacher push cec/sw.children", "girfec-wellbeing", child, "sw.duty");
}

/// K7: who objects, or takes an agreement back, is left out of what is voluntary; a duty goes on.
#[test]
fn who_opts_out_is_left_out_of_what_is_voluntary_and_of_no_duty() {
    let ready = Ready::new(&glen(6));
    let goes = |flow: &str, purpose: &str, facts: &[&str]| {
        let case = short(flow, purpose, &["core"], facts);
        !matches!(ready.ask(&case), Verdict::Deny(..))
    };
    let tells = "police/pp.concern-hub push nhsl/nhs.ed";
    let able = ["age>=16", "trained:info-handling"];
    assert!(goes(tells, "health-response", &able));
    assert!(!goes(tells, "health-response", &[&able[..], &["objection@claimed"]].concat()));
    let of_it = ["objection:health-response"];
    assert!(!goes(tells, "health-response", &[&able[..], &of_it].concat()));
    let of_another = ["objection:support-offer"];
    assert!(goes(tells, "health-response", &[&able[..], &of_another].concat()));
    let duty = "police/pp.concern-hub push cec/sw.duty";
    assert!(goes(duty, "asp-inquiry", &["age>=16", "objection"]), "a duty goes on");
    let offers = "cec/sw.duty push rowan/ts.support-worker";
    let agreed = [&able[..], &["assurance:cyber-essentials", "person:agreed-referral"]].concat();
    assert!(goes(offers, "support-offer", &agreed));
    let taken_back = [&agreed[..], &["agreement-withdrawn:referral"]].concat();
    assert!(!goes(offers, "support-offer", &taken_back), "agreement taken back");
}

/// E35: who opted out in England is left out of planning under England's agreements, and of what
/// came under one; Scotland's rules are Scotland's, and there the person objects.
#[test]
fn who_opted_out_in_england_is_left_out_of_planning_there() {
    let mut entries = glen(6);
    let (asp, care) = (2, 4);
    for n in [asp, care] {
        for purpose in &mut entries[n].instrument.purposes {
            purpose.beyond_care = purpose.id.as_str() == "health-response";
        }
    }
    let scottish = Ready::new(&entries);
    entries[asp].instrument.agreement.jurisdiction = Jurisdiction::England;
    let english = Ready::new(&entries);
    let able = ["age>=16", "trained:info-handling"];
    let of = |extra: &[&str]| {
        let tells = "police/pp.concern-hub push nhsl/nhs.ed";
        short(tells, "health-response", &["core"], &[&able[..], extra].concat())
    };
    let goes = |ready: &Ready, case: &Case| !matches!(ready.ask(case), Verdict::Deny(..));
    let out = ["opt-out/GB-ENG@claimed"];
    assert!(goes(&english, &of(&[])) && goes(&scottish, &of(&[])), "nobody opted out");
    let stopped = Verdict::Deny(0, "gate#opt-out".to_owned());
    assert_eq!(english.ask(&of(&out)), stopped, "an English record, for planning");
    assert!(goes(&scottish, &of(&out)), "a Scottish one");
    assert!(!goes(&scottish, &of(&["objection:health-response"])), "by Scotland's rules");
    assert!(goes(&english, &of(&["opt-out/GB-SCT"])), "no register of another nation");
    // Care goes on, and so does what the law requires.
    let duty = "police/pp.concern-hub push cec/sw.duty";
    let facts = [&able[..], &out].concat();
    assert!(goes(&english, &short(duty, "asp-inquiry", &["core"], &facts)));
    // What came under an English agreement is English wherever it goes next.
    for purpose in &mut entries[care].instrument.purposes {
        purpose.beyond_care = purpose.id.as_str() == "direct-care";
    }
    let onward = Ready::new(&entries);
    let row = |lineage: &[&String]| oracle::Row {
        category: "medication".to_owned(),
        labels: BTreeSet::new(),
        source: "practice".to_owned(),
        lineage: lineage.iter().copied().cloned().collect(),
    };
    let mut view = short(
        "practice/record view nhsl/nhs.ward",
        "direct-care",
        &["medication"],
        &["relationship:direct-care", "opt-out/GB-ENG"],
    );
    view.rows = Some([row(&[]), row(&[&onward.known[asp].hash])].into());
    let Verdict::Permit(mask, _) = onward.ask(&view) else { panic!("a Scottish agreement") };
    assert!(!mask.is_empty() && mask.keys().all(|(row, _)| row.lineage.is_empty()), "{mask:?}");
    view.facts.remove("opt-out/GB-ENG");
    let Verdict::Permit(mask, _) = onward.ask(&view) else { panic!("nobody opted out") };
    assert!(mask.keys().any(|(row, _)| !row.lineage.is_empty()), "{mask:?}");
}

/// K12: a draft opens nothing, not even what the law would let it open.
#[test]
fn nothing_flows_outside_what_was_signed() {
    let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    let whole = glen(4);
    let mut drafts = whole.clone();
    for entry in drafts.iter_mut().filter(|entry| entry.instrument.agreement.tier == Tier::Isa) {
        entry.unsigned = entry.signed().iter().map(ToString::to_string).collect();
    }
    let isa = |entry: &&Entry| entry.instrument.agreement.tier != Tier::Isa;
    let above: Vec<Entry> = whole.iter().filter(isa).cloned().collect();
    let [signed, drafted, none, nothing] = [&whole[..], &drafts, &above, &[]].map(Ready::new);
    let (mut opened, mut closed) = (0, 0);
    for vector in &vectors {
        let case = case(vector, &whole, &signed.known);
        opened += usize::from(!matches!(signed.ask(&case), Verdict::Deny(..)));
        let draft = drafted.ask(&case);
        assert_eq!(draft, none.ask(&case), "{}: a draft is as nothing", vector["name"]);
        closed += usize::from(matches!(draft, Verdict::Deny(..)));
        assert!(matches!(nothing.ask(&case), Verdict::Deny(..)), "{}", vector["name"]);
    }
    assert!(opened > 20 && closed > vectors.len() - 15, "{opened} open, {closed} closed by drafts");
}

/// B9: a body may be in one agreement and in nothing else; it neither has nor gives under another.
#[test]
fn a_body_in_one_agreement_has_nothing_under_the_others() {
    let mut entries = glen(6);
    let fire = "fire".parse().unwrap();
    entries[1].instrument.parties.retain(|party| party.id != fire);
    let ready = Ready::new(&entries);
    let (mut under_its_own, mut asked) = (0, 0);
    for (entry, known) in entries.iter().zip(&ready.known) {
        let party = entry.instrument.party(&fire).is_some();
        for clause in entry.instrument.clauses.iter().filter(|clause| !clause.is_prohibition()) {
            let words = clause.attest.iter().map(|id| format!("{}#{}/{id}", known.hash, clause.id));
            let words: BTreeSet<_> = words.collect();
            for (flow, action) in [
                "police/pp.supervisor {} fire/fr.officer",
                "fire/fr.officer {} police/pp.supervisor",
            ]
            .iter()
            .flat_map(|flow| clause.action.iter().map(move |action| (flow, action)))
            {
                let flow = flow.replace("{}", action.as_str());
                let purpose = clause.purpose.as_ref().unwrap().as_str();
                let kinds: Vec<_> = clause.categories.iter().map(Category::as_str).collect();
                let facts: Vec<_> = clause.require.iter().map(Fact::as_str).collect();
                let mut case = short(&flow, purpose, &kinds, &facts);
                case.attested.clone_from(&words);
                case.referrers = ["cec".to_owned()].into();
                let got = ready.ask(&case);
                asked += 1;
                match got {
                    Verdict::Deny(..) => {}
                    _ if party => under_its_own += 1,
                    // What its own agreement allows for the same purpose is allowed whoever asks.
                    Verdict::Permit(mask, _) => {
                        let own = |id: &String| id.starts_with(&ready.known[3].hash);
                        assert!(mask.values().all(own), "{flow} {purpose}: {mask:?}");
                    }
                    Verdict::Need(words) => {
                        let own = |id: &String| id.starts_with(&ready.known[3].hash);
                        assert!(words.iter().all(own), "{flow} {purpose}: {words:?}");
                    }
                }
            }
        }
    }
    assert!(under_its_own > 0 && asked > 40, "{under_its_own} of {asked}");
}

/// Somebody has done a course, which counts for so many seconds.
async fn train(world: &World, by: &Acting, course: &str, seconds: i64) {
    let (ctx, keys) = (world.ctx(), &world.on.keys);
    let until = ctx.clock.now() + SignedDuration::from_secs(seconds);
    let of = (course, until);
    world
        .write(async |tx| {
            let at = &by.organisation;
            let done = practitioner::record_training(tx, &ctx, keys, at, by.practitioner, of, None);
            Ok(done.await?)
        })
        .await;
}

/// C6: role, training and relationship, each from its register, and none for another.
#[tokio::test]
async fn a_practitioner_is_judged_by_role_training_and_relationship_together() {
    let strict = |text: &str| {
        let expects =
            "require = [\"relationship:direct-care\"]\nexpect = [\"trained:info-handling\"]";
        let requires = "require = [\"relationship:direct-care\", \"trained:info-handling\"]";
        text.replace(expects, requires)
    };
    for world in worlds_of(71, strict).await {
        let engine = world.on.engine;
        let (known, stranger) = (world.person().await, PersonId::draw(&*world.ids));
        world.write(async |tx| Ok(ken_store::guard::create(tx, stranger).await?)).await;
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        assert!(!world.permits(&by, known).await, "{engine}: untrained");
        train(&world, &by, "fire-safety", 20).await;
        assert!(!world.permits(&by, known).await, "{engine}: trained for something else");
        train(&world, &by, "info-handling", 20).await;
        assert!(world.permits(&by, known).await, "{engine}: role, training and relationship");
        assert!(!world.permits(&by, stranger).await, "{engine}: no relationship");
        let clerk = Acting { role: word("gp.clerk"), ..by.clone() };
        assert!(!world.permits(&clerk, known).await, "{engine}: another role");
        let other = world.practitioner(("practice", "gp.doctor"), None).await;
        assert!(!world.permits(&other, known).await, "{engine}: the training is not the other's");
        // Seconds, so that nothing else runs out: an unsealed ledger stops routine work soon.
        world.clock.advance(SignedDuration::from_secs(21));
        assert!(!world.permits(&by, known).await, "{engine}: the training has run out");
        train(&world, &by, "info-handling", 20).await;
        assert!(world.permits(&by, known).await, "{engine}: it was the training alone");
    }
}

async fn newest(world: &World) -> String {
    let sql = "SELECT kind FROM ledger_entry WHERE kind IN ('permit', 'need', 'deny') \
        ORDER BY entry_id DESC LIMIT 1";
    let read = async |s: &mut Snapshot| s.list(sql, &[], |row: &Line<'_>| row.text(0)).await;
    world.on.db.snapshot("test.newest", read).await.unwrap().remove(0)
}

/// A node that compiled before decides by what is in force when it enters its answer: the others'
/// change is refused by, and on the ledger, though nobody told the node.
#[tokio::test]
async fn two_nodes_with_different_bundles_decide_by_the_one_in_force() {
    for world in worlds(72).await {
        let engine = world.on.engine;
        let node = match world.on.another_node().await {
            Some(db) => db,
            None => world.on.db.clone(),
        };
        let person = world.person().await;
        let by = world.practitioner(("practice", "gp.doctor"), None).await;
        assert!(world.permits(&by, person).await, "{engine}: the bundle of before");
        let before = world.gate.current(&world.on.db, &world.ctx()).await.unwrap();
        // The other node suspends the agreement.
        let (ctx, keys) = (world.ctx(), &world.on.keys);
        let care = before
            .bundle
            .instruments()
            .find(|(_, of, _)| of.agreement.id.as_str() == "glen-direct-care");
        let hash = care.unwrap().0.clone();
        instrument::suspend(&node, &ctx, keys, &hash, &word("practice")).await.unwrap();
        let answer = world.ask(&by, person).await;
        assert!(matches!(answer, Decision::Deny(_)), "{engine}: {answer:?}");
        assert_eq!(newest(&world).await, "deny", "{engine}");
        let after = world.gate.current(&world.on.db, &world.ctx()).await.unwrap();
        assert!(after.version > before.version, "{engine}");
        instrument::resume(&node, &ctx, keys, &hash, &word("practice")).await.unwrap();
        assert!(world.permits(&by, person).await, "{engine}");
    }
}

/// G16: from the day on which the contract of a commissioned body ends, the agreement that the
/// contract brought it to is for its pairs as if it had never signed, and for the others as before.
#[test]
fn a_contracts_end_stops_what_it_brought() {
    let mut entries = glen(6);
    let rowan: OrganisationId = word("rowan");
    let at = entries.iter().position(|e| e.instrument.agreement.id.as_str() == "glen-asp-concern");
    let at = at.unwrap();
    assert_eq!(entries[at].instrument.party(&rowan).unwrap().commissioned_by, Some(word("cec")));
    let end = Day("2027-06-02".parse().unwrap());
    let (ends, today) = (Leaving::ContractEnds(end), "2027-05-01".parse().unwrap());
    let day = first_day_out(&entries[at].instrument, ends, today);
    assert_eq!(day, end, "on its day, and not after the notice of who withdraws");
    let mut admitted: Vec<_> = entries.iter().map(Entry::admitted).collect();
    admitted[at].register.left.insert(rowan, day);
    let bundle = Bundle::compile(admitted).unwrap();
    let signed = Ready::new(&entries);
    entries[at].unsigned.insert("rowan".to_owned());
    let unsigned = Ready::new(&entries);

    let able = ["age>=16", "trained:info-handling", "assurance:cyber-essentials"];
    let agreed = [&able[..], &["person:agreed-referral"]].concat();
    let check = |flow: &str, purpose: &str, facts: &[&str], stops: bool| {
        let mut case = short(flow, purpose, &["core"], facts);
        let mut ask = |day: &str| {
            case.day = day.parse().unwrap();
            let (ask, facts, rows) = asked(&case);
            let got = told(&decide(&bundle, &ask, &facts, rows.as_ref()).unwrap());
            (got, signed.ask(&case), unsigned.ask(&case))
        };
        let (before, as_signed, _) = ask("2027-06-01");
        assert_eq!(before, as_signed, "{flow}: the day before");
        assert!(!matches!(before, Verdict::Deny(..)), "{flow}: {before:?}");
        let (after, _, as_unsigned) = ask("2027-06-02");
        assert_eq!(after, as_unsigned, "{flow}: the contract has ended");
        assert_eq!(matches!(after, Verdict::Deny(..)), stops, "{flow}: {after:?}");
    };
    check("cec/sw.duty push rowan/ts.support-worker", "support-offer", &agreed, true);
    check("police/pp.concern-hub push nhsl/nhs.ed", "health-response", &able, false);
}
