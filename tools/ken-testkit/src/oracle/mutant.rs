//! Ways in which the second decider is made wrong on purpose.

/// Ways to be wrong, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says what it gets wrong")]
pub enum Mutant {
    None,
    MaskIgnored,
    OrderWithoutKind,
    OrderWithoutWidth,
    OrderWithoutId,
    GraceNone,
    GraceOneMore,
    LastDayOut,
    FirstDayOut,
    /// A clause runs before its own day.
    StageForgotten,
    /// A clause does not run on its first day.
    StageDayLate,
    /// A clause may start before that which it narrows.
    StageOfSourceForgotten,
    /// A clause runs before the first day of what it narrows.
    SourceAlwaysBegun,
    /// What stands under a law stands before the law's first day.
    LawAlwaysBegun,
    /// What took an instrument's place is not let through where that one was.
    HeirsForgotten,
    /// Only what was replaced directly counts.
    HeirsForgetGrandparents,
    /// What a text says that it replaces counts.
    HeirByItsOwnWord,
    /// A clause of the same id counts, whatever it permits.
    AnyHeir,
    StarIsOneself,
    StarIsAnyParty,
    StarRoleIsRecordOnly,
    NullRoleIsAny,
    ExceptNotSource,
    ExceptAll,
    LineageForgotten,
    AgreementFollows,
    DictionaryLabelForgotten,
    HeldDecides,
    NeedOneClause,
    NeedBesideGap,
    OfferOfEmergency,
    OfferOfHeld,
    OfferByEveryClause,
    OfferOfGivenWords,
    OfferOfWhatIsGiven,
    OfferOfWhatIsForbidden,
    OfferForgotten,
    WordsServeAll,
    ClaimedCounts,
    SourcedLapses,
    EnduringLapses,
    SuspensionForgotten,
    UnsignedStands,
    AccordForgotten,
    SecondPersonForgotten,
    FamilyForgotten,
    LinkerForgotten,
    /// What is held up goes on.
    HoldUpForgotten,
    OwnIsAnySource,
    SourceUnchecked,
    ReferrerIsAny,
    KindsForgotten,
    AgeForgotten,
    ObjectionForgotten,
    ObjectionStopsDuty,
    ObjectionOfAnyPurpose,
    ClaimedStateForgotten,
    WithdrawalForgotten,
    PlacesShown,
    PlacesStop,
    RestrictedOpens,
    RestrictedStopsReports,
    DeathForgotten,
    AcceptsForgotten,
    ProhibitionsForgotten,
    CeilingForgotten,
    /// Only what stands directly under an instrument is bound by its ceilings.
    CeilingOfOneLayer,
    /// A ceiling stops what the law requires.
    CeilingStopsLaw,
    /// A ceiling stops an emergency.
    CeilingStopsEmergency,
    OptOutForgotten,
    /// Who has opted out of planning is left out of care too.
    OptOutStopsCare,
    /// Opting out in one nation counts in every other.
    OptOutOfAnyNation,
    /// Where a row came from does not matter.
    OptOutOfGoingOnly,
    /// Opting out stops what the law requires.
    OptOutStopsLaw,
    /// The person's own agreement does not count.
    OptOutOverAgreement,
    /// Counts about nobody are left out too.
    OptOutOfCounts,
}
