//! Every record of the language with its fields: required, then those that may be absent.
//!
//! A field that a type has and its line here lacks does not compile.

use super::{Node, Read, Table};
use crate::annex::{
    Equality, Processor, Quality, Responsibility, RoleEntry, Step, Term, Transfers,
};
use crate::basis::Basis;
use crate::clause::{CategoryEntry, Clause, End, PurposeEntry, Systems};
use crate::duty::{
    Dpia, Retention, Rights, Security, SubjectAccess, Training, Transparency, WorkInstruction,
};
use crate::fault::Faults;
use crate::instrument::{Head, Instrument, Lifecycle};
use crate::part::Parts;
use crate::party::Party;

macro_rules! key {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

macro_rules! record {
    (
        $name:ident { $($must:ident)* }
        { $($may:ident $(as $key:literal)? $(= $absent:expr)?),* }
    ) => {
        impl Read for $name {
            fn read(node: &Node, faults: &mut Faults) -> Option<Self> {
                let known = &[$(stringify!($must),)* $(key!($may $($key)?)),*];
                let table = Table::of(node, known, faults)?;
                $(let $must = table.required(stringify!($must), faults);)*
                $(let $may = record!(@take table, faults, key!($may $($key)?) $(, $absent)?);)*
                Some(Self { $($must: $must?,)* $($may: $may?),* })
            }
        }
    };
    (@take $table:ident, $faults:ident, $key:expr) => {
        $table.optional($key, Default::default, $faults)
    };
    (@take $table:ident, $faults:ident, $key:expr, $absent:expr) => {
        $table.optional($key, || $absent, $faults)
    };
}

record!(Instrument { schema agreement lifecycle } {
    parties as "party", purposes as "purpose", categories as "category", bases as "basis",
    clauses as "clause", attestations, retention, transparency, rights, dpia, security, training,
    work_instructions as "work_instruction", roles as "role", processors as "processor",
    terms as "term", steps as "step", responsibilities, quality, transfers, equality
});
record!(Parts {} { clauses as "clause", bases as "basis" });
record!(Head {
    id version tier title jurisdiction controllership lead_party plain_summary effective_from
} { known_as, under, effective_until, notice_days });
record!(Lifecycle { review_due grace_days on_review_lapse } {
    on_party_exit, in_flight, supersedes
});
record!(Party { id name kind regime roles } {
    sector, ico_registration, dpo, senior_owner, rights_contact, assurance, commissioned_by,
    controller_because
});
record!(PurposeEntry { id text } { dpv, controllership, beyond_care });
record!(CategoryEntry { id text } {
    fields, special, criminal, personal = true, label, source, why
});
record!(Basis { id party purposes power art6 confidentiality } {
    kinds, art9, dpa_sch1, art10, part3_gateway, appropriate_policy_document, confirmed_by
});
record!(Clause { id kind text from to } {
    modality, source, action, purpose, categories, fields, labels, require, expect, attest,
    obligations, deadline, starts, visible_to_person, scope, except, cite, checked, systems
});
record!(Systems { from to } {});
record!(End { party roles } { kinds });
record!(Retention { rule cite on_source_delete } {});
record!(Transparency { privacy_notice tell_person } { tell_person_exemptions, formats });
record!(Rights { sar rectification objection complaint_ack_days } {
    single_point, authority_of_reporter
});
record!(SubjectAccess { route days } { originator_consulted });
record!(Dpia { id residual dpo_advice approved review_due } { high_risk, mitigations });
record!(Security {
    classification transport breach_notify_parties_hours breach_notify_ico_hours
} {});
record!(Training { valid_months course } {});
record!(WorkInstruction { party id } {});
record!(RoleEntry { id text } { code });
record!(Processor { id name acts_for terms } { country, sub_processors });
record!(Term { id text } {});
record!(Step { id clause text } {});
record!(Responsibility { requests breaches corrections complaints } {});
record!(Quality { rule correct_within_days } {});
record!(Transfers { countries } { safeguard });
record!(Equality { id approved review_due } { children });
