//! The drafting room over both engines: who may what, what conflicts stand side by side, and what
//! stands on the ledger.

use ken_agreement::{Instrument, Parts};
use ken_core::EntryId;
use ken_directory::Acting;
use ken_office::drafting::{self, Draft, Proposal, Proposed, Refusal, State};
use ken_store::Snapshot;

use crate::world::{World, id, worlds};

const TEXT: &str = include_str!("../../../../../agreements/glen-asp-concern.toml");

/// The text as its lead party begins it: nobody else's basis is confirmed.
pub(crate) fn first() -> Instrument {
    let mut of = Instrument::parse(TEXT).unwrap();
    of.agreement.version = "3".parse().unwrap();
    for basis in of.bases.iter_mut().filter(|basis| !basis.id.starts_with("b.cec")) {
        basis.confirmed_by.clear();
    }
    of
}

/// One party's way into a draft.
struct Room<'a> {
    world: &'a World,
    draft: EntryId,
}

impl Room<'_> {
    async fn now(&self) -> Draft {
        let read = async |s: &mut Snapshot| drafting::find(s, self.draft).await;
        self.world.on.db.snapshot("test.draft", read).await.unwrap().unwrap()
    }

    async fn proposals(&self) -> Vec<Proposal> {
        let read = async |s: &mut Snapshot| drafting::proposals(s, self.draft).await;
        self.world.on.db.snapshot("test.proposals", read).await.unwrap()
    }

    async fn revise(&self, by: &Acting, text: &str) -> Result<(), Refusal> {
        let (db, keys) = (&self.world.on.db, &self.world.on.keys);
        drafting::revise(db, &self.world.ctx(), keys, by, (self.draft, text)).await.unwrap()
    }

    async fn bases(&self, by: &Acting, text: &str) -> Result<(), Refusal> {
        let (db, keys) = (&self.world.on.db, &self.world.on.keys);
        drafting::state_bases(db, &self.world.ctx(), keys, by, (self.draft, text)).await.unwrap()
    }

    async fn comment(&self, by: &Acting, clause: &str, words: &str) -> Result<(), Refusal> {
        let (db, keys) = (&self.world.on.db, &self.world.on.keys);
        let what = (self.draft, clause, words);
        drafting::comment(db, &self.world.ctx(), keys, by, what).await.unwrap()
    }

    /// Proposes a clause with another sentence.
    async fn propose(&self, by: &Acting, clause: &str, text: &str) -> Result<EntryId, Refusal> {
        let of = self.now().await.of;
        let mut new = of.clause(&clause.parse().unwrap()).unwrap().clone();
        new.text = text.to_owned();
        let toml = Parts { clauses: vec![new], bases: vec![] }.to_toml();
        self.propose_text(by, clause, &toml).await
    }

    async fn propose_text(&self, by: &Acting, clause: &str, t: &str) -> Result<EntryId, Refusal> {
        let (db, keys) = (&self.world.on.db, &self.world.on.keys);
        let (clause, text, why) = (clause.parse().unwrap(), t.to_owned(), "It is so.".to_owned());
        let proposed = Proposed { clause, text, why };
        drafting::propose(db, &self.world.ctx(), keys, by, (self.draft, &proposed)).await.unwrap()
    }

    async fn decide(&self, by: &Acting, one: EntryId, accept: bool) -> Result<(), Refusal> {
        let (db, keys) = (&self.world.on.db, &self.world.on.keys);
        let what = (self.draft, one, accept, "We looked at it.");
        drafting::decide(db, &self.world.ctx(), keys, by, what).await.unwrap()
    }
}

async fn opened(world: &World) -> Room<'_> {
    let (db, keys, lead) = (&world.on.db, &world.on.keys, World::lead("cec"));
    let text = first().to_toml();
    let draft = drafting::open(db, &world.ctx(), keys, &lead, &text).await.unwrap().unwrap();
    Room { world, draft }
}

#[tokio::test]
async fn nobody_changes_the_basis_of_another_and_a_try_is_entered() {
    for world in worlds().await {
        let (db, keys, lead) = (&world.on.db, &world.on.keys, World::lead("cec"));
        let whole = drafting::open(db, &world.ctx(), keys, &lead, TEXT).await.unwrap();
        assert_eq!(whole, Err(Refusal::OthersConfirmed), "{}", world.on.engine);
        let room = opened(&world).await;
        let before = room.now().await.of;
        let police = World::lead("police");

        let mut theirs = before.clone();
        theirs.bases[0].art6 = "6(1)(f)".into();
        assert_eq!(room.revise(&lead, &theirs.to_toml()).await, Err(Refusal::OthersBasis));
        let mut gone = before.clone();
        gone.bases.remove(0);
        assert_eq!(room.revise(&lead, &gone.to_toml()).await, Err(Refusal::OthersBasis));
        let cec = drafting::own_bases(&before, &id("cec"));
        assert_eq!(room.bases(&police, &cec).await, Err(Refusal::NotOwnBasis));
        let with_basis =
            Parts { clauses: vec![before.clauses[0].clone()], bases: before.bases[..1].to_vec() };
        let smuggled = room.propose_text(&lead, "C1", &with_basis.to_toml()).await;
        assert_eq!(smuggled, Err(Refusal::OthersBasis));
        assert_eq!(room.now().await.of, before, "nothing moved");
        let entries = world.entries("cec").await;
        let refused = entries.iter().filter(|entry| entry["refused"] == "others-basis").count();
        assert_eq!(refused, 3, "{}", world.on.engine);

        // Each states its own, and needs nobody's leave.
        let own = drafting::own_bases(&before, &id("police"));
        let own = own.replace("confirmed_by = \"\"", "confirmed_by = \"A. Solicitor, 2027-05-01\"");
        assert_eq!(room.bases(&police, &own).await, Ok(()));
        assert_eq!(room.bases(&police, &own).await, Err(Refusal::Unchanged));
        let now = room.now().await;
        assert_eq!((now.revision, now.of.bases.len()), (2, before.bases.len()));
        assert!(now.of.bases.iter().any(|basis| basis.confirmed_by.starts_with("A. Solicitor")));
    }
}

#[tokio::test]
async fn proposals_that_conflict_stand_until_each_is_decided() {
    for world in worlds().await {
        let room = opened(&world).await;
        let [lead, police, nhsl] = ["cec", "police", "nhsl"].map(World::lead);
        let one = room.propose(&police, "C5", "With agreement, Rowan gets a name.").await.unwrap();
        let two = room.propose(&nhsl, "C5", "With agreement, Rowan gets a number.").await.unwrap();
        let away = room.propose_text(&police, "C2", "").await.unwrap();
        let all = room.proposals().await;
        let of_c5: Vec<_> =
            all.iter().filter(|p| p.clause.as_str() == "C5").map(|p| p.id).collect();
        assert_eq!(of_c5, [one, two], "both are there: {}", world.on.engine);
        let away_says = &all.iter().find(|p| p.id == away).unwrap().said;
        assert!(away_says.no_longer.iter().any(|line| line.contains("NHS Glen")), "{away_says:?}");

        assert_eq!(room.decide(&police, one, true).await, Err(Refusal::NotLead));
        assert_eq!(room.decide(&lead, one, true).await, Ok(()));
        assert_eq!(room.decide(&lead, one, false).await, Err(Refusal::Closed));
        // The other was made of a wording that is gone: it is not accepted unread.
        assert_eq!(room.decide(&lead, two, true).await, Err(Refusal::Stale));
        assert_eq!(room.decide(&lead, two, false).await, Ok(()));
        assert_eq!(room.decide(&lead, away, true).await, Ok(()));
        let now = room.now().await.of;
        assert_eq!(
            now.clause(&"C5".parse().unwrap()).unwrap().text,
            "With agreement, Rowan gets a name."
        );
        assert!(now.clause(&"C2".parse().unwrap()).is_none());
        let decided: Vec<_> =
            room.proposals().await.into_iter().filter_map(|p| p.decision).collect();
        assert_eq!(decided.iter().filter(|(accepted, _)| *accepted).count(), 2);
        assert!(decided.iter().all(|(_, reason)| reason == "We looked at it."));
    }
}

#[tokio::test]
async fn whoever_is_invited_comments_and_no_more() {
    for world in worlds().await {
        let room = opened(&world).await;
        let (db, keys) = (&world.on.db, &world.on.keys);
        let [lead, union, police] = ["cec", "union", "police"].map(World::lead);
        assert_eq!(room.comment(&union, "C5", "Why?").await, Err(Refusal::NotMember));
        let invite = async |by: &Acting| {
            let what = (room.draft, &union.organisation);
            drafting::invite(db, &world.ctx(), keys, by, what).await.unwrap()
        };
        assert_eq!(invite(&police).await, Err(Refusal::NotLead));
        assert_eq!(invite(&lead).await, Ok(()));
        assert_eq!(invite(&lead).await, Err(Refusal::Unchanged));
        assert_eq!(room.comment(&union, "C5", "Why a charity?").await, Ok(()));
        assert_eq!(room.comment(&union, "Z9", "Why?").await, Err(Refusal::Unknown));
        assert_eq!(room.comment(&union, "C5", " ").await, Err(Refusal::NoWords));
        assert_eq!(room.propose(&union, "C5", "Not at all.").await, Err(Refusal::CommentsOnly));
        assert_eq!(room.bases(&union, "").await, Err(Refusal::CommentsOnly));
        assert_eq!(room.revise(&union, TEXT).await, Err(Refusal::NotLead));
        let read = async |s: &mut Snapshot| {
            let comments = drafting::comments(s, room.draft).await?;
            Ok::<_, ken_office::Error>((comments, drafting::list(s, &union.organisation).await?))
        };
        let (comments, drafts) = db.snapshot("test.comments", read).await.unwrap();
        assert_eq!((comments.len(), drafts.len()), (1, 1), "{}", world.on.engine);
        assert_eq!((comments[0].clause.as_str(), comments[0].revision), ("C5", 1));
    }
}

#[tokio::test]
async fn a_draft_is_registered_when_it_is_sound_and_then_closed() {
    for world in worlds().await {
        let room = opened(&world).await;
        let (db, keys, lead) = (&world.on.db, &world.on.keys, World::lead("cec"));
        let register = async |by: &Acting| {
            drafting::register(db, &world.ctx(), keys, by, room.draft).await.unwrap()
        };
        assert_eq!(register(&World::lead("police")).await, Err(Refusal::NotLead));
        assert_eq!(register(&lead).await, Err(Refusal::Unsound), "nobody has confirmed a basis");
        for party in ["police", "nhsl", "rowan"] {
            let own = drafting::own_bases(&room.now().await.of, &id(party));
            let own = own.replace("confirmed_by = \"\"", "confirmed_by = \"A. Solicitor\"");
            assert_eq!(room.bases(&World::lead(party), &own).await, Ok(()));
        }
        let hash = register(&lead).await.unwrap();
        let now = room.now().await;
        assert_eq!((now.state, now.registered), (State::Registered, Some(hash.clone())));
        assert_eq!(hash, now.of.hash(), "{}", world.on.engine);
        let late = room.comment(&lead, "C5", "One more thing").await;
        assert_eq!((late, register(&lead).await), (Err(Refusal::Closed), Err(Refusal::Closed)));
        let all = world.instruments().await;
        assert!(ken_office::agreement::find(&all, &hash).unwrap().register.signed.is_empty());
        let finished = first().to_toml().replace("version = \"3\"", "version = \"4\"");
        let by = (World::lead("police"), &lead);
        let got = drafting::register_finished(db, &world.ctx(), keys, &by.0, &finished).await;
        assert_eq!(got.unwrap(), Err(Refusal::NotLead));
        let got = drafting::register_finished(db, &world.ctx(), keys, by.1, &finished).await;
        assert_eq!(got.unwrap(), Err(Refusal::Unsound));
        let changed = TEXT.replace("NHS Glen, Rowan Support\"", "Rowan Support\"");
        let got = drafting::register_finished(db, &world.ctx(), keys, by.1, &changed).await;
        assert_eq!(got.unwrap(), Err(Refusal::NameTaken));
    }
}
