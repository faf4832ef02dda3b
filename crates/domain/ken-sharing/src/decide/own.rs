//! The gate's own prohibitions, as Cedar reads them: in every question, above every agreement.
//!
//! # Invariants
//!
//! - Each but the first needs a state of the person, so a slice for a person without one may leave
//!   them out.
//! - A clause lifts a state only by requiring it by name, where the signatories saw it; what is
//!   held up, no clause lifts.

/// Who asks must be the active end of the flow.
pub(super) const ALWAYS: [(&str, &str); 1] = [(
    "gate#own-end",
    r#"forbid (principal, action, resource) unless {
  action in Action::"send" && principal in resource.from && principal in resource.sender ||
  action in Action::"fetch" && principal in resource.to && principal in resource.recipient };"#,
)];

/// What a person's state stops.
pub(super) const BY_STATE: [(&str, &str); 8] = [
    (
        "gate#self-or-family",
        r#"forbid (principal, action, resource)
  when { context.states.containsAny(["self-or-family", "ex-partner"]) }
  unless { context.exceptional && context.facts.contains("second-person") };"#,
    ),
    (
        "gate#held-up",
        r#"forbid (principal, action, resource)
  when { context.states.containsAny(["being-put-right", "ledger-unsealed"]) && context.routine };"#,
    ),
    (
        "gate#linker",
        r#"forbid (principal, action, resource)
  when { context.states.contains("linker") && action in Action::"fetch" &&
    context.purpose != "identity-review" }
  unless { context.exceptional && context.facts.contains("second-person") };"#,
    ),
    (
        "gate#objection",
        r#"forbid (principal, action, resource)
  when { context.states.contains("objection") && context.routine &&
    resource.sender != resource.recipient && resource.recipient != Organisation::"person" }
  unless { context.accepts.contains("objection") };"#,
    ),
    (
        "gate#opt-out",
        r#"forbid (principal, action, resource)
  when { context.beyond && context.routine && context.nations.containsAny(context.opted_out) &&
    resource.recipient != Organisation::"person" }
  unless { context.accepts.contains("opt-out") };"#,
    ),
    (
        "gate#restriction",
        r#"forbid (principal, action, resource)
  when { context.states.contains("restriction") && context.routine &&
    resource.sender != resource.recipient && resource.recipient != Organisation::"person" }
  unless { context.accepts.contains("restriction") };"#,
    ),
    (
        "gate#restricted-record",
        r#"forbid (principal, action, resource)
  when { context.states.contains("restricted-record") && !context.exceptional &&
    (context.routine || action in Action::"fetch") &&
    resource.recipient != Organisation::"person" }
  unless { context.accepts.contains("restricted-record") };"#,
    ),
    (
        "gate#deceased",
        r#"forbid (principal, action, resource)
  when { context.states.contains("deceased") && context.routine &&
    resource.sender != resource.recipient }
  unless { context.accepts.contains("deceased") };"#,
    ),
];
