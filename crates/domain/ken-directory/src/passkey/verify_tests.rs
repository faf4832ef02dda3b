//! Tests of the rule. The answers were made by another implementation, python-fido2 with OpenSSL,
//! for the site `ken.example`.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const ORIGIN: &str = "https://ken.example";
const ID: &str = "4mW29WRgGh_o3EJ4XNGKhovYAT4";
const FIRST: &str = "oJUYwCMBbgAJ5mlwfJCWgSxeokiD108thhWdIS4PKYg";
const SECOND: &str = "fh0ueEaW381GXQCSt1y6m6UQ_kokA9Qlue7vIlrec-4";
const CREATED: &str = "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoib0pVWXdDTUJi\
    Z0FKNW1sd2ZKQ1dnU3hlb2tpRDEwOHRoaFdkSVM0UEtZZyIsIm9yaWdpbiI6Imh0dHBzOi8va2VuLmV4YW1wbGUiLCJj\
    cm9zc09yaWdpbiI6ZmFsc2V9";
const OBJECT: &str = "o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YViYuT97tYftnHMhqj9Xk7AWCAW2rs4C\
    E2jp1bqXhcicZPVFAAAAAAAAAAAAAAAAAAAAAAAAAAAAFOJltvVkYBof6NxCeFzRioaL2AE-pQECAyYgASFYINlc15Mn\
    KuFpMGNYECT3mffWoDNeLQtCwCxQYuL7Z8KAIlggBuICrsQyV6ElDZfH_P_MxQ1-yf3xspHQOlZsptItm10";
const GOT: &str = "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiZmgwdWVFYVczODFHWFFDU3Qx\
    eTZtNlVRX2tva0E5UWx1ZTd2SWxyZWMtNCIsIm9yaWdpbiI6Imh0dHBzOi8va2VuLmV4YW1wbGUiLCJjcm9zc09yaWdp\
    biI6ZmFsc2V9";
const DATA: &str = "uT97tYftnHMhqj9Xk7AWCAW2rs4CE2jp1bqXhcicZPUFAAAABw";
const SIGNATURE: &str = "MEQCIGsFd539d3HZrbpaYpKFu4uRPHv-_jADz3SGssp5B4W8AiAe7UvMDLTA-btNvjn\
    WEQCyzoowEWNEeFs-_0xKHtxIiw";
const OWNER: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

fn raw(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn attestation() -> Attestation {
    let response = json!({ "clientDataJSON": CREATED, "attestationObject": OBJECT });
    Attestation::parse(&json!({ "id": ID, "response": response }).to_string()).unwrap()
}

fn assertion() -> Assertion {
    let response = json!({
        "clientDataJSON": GOT,
        "authenticatorData": DATA,
        "signature": SIGNATURE,
        "userHandle": URL_SAFE_NO_PAD.encode(OWNER),
    });
    Assertion::parse(&json!({ "id": ID, "response": response }).to_string()).unwrap()
}

fn key() -> Vec<u8> {
    attestation().check("ken.example", ORIGIN).unwrap().1.key
}

#[test]
fn another_implementations_answers_pass() {
    let (challenge, made) = attestation().check("ken.example", ORIGIN).unwrap();
    assert_eq!((challenge, &made.id, made.count), (raw(FIRST), &raw(ID), 0));
    let answer = assertion();
    assert_eq!(answer.id(), raw(ID));
    let passed = answer.check("ken.example", ORIGIN, &made.key, &OWNER);
    assert_eq!(passed, Ok((raw(SECOND), 7)));
}

#[test]
fn what_is_wrong_is_named() {
    let check = |site: &str, origin: &str, owner: &[u8], want| {
        let got = assertion().check(site, origin, &key(), owner).map(|(_, count)| count);
        assert_eq!(got, want, "{site} {origin}");
    };
    check("ken.example", ORIGIN, &OWNER, Ok(7));
    check("example", ORIGIN, &OWNER, Err("site"));
    check("ken.example", "https://ken.example:8443", &OWNER, Err("origin"));
    check("ken.example", "https://evil.example", &OWNER, Err("origin"));
    check("ken.example", ORIGIN, &[0; 16], Err("user"));
    // An answer of one kind is not one of the other.
    let swapped = Attestation { client_data: raw(GOT), ..attestation() };
    assert_eq!(swapped.check("ken.example", ORIGIN).err(), Some("type"));
}

#[test]
fn presence_and_verification_are_both_needed() {
    let check = |flags: u8, want| {
        let mut answer = assertion();
        answer.data[32] = flags;
        let got = answer.check("ken.example", ORIGIN, &key(), &OWNER).err();
        assert_eq!(got, Some(want), "{flags:#x}");
    };
    check(0x00, "verification");
    check(0x01, "verification");
    check(0x04, "verification");
    // With the flags right, the signature is not over these bytes.
    check(0x0d, "signature");
    check(0x45, "data");
    check(0x85, "data");
}

#[test]
fn a_frame_in_another_site_is_refused() {
    let check = |extra: &str, want: Option<&str>| {
        let data = format!(r#"{{"type":"t","origin":"o","challenge":"AA"{extra}}}"#);
        assert_eq!(client_data(data.as_bytes(), "t", "o").err(), want, "{extra}");
    };
    check("", None);
    check(r#","crossOrigin":false,"future":1"#, None);
    check(r#","crossOrigin":true"#, Some("origin"));
    check(r#","topOrigin":"https://other.example""#, Some("origin"));
}

#[test]
fn a_point_off_the_curve_is_no_key() {
    let mut object = raw(OBJECT);
    let last = object.len() - 1;
    object[last] ^= 1;
    let off = Attestation { object, ..attestation() };
    assert_eq!(off.check("ken.example", ORIGIN).err(), Some("data"));
}

#[test]
fn answers_have_a_bound() {
    let long = format!("\"{}\"", "x".repeat(ANSWER_MAX));
    assert_eq!(Assertion::parse(&long).err(), Some("length"));
    assert_eq!(Assertion::parse("{}").err(), Some("json"));
    assert_eq!(Attestation::parse("[]").err(), Some("json"));
}

proptest! {
    #[test]
    fn any_flipped_bit_of_what_is_signed_is_found(at in 0usize..200, bit in 0u8..8) {
        let key = key();
        let flip = |bytes: &mut Vec<u8>| {
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
        };
        let mut changed = [assertion(), assertion(), assertion()];
        flip(&mut changed[0].data);
        flip(&mut changed[1].client_data);
        flip(&mut changed[2].signature);
        for answer in changed {
            prop_assert!(answer.check("ken.example", ORIGIN, &key, &OWNER).is_err());
        }
    }

    #[test]
    fn any_object_is_read_or_refused(at in 0usize..186, byte: u8, cut in 0usize..187) {
        let mut object = raw(OBJECT);
        let len = object.len();
        object[at % len] = byte;
        object.truncate(cut);
        let _ = Attestation { object, ..attestation() }.check("ken.example", ORIGIN);
    }
}
