//! The thirteen ways in which senders and networks treat a frame, against codec and answer.

use ken_hl7::Message;
use ken_hl7::ack::{Answer, Code, Reason, read, write};
use ken_hl7::map::map;
use ken_hl7::mllp::{Decoder, Event, encode};

/// A message with an id, and `extra` at the end of its `PID`.
fn message(id: &str, extra: &[u8]) -> Vec<u8> {
    let head = format!(
        "MSH|^~\\&|A|B|C|D|20261121101500||ADT^A01^ADT_A01|{id}|P|2.4\rEVN|A01|20261121101500\r\
         PID|1||9990000018^^^NHSNBR^NH||SAMPLE^ALICE||19010101|F"
    );
    [head.as_bytes(), extra, b"\rPV1|1|I|W^B^B\r"].concat()
}

fn framed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode(message, &mut out);
    out
}

/// What a listener does with a stream: decode, parse, map, answer. Ids of positive answers.
fn listen(chunks: &[Vec<u8>]) -> Vec<String> {
    let mut decoder = Decoder::default();
    let mut accepted = Vec::new();
    for chunk in chunks {
        let mut input = chunk.as_slice();
        while let Some(event) = decoder.step(&mut input) {
            let Event::Frame(bytes) = event else { continue };
            let (code, reason) = match Message::parse(&bytes) {
                Err(error) => (Code::Reject, Some(error.code())),
                Ok(message) => match map(&message) {
                    Err(error) => (Code::Error, Some(error.code())),
                    Ok(_) => (Code::Accept, None),
                },
            };
            let reason = reason.map(Reason::of);
            let answer = Answer { code, reason, id: "K", now: jiff::Timestamp::UNIX_EPOCH };
            let text = write(&bytes, &answer);
            let said = read(&Message::parse(&text).unwrap()).unwrap();
            if said.code.unwrap().is_positive() {
                accepted.push(said.answers);
            }
        }
    }
    accepted
}

fn check(name: &str, chunks: &[Vec<u8>], want: &[&str]) {
    assert_eq!(listen(chunks), want, "{name}");
    let stream = chunks.concat();
    let bytes: Vec<Vec<u8>> = stream.chunks(1).map(<[u8]>::to_vec).collect();
    if stream.len() < 10_000 {
        assert_eq!(listen(&bytes), want, "{name}, byte by byte");
    }
}

#[test]
fn frames_come_whole_split_and_together() {
    let frame = |id: &str| framed(&message(id, b""));
    check("one", &[frame("a")], &["a"]);
    check("two, one after the other", &[frame("a"), frame("b")], &["a", "b"]);
    check("three at once", &[[frame("a"), frame("b"), frame("c")].concat()], &["a", "b", "c"]);
    let one = frame("a");
    let end = one.len();
    let pieces = [&one[..1], &one[1..9], &one[9..end - 2], &one[end - 2..end - 1], &one[end - 1..]];
    check("split at its ends", &pieces.map(<[u8]>::to_vec), &["a"]);
    let cut = [one[..end - 1].to_vec(), [b"\r".to_vec(), frame("b")].concat()];
    check("split between FS and CR", &cut, &["a", "b"]);
}

#[test]
fn characters_come_split_and_foreign() {
    let one = framed(&message("u", "|||É".as_bytes()));
    let at = one.iter().position(|&byte| byte == 0xc3).unwrap() + 1;
    check("UTF-8 split within a letter", &[one[..at].to_vec(), one[at..].to_vec()], &["u"]);
    check("latin-1", &[framed(&message("l", b"|||\xc9"))], &["l"]);
}

#[test]
fn senders_that_do_not_obey_are_understood() {
    let frame = |id: &str| framed(&message(id, b""));
    check("noise before", &[[b"\r\n".to_vec(), frame("n")].concat()], &["n"]);
    let large = [message("m", b""), b"OBX|1|ED|x||".to_vec(), vec![b'A'; 1 << 20], b"\r".to_vec()];
    check("a mebibyte", &[framed(&large.concat())], &["m"]);
    let open = frame("r");
    check("no CR after FS", &[open[..open.len() - 1].to_vec()], &["r"]);
    check("garbage, then good", &[[framed(b"HELLO WORLD"), frame("g")].concat()], &["g"]);
    let half = [b"\x0b".to_vec(), message("h", b"")[..40].to_vec()].concat();
    check("half a frame", &[half], &[]);
    check("and still alive", &[frame("z")], &["z"]);
}
