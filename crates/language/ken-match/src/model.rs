//! A model: what each level says in bits, what levels say together, and how reliable it is.
//!
//! # Invariants
//!
//! - A model is a file that anybody can read, with the histogram of patterns that it was learnt
//!   from; it holds nobody's data.
//! - A pattern has one score under a model, to the bit, whoever asks.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::calibrate::{Knot, calibrated};
use crate::chance::{usual, usual_same};
use crate::compare::level;
use crate::decide::{Signature, has_two};
use crate::number::{mix, real};
use crate::pattern::{Field, Levels, Pattern};
use crate::train::probability;

/// The form of model files that this program writes where a further number was compared.
const FORMAT: u32 = 3;

/// The form before there was [`Field::Number`], which a model that was learnt without has for ever:
/// so its mark, and what was signed of it, stay what they were.
const FORMAT_WITHOUT_NUMBER: u32 = 2;

/// The form before there was [`Field::Contact`]. It is read for ever.
const FORMAT_WITHOUT_CONTACT: u32 = 1;

/// Longest model file, in bytes. House policy: a histogram of every pattern that occurs among
/// five million records takes 4 MB.
const FILE_MAX: usize = 64 << 20;

/// What contacts say together with another field, until numbers have said it: those who share a
/// telephone and not a name or a birthday are one household. House policy.
const CONTACTS: [((Field, u8), u8, f64); 10] = [
    ((Field::Forename, level::DIFFERS), level::CONTACT_PHONE, -10.0),
    ((Field::Forename, level::DIFFERS), level::CONTACT_EMAIL, -6.0),
    ((Field::Forename, level::DIFFERS), level::CONTACT_NEARLY, -3.0),
    ((Field::Forename, level::NAME_LITTLE), level::CONTACT_PHONE, -8.0),
    ((Field::Forename, level::NAME_LITTLE), level::CONTACT_EMAIL, -4.0),
    ((Field::Born, level::DIFFERS), level::CONTACT_PHONE, -4.0),
    ((Field::Born, level::DIFFERS), level::CONTACT_EMAIL, -2.0),
    ((Field::Place, level::PLACE_POSTCODE), level::CONTACT_PHONE, -2.0),
    ((Field::Place, level::PLACE_HOUSE), level::CONTACT_PHONE, -4.0),
    ((Field::Place, level::PLACE_SAME), level::CONTACT_PHONE, -4.0),
];

/// What a further number says together with another field. House policy: whoever fills in a form
/// for a household copies a number, and who comes to a desk with a brother gets the next one.
const NUMBERS: [((Field, u8), u8, f64); 12] = [
    ((Field::Forename, level::DIFFERS), level::NUMBER_SAME, -4.0),
    ((Field::Forename, level::DIFFERS), level::NUMBER_NEAR, -6.0),
    ((Field::Forename, level::NAME_LITTLE), level::NUMBER_NEAR, -4.0),
    ((Field::Forename, level::FORENAME_ALIKE), level::NUMBER_NEAR, -2.0),
    ((Field::Born, level::DIFFERS), level::NUMBER_SAME, -2.0),
    ((Field::Born, level::DIFFERS), level::NUMBER_NEAR, -4.0),
    ((Field::Place, level::PLACE_POSTCODE), level::NUMBER_SAME, -12.0),
    ((Field::Place, level::PLACE_HOUSE), level::NUMBER_SAME, -12.0),
    ((Field::Place, level::PLACE_SAME), level::NUMBER_SAME, -12.0),
    ((Field::Place, level::PLACE_POSTCODE), level::NUMBER_NEAR, -8.0),
    ((Field::Place, level::PLACE_HOUSE), level::NUMBER_NEAR, -8.0),
    ((Field::Place, level::PLACE_SAME), level::NUMBER_NEAR, -8.0),
];

static SHIPPED: &str = include_str!("../assets/model.json");

/// Why a model cannot be used.
#[derive(Debug, Error)]
pub enum ModelError {
    /// It is no model file, or longer than one.
    #[error("not a model file")]
    Unreadable(#[source] Option<serde_json::Error>),
    /// A later program wrote it.
    #[error("a model of form {0}, which this program does not know")]
    Form(u32),
    /// Its parts do not fit the fields that are compared, or are no numbers.
    #[error("a model whose weights do not fit the fields")]
    Shape,
    /// People decided on patterns, and fewer than two signed for it.
    #[error("a model with decisions that two people have not signed")]
    Unsigned,
}

impl ModelError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "match.model-unreadable",
            Self::Form(_) => "match.model-form",
            Self::Shape => "match.model-shape",
            Self::Unsigned => "match.model-unsigned",
        }
    }
}

/// What the levels of one field say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldWeights {
    /// The field.
    pub field: Field,
    /// Share of each level among pairs that are one person's, *missing* left out.
    pub m: Vec<f64>,
    /// Share of each level among pairs that are two people's.
    pub u: Vec<f64>,
    /// What was learnt beyond `log2(m / u)`, in bits.
    pub learnt: Vec<f64>,
}

/// What two levels say together beyond what each says, in bits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interaction {
    /// The first field and its level.
    pub one: (Field, u8),
    /// The second field and its level.
    pub other: (Field, u8),
    /// Bits for being one person.
    pub bits: f64,
}

/// What a model was learnt from: counts of patterns, and no values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Records of the table.
    pub records: u64,
    /// Pairs that were compared.
    pub pairs: u64,
    /// Pairs that both hold the same CHI number.
    pub labelled_same: u64,
    /// Pairs that hold two valid and different CHI numbers.
    pub labelled_other: u64,
    /// How many pairs have each pattern.
    pub histogram: Vec<(Pattern, u64)>,
}

impl Training {
    /// The share of labelled pairs that are one person's.
    pub(crate) fn share(&self) -> f64 {
        real(self.labelled_same) / real((self.labelled_same + self.labelled_other).max(1))
    }
}

/// A model of matching.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The form of the file.
    pub format: u32,
    /// Bits before any evidence.
    pub start: f64,
    /// Weights by field, in the order of [`Field::ALL`]; one that was learnt without a further
    /// number leaves it out, and [`Self::every_field`] has it.
    pub fields: Vec<FieldWeights>,
    /// What levels say together; see [`Self::together`].
    pub interactions: Vec<Interaction>,
    /// What bits are worth as a probability, in the order of bits; without any, what they say.
    pub calibration: Vec<Knot>,
    /// What it was learnt from.
    pub training: Training,
    /// What people decided about whole patterns, in bits beyond the rest; see
    /// [`crate::Proposal`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided: Vec<(Pattern, f64)>,
    /// Who signed for that; two at least where anything was decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signature>,
}

/// How likely a pair is one person's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Log-odds to the base of two, before calibration.
    pub bits: f64,
    /// Between 0 and 1, calibrated.
    pub probability: f64,
}

impl Score {
    /// Log-odds to the base of two, calibrated.
    pub(crate) fn worth(self) -> f64 {
        let odds = self.probability / (1.0 - self.probability);
        odds.log2().clamp(-60.0, 60.0)
    }
}

impl Model {
    /// The model that is shipped: learnt from a made-up nation of a million records.
    ///
    /// # Errors
    ///
    /// [`ModelError`] when the file was damaged before the program was built.
    pub fn shipped() -> Result<Self, ModelError> {
        Self::read(SHIPPED)
    }

    /// Reads a model file.
    ///
    /// # Errors
    ///
    /// [`ModelError`] when it is none, or does not fit.
    pub fn read(text: &str) -> Result<Self, ModelError> {
        if text.len() > FILE_MAX {
            return Err(ModelError::Unreadable(None));
        }
        let mut model: Self =
            serde_json::from_str(text).map_err(|error| ModelError::Unreadable(Some(error)))?;
        match model.format {
            FORMAT | FORMAT_WITHOUT_NUMBER => {}
            FORMAT_WITHOUT_CONTACT => model.add_contact(),
            other => return Err(ModelError::Form(other)),
        }
        let fields = model.fields.iter().zip(Field::ALL);
        let known = Field::ALL.len() - usize::from(!model.has_number());
        let of_number = |of: &Interaction| of.other.0 == Field::Number;
        let fit = model.fields.len() == known
            && (model.has_number() || !model.interactions.iter().any(of_number))
            && fields.into_iter().all(|(of, field)| of.fits(field))
            && model.interactions.iter().all(Interaction::fits)
            && model.calibration.is_sorted_by(|a, b| a.bits < b.bits && a.worth <= b.worth)
            && model.calibration.iter().all(|knot| knot.bits.is_finite() && knot.worth.is_finite())
            && model.start.is_finite()
            && model.decided.iter().all(|(_, bits)| bits.is_finite());
        if !fit {
            return Err(ModelError::Shape);
        }
        // Whether they are valid only whoever knows the keys can tell ([`Self::is_signed`]).
        if model.decided.is_empty() || has_two(&model.signatures) {
            Ok(model)
        } else {
            Err(ModelError::Unsigned)
        }
    }

    /// A model that nobody has decided anything of.
    pub(crate) fn learnt(
        start: f64,
        fields: Vec<FieldWeights>,
        interactions: Vec<Interaction>,
        calibration: Vec<Knot>,
        training: Training,
    ) -> Self {
        let (decided, signatures) = (Vec::new(), Vec::new());
        let has_number = fields.iter().any(|of| of.field == Field::Number);
        let format = if has_number { FORMAT } else { FORMAT_WITHOUT_NUMBER };
        Self { format, start, fields, interactions, calibration, training, decided, signatures }
    }

    /// Adds what is thought of e-mail and telephone to a model that was learnt without.
    fn add_contact(&mut self) {
        let at = Field::ALL.iter().position(|field| *field == Field::Contact).unwrap_or(0);
        let row = |of: Vec<Vec<f64>>| of.into_iter().nth(at).unwrap_or_default();
        let (m, u) = (row(usual_same()), row(usual()));
        let learnt = vec![0.0; m.len()];
        let field = Field::Contact;
        self.fields.insert(at.min(self.fields.len()), FieldWeights { field, m, u, learnt });
        self.interactions.extend(Interaction::of_contacts());
        self.format = FORMAT_WITHOUT_NUMBER;
    }

    /// Whether it says itself what a further number says.
    const fn has_number(&self) -> bool {
        self.format >= FORMAT
    }

    /// Weights of every field there is, in the order of [`Field::ALL`]: of a further number what is
    /// usual, where nothing was learnt of it.
    #[must_use]
    pub fn every_field(&self) -> Vec<FieldWeights> {
        let mut fields = self.fields.clone();
        if !self.has_number() {
            let last = |of: Vec<Vec<f64>>| of.into_iter().next_back().unwrap_or_default();
            let (m, u) = (last(usual_same()), last(usual()));
            let learnt = vec![0.0; m.len()];
            fields.push(FieldWeights { field: Field::Number, m, u, learnt });
        }
        fields
    }

    /// All that levels say together, that of a further number included.
    pub fn together(&self) -> impl Iterator<Item = Interaction> {
        let more = (!self.has_number()).then(Interaction::of_numbers);
        self.interactions.iter().cloned().chain(more.into_iter().flatten())
    }

    /// Writes a model file.
    ///
    /// # Errors
    ///
    /// [`ModelError`] when a weight is no number.
    pub fn write(&self) -> Result<String, ModelError> {
        serde_json::to_string(self).map_err(|error| ModelError::Unreadable(Some(error)))
    }

    /// The same with numbers that a file holds exactly, however it is read: bits to a millionth,
    /// shares to a billionth of a thousandth.
    pub(crate) fn rounded(mut self) -> Self {
        let bits = |of: &mut f64| *of = (*of * 1e6).round() / 1e6;
        for of in &mut self.fields {
            let shares = of.m.iter_mut().chain(&mut of.u).filter(|share| **share > 0.0);
            shares.for_each(|share| *share = (*share * 1e12).round().max(1.0) / 1e12);
            of.learnt.iter_mut().for_each(bits);
        }
        self.interactions.iter_mut().for_each(|of| bits(&mut of.bits));
        for knot in &mut self.calibration {
            bits(&mut knot.bits);
            bits(&mut knot.worth);
        }
        self.decided.iter_mut().for_each(|(_, of)| bits(of));
        bits(&mut self.start);
        self
    }

    /// A short mark of what the model says: two models with one mark score alike. It tells models
    /// apart and proves nothing.
    #[must_use]
    pub fn version(&self) -> String {
        let fields = self.fields.iter().flat_map(|of| [&of.m, &of.u, &of.learnt]).flatten();
        let together = self.interactions.iter().flat_map(|of| {
            let place = |(field, level): (Field, u8)| f64::from(level) + f64::from(field_at(field));
            [place(of.one), place(of.other), of.bits]
        });
        let knots = self.calibration.iter().flat_map(|knot| [knot.bits, knot.worth]);
        let number = |pattern: &Pattern| f64::from(pattern.number());
        let decided = self.decided.iter().flat_map(|(of, bits)| [number(of), *bits]);
        let all = fields.copied().chain(together).chain(knots).chain([self.start]).chain(decided);
        let mark =
            all.fold(u64::from(self.format), |mark, x| mix(mark.rotate_left(7) ^ x.to_bits()));
        format!("{}-{mark:016x}", self.format)
    }
}

/// A number for each field that no level reaches.
fn field_at(field: Field) -> u32 {
    Field::ALL.into_iter().zip((0..).step_by(100)).find(|(one, _)| *one == field).map_or(0, |f| f.1)
}

impl FieldWeights {
    fn fits(&self, field: Field) -> bool {
        let len = field.levels().len();
        let share = |x: &f64| (0.0..=1.0).contains(x);
        self.field == field
            && [&self.m, &self.u, &self.learnt].iter().all(|of| of.len() == len)
            && self.m.iter().chain(&self.u).all(share)
            && self.learnt.iter().all(|x| x.is_finite())
    }

    /// What a level says by itself, in bits.
    #[must_use]
    pub fn bits(&self, level: u8) -> f64 {
        let at = usize::from(level);
        let one = crate::train::weight(&self.m, &self.u, level);
        one / std::f64::consts::LN_2 + self.learnt.get(at).copied().unwrap_or(0.0)
    }
}

impl Interaction {
    /// What contacts say together with other fields, until numbers have said it.
    pub(crate) fn of_contacts() -> impl Iterator<Item = Self> {
        CONTACTS.into_iter().map(|(one, level, bits)| {
            let other = (Field::Contact, level);
            Self { one, other, bits }
        })
    }

    /// What a further number says together with other fields.
    pub(crate) fn of_numbers() -> impl Iterator<Item = Self> {
        NUMBERS.into_iter().map(|(one, level, bits)| {
            let other = (Field::Number, level);
            Self { one, other, bits }
        })
    }

    fn fits(&self) -> bool {
        let known = |(field, level): (Field, u8)| usize::from(level) < field.levels().len();
        self.one.0 < self.other.0 && known(self.one) && known(self.other) && self.bits.is_finite()
    }
}

/// A model laid out for scoring.
#[derive(Debug, Clone)]
pub struct Scorer {
    start: f64,
    fields: Vec<Vec<f64>>,
    /// By pair of fields, and in it by both levels.
    together: Vec<f64>,
    calibration: Vec<Knot>,
    decided: HashMap<Pattern, f64>,
}

/// Room for the levels of one field.
const ROOM: usize = 11;

impl Scorer {
    /// Lays out a model.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        let bits = |of: &FieldWeights| (0u8..).take(of.m.len()).map(|l| of.bits(l)).collect();
        let mut together = vec![0.0; Field::ALL.len().pow(2) * ROOM * ROOM];
        for of in model.together() {
            if let Some(slot) = together.get_mut(place(of.one, of.other)) {
                *slot = of.bits;
            }
        }
        let fields = model.every_field().iter().map(bits).collect();
        let (start, calibration) = (model.start, model.calibration.clone());
        let decided = model.decided.iter().copied().collect();
        Self { start, fields, together, calibration, decided }
    }

    /// The score of a pattern.
    #[must_use]
    pub fn score(&self, pattern: Pattern) -> Score {
        let bits = self.bits(pattern.levels());
        // What people decided, they decided of what the bits were worth.
        let decided = self.decided.get(&pattern).copied().unwrap_or(0.0);
        let worth = calibrated(&self.calibration, bits) + decided;
        Score { bits: bits + decided, probability: probability(worth * LN_2) }
    }

    fn bits(&self, levels: Levels) -> f64 {
        let mut bits = self.start;
        for (of, level) in self.fields.iter().zip(levels) {
            bits += of.get(usize::from(level)).copied().unwrap_or(0.0);
        }
        let placed = Field::ALL.into_iter().zip(levels);
        for (at, one) in placed.clone().enumerate() {
            for other in placed.clone().skip(at + 1) {
                bits += self.together.get(place(one, other)).copied().unwrap_or(0.0);
            }
        }
        bits
    }
}

const LN_2: f64 = std::f64::consts::LN_2;

fn place((one, a): (Field, u8), (other, b): (Field, u8)) -> usize {
    let at = |field: Field| match field {
        Field::Forename => 0,
        Field::Surname => 1,
        Field::Middle => 2,
        Field::Born => 3,
        Field::Place => 4,
        Field::Sex => 5,
        Field::Contact => 6,
        Field::Chi => 7,
        Field::Nhs => 8,
        Field::Number => 9,
    };
    ((at(one) * 10 + at(other)) * ROOM + usize::from(a)) * ROOM + usize::from(b)
}
