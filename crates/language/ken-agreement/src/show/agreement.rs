//! An instrument as a document, in the section order of the Scottish Information Sharing Toolkit.
//!
//! # Sources
//!
//! - The section headings of the Toolkit's agreement template; the texts are the instrument's own.

use super::{Document, Section, list};
use crate::clause::{Clause, End, Kind, Modality, Visibility, Who};
use crate::instrument::{Head, InFlight, Instrument, OnExit, OnLapse};
use crate::known::{ASSESSMENT, NOTICE};

/// The document of an instrument.
#[must_use]
pub fn agreement(own: &Instrument) -> Document {
    let head = &own.agreement;
    let below =
        format!("{}. {} {}. Identity: {}", head.shown_as(), head.id, head.version, own.hash());
    let sections = [
        parties(own),
        drivers(own),
        purposes(own),
        bases(own),
        categories(own),
        flows(own),
        manner(own),
        decisions(own),
        assessment(own),
        privacy(own),
        accuracy(own),
        retention(own),
        rights(own),
        security(own),
        standards(own),
        transfers(own),
        dates(head),
        training(own),
        instructions(own),
        exceptional(own),
        review(own),
        sign_off(own),
        appendix(own),
    ];
    Document { title: head.title.clone(), below, sections: sections.into() }
}

fn or_blank(text: Option<&String>) -> String {
    text.cloned().unwrap_or_else(|| "–".to_owned())
}

fn parties(own: &Instrument) -> Section {
    let rows = own.parties.iter().map(|party| {
        let sector = party.sector.map(|of| format!(" ({})", of.words())).unwrap_or_default();
        vec![
            format!("{}{sector}", party.name),
            or_blank(party.ico_registration.as_ref()),
            or_blank(party.senior_owner.as_ref()),
            or_blank(party.dpo.as_ref()),
            or_blank(party.rights_contact.as_ref()),
            list(&party.roles),
        ]
    });
    let head = ["Party", "ICO registration", "Senior owner", "DPO", "Requests to", "Roles"];
    let decides = own.parties.iter().filter_map(|party| {
        let why = party.controller_because.as_ref()?;
        Some(format!("{} decides itself, and is no processor: {why}", party.name))
    });
    let processors = own.processors.iter().map(|one| {
        let (whom, terms) = (name(own, one.acts_for.as_str()), &one.terms);
        let below = match list(&one.sub_processors) {
            none if none.is_empty() => "It has no processor of its own.".to_owned(),
            some => format!("Its own processors: {some}."),
        };
        format!("{} processes for {whom} under {terms}. {below}", one.name)
    });
    Section::new("1.1", "Name and details of the parties who agree to share information")
        .table(&head, rows)
        .list(decides.chain(processors))
        .or("This instrument names no party.")
}

fn drivers(own: &Instrument) -> Section {
    Section::new("1.2", "Business and legislative drivers").text(&own.agreement.plain_summary)
}

fn purposes(own: &Instrument) -> Section {
    let rows = own.purposes.iter().map(|purpose| {
        let shared = purpose.controllership.unwrap_or(own.agreement.controllership);
        vec![purpose.id.to_string(), purpose.text.clone(), shared.words().to_owned()]
    });
    Section::new("1.2.1", "Purposes of the information sharing")
        .table(&["Purpose", "What it is for", "Controllers"], rows)
        .or("This instrument states no purpose.")
}

fn bases(own: &Instrument) -> Section {
    let rows = own.bases.iter().map(|basis| {
        let whose = match &basis.party {
            Who::Party(id) => name(own, id.as_str()),
            _ => "each party of its kind".to_owned(),
        };
        let mut law = vec![format!("UK GDPR art. {}", basis.art6)];
        law.extend(basis.art9.iter().map(|art| format!("art. {art}")));
        law.extend(basis.art10.then(|| "art. 10".to_owned()));
        law.extend(basis.dpa_sch1.iter().map(|para| format!("DPA 2018 sch. 1 {para}")));
        law.extend(basis.part3_gateway.clone());
        let confidence = format!("{:?}", basis.confidentiality);
        let confirmed = match basis.confirmed_by.trim() {
            "" => "not confirmed".to_owned(),
            by => by.to_owned(),
        };
        vec![
            whose,
            list(&basis.purposes),
            list(&basis.power),
            law.join("; "),
            words(&confidence),
            confirmed,
        ]
    });
    let head = ["Party", "Purposes", "Power", "Lawful basis", "Duty of confidence", "Confirmed by"];
    Section::new("1.2.2", "Legal basis for the sharing, and constraints")
        .table(&head, rows)
        .list(
            own.clauses
                .iter()
                .filter(|c| c.is_prohibition())
                .map(|c| format!("{}: {}", c.id, c.text)),
        )
        .or("This instrument states no lawful basis.")
}

fn categories(own: &Instrument) -> Section {
    let rows = own.categories.iter().map(|entry| {
        let mut marks = vec![];
        marks.extend(entry.special.then_some("special category"));
        marks.extend(entry.criminal.then_some("criminal offence data"));
        marks.extend((!entry.personal).then_some("names nobody"));
        let label = entry.label.as_ref().map(ToString::to_string);
        let marks = list(marks.into_iter().map(ToOwned::to_owned).chain(label));
        vec![
            entry.id.to_string(),
            entry.text.clone(),
            list(entry.whole()),
            marks,
            or_blank(entry.source.as_ref()),
            or_blank(entry.why.as_ref()),
        ]
    });
    Section::new("2", "Description of the information to be shared")
        .table(&["Category", "What it holds", "Fields", "Marks", "Source", "Why"], rows)
        .or("This instrument describes no information.")
}

fn flows(own: &Instrument) -> Section {
    let usual = |c: &&Clause| !matches!(c.kind, Kind::Exceptional | Kind::Prohibition);
    Section::new("3.1", "Description and manner of information sharing: data flows")
        .table(&FLOW, own.clauses.iter().filter(usual).map(|clause| flow(own, clause)))
        .or("Nothing flows under this instrument.")
}

const FLOW: [&str; 7] =
    ["Clause", "What is agreed", "From", "To", "How and what", "Conditions", "The person sees it"];

fn flow(own: &Instrument, clause: &Clause) -> Vec<String> {
    let must = if clause.modality == Modality::Must { "must" } else { "may" };
    let deadline = clause.deadline.iter().map(|within| format!(" within {within}"));
    let source = clause.source.iter().map(|source| format!(" (in force in {source})"));
    let sentence: String = std::iter::once(clause.text.clone()).chain(source).collect();
    let what = match &clause.fields {
        Some(fields) => format!("only {}", list(fields)),
        None => list(&clause.categories),
    };
    let how: String =
        std::iter::once(format!("{must} {}", list(&clause.action))).chain(deadline).collect();
    let mut asks: Vec<String> = clause.starts.iter().map(|day| format!("from {day}")).collect();
    let required = clause.require.iter().map(|fact| format!("requires {fact}"));
    asks.extend(required);
    asks.extend(clause.expect.iter().map(|fact| format!("expects {fact}")));
    let said = clause.attest.iter().filter_map(|id| own.attestations.get(id));
    asks.extend(said.map(|words| format!("affirm \"{words}\"")));
    asks.extend(clause.obligations.iter().map(|duty| format!("then {duty}")));
    asks.extend(clause.cite.iter().map(|law| format!("rests on {law}")));
    let seen = match clause.visible_to_person {
        None => "not said",
        Some(Visibility::Now) => "at once",
        Some(Visibility::AfterReview) => "after review",
        Some(Visibility::Delayed) => "later",
    };
    vec![
        clause.id.to_string(),
        sentence,
        end(own, &clause.from),
        end(own, &clause.to),
        format!("{how}: {what}"),
        asks.join("; "),
        seen.to_owned(),
    ]
}

fn end(own: &Instrument, end: &End) -> String {
    let who = match &end.party {
        Who::Party(id) => name(own, id.as_str()),
        Who::Any => "any party".to_owned(),
        Who::Referrer => "whoever referred the person".to_owned(),
        Who::Own => "the organisation itself".to_owned(),
        Who::Person => "the person, or who acts for them".to_owned(),
    };
    if end.any_role() { who } else { format!("{who}: {}", list(&end.roles)) }
}

fn name(own: &Instrument, id: &str) -> String {
    let party = own.parties.iter().find(|party| party.id.as_str() == id);
    party.map_or_else(|| id.to_owned(), |party| party.name.clone())
}

/// `StatutoryDuty` as `statutory duty`.
fn words(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

fn manner(own: &Instrument) -> Section {
    let roles = own.roles.iter().map(|role| {
        let code = role.code.iter().map(|code| format!(", bound by the {code}"));
        std::iter::once(format!("{}: {}", role.id, role.text)).chain(code).collect()
    });
    let waiting = match own.lifecycle.in_flight {
        InFlight::DecideAtDelivery => {
            "What waits to be delivered is decided again when the recipient opens it."
        }
    };
    let systems = own.clauses.iter().filter_map(|clause| {
        let systems = clause.systems.as_ref()?;
        Some(format!("{}: from {} to {}.", clause.id, systems.from, systems.to))
    });
    Section::new("3.2", "How the information is accessed, processed and used")
        .text(waiting)
        .list(roles)
        .list(systems)
}

fn decisions(own: &Instrument) -> Section {
    let shared = own.agreement.controllership.words();
    Section::new("3.3", "How decisions on the manner of sharing are made")
        .text(format!("The parties are {shared}."))
        .text(format!("{} keeps this text.", name(own, own.agreement.lead_party.as_str())))
}

fn assessment(own: &Instrument) -> Section {
    let mut section = Section::new("4", "Impact assessments and preparatory work");
    if let Some(dpia) = &own.dpia {
        section = section.text(format!(
            "{ASSESSMENT} {}: approved {}, due for review {}. Risk left: {}. Advice of the data \
            protection officer: {}.",
            dpia.id, dpia.approved, dpia.review_due, dpia.residual, dpia.dpo_advice
        ));
        section =
            section.list(dpia.mitigations.iter().map(|one| format!("Lowers the risk: {one}")));
    }
    if let Some(equality) = &own.equality {
        section = section.text(format!(
            "Equality impact assessment {}: approved {}, due for review {}.",
            equality.id, equality.approved, equality.review_due
        ));
        let children = equality.children.iter();
        section = section.list(children.map(|said| format!("Children's best interests: {said}")));
    }
    section.or("No assessment is recorded.")
}

fn privacy(own: &Instrument) -> Section {
    let section = Section::new("5", "Privacy information (transparency requirement)");
    let Some(told) = &own.transparency else { return section.text("No notice is recorded.") };
    section
        .text(format!("{NOTICE}: {}.", told.privacy_notice))
        .text(format!("The person is told: {}.", told.tell_person))
        .list(told.tell_person_exemptions.iter().map(|one| format!("Reason not to tell: {one}")))
        .list(told.formats.iter().map(|format| format!("Offered as {format}")))
}

fn accuracy(own: &Instrument) -> Section {
    let rule = own.quality.as_ref().map(|q| {
        format!("{} A correction reaches everybody in {} days.", q.rule, q.correct_within_days)
    });
    let corrected =
        own.rights.as_ref().map(|rights| format!("A correction: {}.", rights.rectification));
    Section::new("6", "Accuracy of the information")
        .list(rule.into_iter().chain(corrected))
        .or("Not said.")
}

fn retention(own: &Instrument) -> Section {
    let rows = own.retention.iter().map(|(party, rule)| {
        let deleted = words(&format!("{:?}", rule.on_source_delete));
        vec![name(own, party.as_str()), rule.rule.clone(), rule.cite.clone(), deleted]
    });
    Section::new("7", "Data retention and secure disposal")
        .table(&["Party", "Rule", "Where it stands", "When the source deletes"], rows)
        .or("Not said.")
}

fn rights(own: &Instrument) -> Section {
    let mut section = Section::new("8", "The rights of individuals");
    if let Some(rights) = &own.rights {
        let point = rights.single_point.as_ref();
        section =
            section.list(point.map(|id| format!("First contact: {}", name(own, id.as_str()))));
        section = section.list([
            format!(
                "A request for access is answered {} in {} days.",
                rights.sar.route, rights.sar.days
            ),
            format!("After an objection: {}.", rights.objection),
            format!("A complaint is acknowledged in {} days.", rights.complaint_ack_days),
        ]);
    }
    let rows = own.responsibilities.iter().map(|(party, row)| {
        let cells = [&row.requests, &row.breaches, &row.corrections, &row.complaints];
        std::iter::once(name(own, party.as_str())).chain(cells.into_iter().cloned()).collect()
    });
    let head = ["Party", "Requests", "Breaches", "Corrections", "Complaints"];
    section.table(&head, rows).or("Not said.")
}

fn security(own: &Instrument) -> Section {
    let section = Section::new("9", "Security, risk and impact of the processing");
    let Some(security) = &own.security else { return section.text("Not said.") };
    section.list([
        format!("Marking: {}", security.classification),
        format!("Carried by: {}", security.transport),
        format!(
            "A breach is told to the parties in {} hours",
            security.breach_notify_parties_hours
        ),
        format!("and to the Commissioner in {} hours", security.breach_notify_ico_hours),
    ])
}

fn standards(own: &Instrument) -> Section {
    let kept = own.parties.iter().filter(|party| !party.assurance.is_empty());
    Section::new("9.1", "Agreed standards, codes of conduct and certifications")
        .list(kept.map(|party| format!("{}: {}", party.name, list(&party.assurance))))
        .or("None is recorded.")
}

fn transfers(own: &Instrument) -> Section {
    let section = Section::new("10", "International transfers of personal information");
    match &own.transfers {
        None => section.text("Nothing is said of international transfers."),
        Some(none) if none.countries.is_empty() => {
            section.text("Nothing leaves the United Kingdom.")
        }
        Some(some) => {
            let by = or_blank(some.safeguard.as_ref());
            section.text(format!("To {}, under {by}.", list(&some.countries)))
        }
    }
}

fn dates(head: &Head) -> Section {
    let until = head.effective_until.map_or("it is replaced".to_owned(), |day| day.to_string());
    Section::new("11.1", "Dates on which sharing commences and ends")
        .text(format!("From {} until {until}.", head.effective_from))
        .text(format!("A party leaves with {} days of notice.", head.notice_days))
}

fn training(own: &Instrument) -> Section {
    let courses = own.training.iter().map(|(name, training)| {
        format!("{name}: {}, counts for {} months", training.course, training.valid_months)
    });
    Section::new("11.2", "Training and communications").list(courses).or("None is recorded.")
}

fn instructions(own: &Instrument) -> Section {
    let named = own.work_instructions.iter();
    let steps = own.steps.iter();
    Section::new("11.3", "Information sharing instructions and security controls")
        .list(named.map(|one| format!("{}: {}", name(own, one.party.as_str()), one.id)))
        .list(steps.map(|step| format!("{} ({}): {}", step.id, step.clause, step.text)))
        .or("None is recorded.")
}

fn exceptional(own: &Instrument) -> Section {
    let rare = own.clauses.iter().filter(|clause| clause.kind == Kind::Exceptional);
    Section::new("11.4", "Non-routine information sharing and exceptional circumstances")
        .table(&FLOW, rare.map(|clause| flow(own, clause)))
        .or("What the accord says of emergencies holds.")
}

fn review(own: &Instrument) -> Section {
    let life = &own.lifecycle;
    let lapse = match life.on_review_lapse {
        OnLapse::Warn => "the owner is told, and nothing stops",
        OnLapse::SuspendRoutine => "everyday sharing stops; duties and emergencies go on",
        OnLapse::SuspendAll => "everything stops that is not in force elsewhere",
    };
    let exit = match life.on_party_exit {
        OnExit::StopNew => "nothing new is shared with it",
        OnExit::StopAndRecall => "nothing new is shared with it, and what it has is recalled",
    };
    let replaced = life.supersedes.iter().map(|old| format!("It replaces {old}."));
    Section::new("11.5", "Monitoring, review and continuous improvement")
        .text(format!(
            "Review is due on {}, with {} days of grace.",
            life.review_due, life.grace_days
        ))
        .text(format!("After that {lapse}."))
        .text(format!("When a party leaves, {exit}."))
        .list(replaced)
        .list(own.terms.iter().map(|term| {
            format!("Term {} (binds the parties; no program executes it): {}", term.id, term.text)
        }))
}

fn sign_off(own: &Instrument) -> Section {
    let blank = String::new;
    let rows = own.parties.iter().map(|party| {
        vec![party.name.clone(), or_blank(party.senior_owner.as_ref()), blank(), blank()]
    });
    Section::new("12", "Sign-off")
        .text(format!("Each signature is over the identity {}.", own.hash()))
        .table(&["Party", "Signs", "Signature", "Day"], rows)
}

fn appendix(own: &Instrument) -> Section {
    let words = own.attestations.iter().map(|(id, words)| vec![id.to_string(), words.clone()]);
    Section::new("13", "Appendix: the words that are affirmed")
        .table(&["Name", "Words"], words)
        .or("Nobody is asked to affirm anything.")
}
