//! What a browser's answer must be: a rule of bytes, and nothing else.
//!
//! The refusals are words for the log; a person is told only that it did not work.
//!
//! Source: W3C Web Authentication Level 3, sections 5.8.1, 6.1, 6.5, 7.1 and 7.2; RFC 9053,
//! section 7.1.1 for the key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::ANSWER_MAX;
use super::cbor::{Item, Reader};

/// COSE's number for ECDSA with SHA-256, here always on P-256.
pub(super) const ES256: i64 = -7;

/// Longest credential id, in bytes. Source: section 4, "at most 1023 bytes".
const ID_MAX: usize = 1023;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;
const EXTENDED: u8 = 0x80;

type Refusable<T> = Result<T, &'static str>;

/// A credential as it was made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) id: Vec<u8>,
    /// The public key, as an uncompressed point of SEC 1: 65 bytes.
    pub(super) key: Vec<u8>,
    pub(super) count: u32,
}

/// What a browser says after making a credential.
#[derive(Debug)]
pub(super) struct Attestation {
    client_data: Vec<u8>,
    object: Vec<u8>,
}

impl Attestation {
    pub(super) fn parse(answer: &str) -> Refusable<Self> {
        let Answer { response, .. } = json::<Answer<MadeResponse>>(answer)?;
        let client_data = bytes(&response.client_data)?;
        Ok(Self { client_data, object: bytes(&response.attestation_object)? })
    }

    /// The challenge that was answered, and the credential. The attestation statement is not
    /// looked at: none is asked for (section 7.1, step 21, "none").
    pub(super) fn check(&self, id: &str, origin: &str) -> Refusable<(Vec<u8>, Made)> {
        let challenge = client_data(&self.client_data, "webauthn.create", origin)?;
        let data = authenticator_data_of(&self.object).ok_or("object")?;
        let (data, attested) = AuthenticatorData::parse(data).ok_or("data")?;
        data.check(id)?;
        let (id, key) = attested.ok_or("credential")?;
        Ok((challenge, Made { id: id.to_vec(), key, count: data.count }))
    }
}

/// What a browser says when somebody signs in.
#[derive(Debug)]
pub(super) struct Assertion {
    id: Vec<u8>,
    client_data: Vec<u8>,
    data: Vec<u8>,
    signature: Vec<u8>,
    user: Option<Vec<u8>>,
}

impl Assertion {
    pub(super) fn parse(answer: &str) -> Refusable<Self> {
        let Answer { id, response } = json::<Answer<GotResponse>>(answer)?;
        Ok(Self {
            id: bytes(&id)?,
            client_data: bytes(&response.client_data)?,
            data: bytes(&response.authenticator_data)?,
            signature: bytes(&response.signature)?,
            user: response.user_handle.as_deref().map(bytes).transpose()?,
        })
    }

    pub(super) fn id(&self) -> &[u8] {
        &self.id
    }

    /// The challenge that was answered, and the signature counter.
    pub(super) fn check(
        &self,
        id: &str,
        origin: &str,
        key: &[u8],
        owner: &[u8],
    ) -> Refusable<(Vec<u8>, u32)> {
        if self.user.as_deref() != Some(owner) {
            return Err("user");
        }
        let challenge = client_data(&self.client_data, "webauthn.get", origin)?;
        let (data, _) = AuthenticatorData::parse(&self.data).ok_or("data")?;
        data.check(id)?;
        let key = VerifyingKey::from_sec1_bytes(key).map_err(|_| "key")?;
        let signature = Signature::from_der(&self.signature).map_err(|_| "signature")?;
        let client = <[u8; 32]>::from(Sha256::digest(&self.client_data));
        let signed = [self.data.as_slice(), &client].concat();
        key.verify(&signed, &signature).map_err(|_| "signature")?;
        Ok((challenge, data.count))
    }
}

/// A credential as `toJSON()` writes it; further members are for others.
#[derive(Deserialize)]
struct Answer<R> {
    id: String,
    response: R,
}

#[derive(Deserialize)]
struct MadeResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "attestationObject")]
    attestation_object: String,
}

#[derive(Deserialize)]
struct GotResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    #[serde(rename = "authenticatorData")]
    authenticator_data: String,
    signature: String,
    #[serde(rename = "userHandle")]
    user_handle: Option<String>,
}

/// What the browser collected (section 5.8.1).
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin")]
    top_origin: Option<String>,
}

fn json<'a, T: Deserialize<'a>>(answer: &'a str) -> Refusable<T> {
    if answer.len() > ANSWER_MAX {
        return Err("length");
    }
    serde_json::from_str(answer).map_err(|_| "json")
}

fn bytes(text: impl AsRef<str>) -> Refusable<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.as_ref()).map_err(|_| "json")
}

/// Checks what the browser collected, and gives the challenge.
fn client_data(bytes: &[u8], kind: &str, origin: &str) -> Refusable<Vec<u8>> {
    let data: ClientData = serde_json::from_slice(bytes).map_err(|_| "client")?;
    if data.kind != kind {
        return Err("type");
    }
    // Inside another site's frame nobody can be sure of what they are asked.
    if data.origin != origin || data.cross_origin || data.top_origin.is_some() {
        return Err("origin");
    }
    URL_SAFE_NO_PAD.decode(&data.challenge).map_err(|_| "client")
}

/// The authenticator's part of an attestation object.
fn authenticator_data_of(object: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(object);
    let Item::Map(pairs) = reader.item()? else { return None };
    let mut found = None;
    for _ in 0..pairs {
        let Item::Text(name) = reader.item()? else { return None };
        if name == "authData" {
            let Item::Bytes(data) = reader.item()? else { return None };
            if found.replace(data).is_some() {
                return None;
            }
        } else {
            reader.skip()?;
        }
    }
    found.filter(|_| reader.rest().is_empty())
}

/// What an authenticator says: for whom, how, and how often before.
struct AuthenticatorData {
    site: [u8; 32],
    flags: u8,
    count: u32,
}

/// A credential's id, and its public key.
type Attested<'a> = (&'a [u8], Vec<u8>);

impl AuthenticatorData {
    fn parse(bytes: &[u8]) -> Option<(Self, Option<Attested<'_>>)> {
        let (site, rest) = bytes.split_first_chunk::<32>()?;
        let ([flags], rest) = rest.split_first_chunk::<1>()?;
        let (count, mut rest) = rest.split_first_chunk::<4>()?;
        let data = Self { site: *site, flags: *flags, count: u32::from_be_bytes(*count) };
        let mut attested = None;
        if data.flags & ATTESTED != 0 {
            let (_model, after) = rest.split_first_chunk::<16>()?;
            let (len, after) = after.split_first_chunk::<2>()?;
            let len = usize::from(u16::from_be_bytes(*len));
            let (id, after) =
                after.split_at_checked(len).filter(|_| (1..=ID_MAX).contains(&len))?;
            let mut reader = Reader::new(after);
            attested = Some((id, public_key(&mut reader)?));
            rest = reader.rest();
        }
        if data.flags & EXTENDED != 0 {
            let mut reader = Reader::new(rest);
            reader.skip()?;
            rest = reader.rest();
        }
        rest.is_empty().then_some((data, attested))
    }

    fn check(&self, id: &str) -> Refusable<()> {
        if self.site != <[u8; 32]>::from(Sha256::digest(id)) {
            return Err("site");
        }
        let both = USER_PRESENT | USER_VERIFIED;
        if self.flags & both == both { Ok(()) } else { Err("verification") }
    }
}

/// A key of the kind EC2, for ES256, on P-256: nothing else.
fn public_key(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    let Item::Map(pairs) = reader.item()? else { return None };
    let (mut kind, mut algorithm, mut curve, mut x, mut y) = (None, None, None, None, None);
    for _ in 0..pairs {
        let Item::Int(label) = reader.item()? else { return None };
        let slot = match label {
            1 => &mut kind,
            3 => &mut algorithm,
            -1 => &mut curve,
            -2 => &mut x,
            -3 => &mut y,
            _ => {
                reader.skip()?;
                continue;
            }
        };
        if slot.replace(reader.item()?).is_some() {
            return None;
        }
    }
    let right = kind == Some(Item::Int(2))
        && algorithm == Some(Item::Int(ES256.into()))
        && curve == Some(Item::Int(1));
    let (Some(Item::Bytes(x)), Some(Item::Bytes(y))) = (x, y) else { return None };
    let point = [&[0x04], x, y].concat();
    // The point must lie on the curve.
    (right && VerifyingKey::from_sec1_bytes(&point).is_ok()).then_some(point)
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
