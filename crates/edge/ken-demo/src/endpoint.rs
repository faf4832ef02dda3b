//! NHS Glen's own record of the demo, which is asked at reading time: a small FHIR server on this
//! machine, over what nobody has sent as a message.
//!
//! # Invariants
//!
//! - What it answers is a function of who is asked about and of the day; every text says that it
//!   is made up.
//! - Connections, bytes and seconds have stated maxima: it is a small source, not a FHIR server for
//!   anybody else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use ken_core::Clock;
use ken_hub::portal::{Base, Settings, Unfit};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Partnership;
use crate::organisation::Organisation;

/// Whose record it is.
const KEEPER: &str = "nhsl";
/// What its FHIR calls the system of its numbers.
const SYSTEM: &str = "https://nhs.example/Id/ward-book";
/// What its messages make of the same system here: facility and authority.
const NUMBERS: &str = "urn:ken:id:nhsglen:gmrn";
/// Most connections at once, longest request in bytes, and longest time for one. House policy: the
/// demo has a few readers.
const CONNECTIONS_MAX: usize = 32;
const REQUEST_MAX: usize = 16 * 1024;
const LIFE: Duration = Duration::from_secs(5);
/// A made-up text says so.
const MADE_UP: &str = "Made up for this demonstration.";

/// How it is asked, at that address.
///
/// # Errors
///
/// [`Unfit`] where the address is none.
pub fn settings(address: std::net::SocketAddr) -> Result<Settings, Unfit> {
    const WORD: Unfit = Unfit("a word of the demo is none");
    let base: Base = format!("http://{address}/fhir").parse()?;
    let kinds = [("Condition", "health-summary"), ("Observation", "health-record")];
    let kinds = kinds.into_iter().map(|(kind, category)| {
        Ok::<_, Unfit>((kind.to_owned(), category.parse().map_err(|_| WORD)?))
    });
    Ok(Settings {
        organisation: KEEPER.parse().map_err(|_| WORD)?,
        base,
        authority: None,
        authorization: None,
        wait: Duration::from_secs(3),
        numbers: BTreeMap::from([(NUMBERS.to_owned(), SYSTEM.to_owned())]),
        kinds: kinds.collect::<Result<_, _>>()?,
    })
}

/// The record: whom each number means.
#[derive(Debug, Clone)]
pub struct Record {
    people: Arc<BTreeMap<String, u32>>,
    clock: Arc<dyn Clock>,
}

impl Record {
    /// The record of everybody in the partnership, as of the day that the clock says.
    #[must_use]
    pub fn new(partnership: &Partnership, clock: Arc<dyn Clock>) -> Self {
        let keeper = Organisation::find(KEEPER);
        let number = |keeper: &Organisation| {
            let people = partnership.people.iter();
            people.map(|person| (person.local_id(keeper), person.number)).collect()
        };
        Self { people: Arc::new(keeper.map(number).unwrap_or_default()), clock }
    }

    /// Serves it until it is stopped.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) {
        let (places, open) = (Arc::new(Semaphore::new(CONNECTIONS_MAX)), TaskTracker::new());
        let accept = async {
            while let Ok(place) = Arc::clone(&places).acquire_owned().await {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let record = self.clone();
                open.spawn(async move {
                    // Who is too slow, or has gone, is not answered.
                    let _ = tokio::time::timeout(LIFE, record.one(stream)).await;
                    drop(place);
                });
            }
        };
        tokio::select! {
            () = accept => {}
            () = stop.cancelled() => {}
        }
        open.close();
        open.wait().await;
    }

    /// One question and its answer.
    async fn one(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let Some((path, form)) = read(&mut stream).await? else { return Ok(()) };
        let (status, said) = match self.search(&path, &form) {
            Some(said) => ("200 OK", said),
            None => ("404 Not Found", json!({ "resourceType": "OperationOutcome" })),
        };
        let said = said.to_string();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/fhir+json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{said}",
            said.len()
        );
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    }

    /// What is found by a search; nothing where there is no such search.
    fn search(&self, path: &str, form: &BTreeMap<String, String>) -> Option<Value> {
        let kind = path.strip_prefix("/fhir/")?.strip_suffix("/_search")?;
        let found = match kind {
            "Patient" => {
                let (system, number) = form.get("identifier")?.split_once('|')?;
                let known = self.people.get(number).filter(|_| system == SYSTEM);
                known.map(|person| patient(*person, number))
            }
            "Condition" | "Observation" => {
                let person = form.get("patient")?.strip_prefix("Patient/p")?.parse().ok()?;
                let is_known = self.people.values().any(|known| *known == person);
                is_known.then(|| told(kind, person, self.clock.today()))
            }
            _ => return None,
        };
        let entries: Vec<_> =
            found.map(|resource| json!({ "resource": resource })).into_iter().collect();
        Some(json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries }))
    }
}

fn patient(person: u32, number: &str) -> Value {
    let number = json!({ "system": SYSTEM, "value": number });
    json!({ "resourceType": "Patient", "id": format!("p{person}"), "identifier": [number] })
}

/// The one thing of a type that is told about somebody.
fn told(kind: &str, person: u32, today: Date) -> Value {
    const PROBLEMS: [&str; 4] = [
        "Waiting for a hearing test",
        "Raised blood pressure",
        "Low iron",
        "Stiff knee after a fall",
    ];
    let subject = json!({ "reference": format!("Patient/p{person}") });
    let of = usize::try_from(person).unwrap_or_default() % PROBLEMS.len();
    let (id, note) = (format!("{kind}-{person}").to_lowercase(), json!([{ "text": MADE_UP }]));
    if kind == "Condition" {
        let problem = PROBLEMS.get(of).copied().unwrap_or_default();
        return json!({ "resourceType": kind, "id": id, "subject": subject, "note": note,
            "code": { "text": problem }, "recordedDate": today.to_string() });
    }
    let rate = 60 + person % 30;
    json!({ "resourceType": kind, "id": id, "status": "final", "subject": subject, "note": note,
        "code": { "text": "Pulse, taken on the ward" }, "effectiveDateTime": today.to_string(),
        "valueString": format!("{rate} beats a minute") })
}

/// The path and the form of a request; nothing where it is none that is read here.
async fn read(
    stream: &mut TcpStream,
) -> std::io::Result<Option<(String, BTreeMap<String, String>)>> {
    let mut bytes = Vec::new();
    while bytes.len() <= REQUEST_MAX && stream.read_buf(&mut bytes).await? > 0 {
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(None) };
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        if length.is_some_and(|length: usize| body.len() < length) {
            continue;
        }
        let path = head.strip_prefix("POST ").and_then(|rest| rest.split(' ').next());
        return Ok(path.map(|path| (path.to_owned(), form(body))));
    }
    Ok(None)
}

/// The fields of a form.
fn form(body: &str) -> BTreeMap<String, String> {
    let fields = body.split('&').filter_map(|pair| pair.split_once('='));
    fields.map(|(name, value)| (name.to_owned(), decoded(value))).collect()
}

/// A value of a form as it was before it was written into one; what is badly written stays.
fn decoded(value: &str) -> String {
    let mut parts = value.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(part.as_bytes().get(2..).unwrap_or_default());
            }
            None => bytes.extend_from_slice(part.as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use ken_testkit::TestClock;

    use super::*;
    use crate::SEED;

    fn record() -> (Record, Partnership) {
        let glen = Partnership::new(SEED, jiff::civil::date(2026, 11, 21));
        (Record::new(&glen, Arc::new(TestClock::default())), glen)
    }

    #[test]
    fn it_is_asked_as_its_messages_name_people() {
        let keeper = Organisation::find(KEEPER).unwrap();
        let facility = keeper.facility.to_ascii_lowercase();
        let authority = keeper.authority.to_ascii_lowercase();
        assert_eq!(NUMBERS, format!("urn:ken:id:{facility}:{authority}"));
        let settings = settings("127.0.0.1:9".parse().unwrap()).unwrap();
        assert_eq!(settings.check(), Ok(()));
    }

    #[test]
    fn who_is_known_has_something_and_nobody_else_has() {
        let (record, glen) = record();
        let morag = glen.person("morag").unwrap();
        let number = morag.local_id(Organisation::find(KEEPER).unwrap());
        let token = format!("identifier={}%7C{number}&_count=2", SYSTEM.replace(':', "%3A"));
        let found = record.search("/fhir/Patient/_search", &form(&token)).unwrap();
        let id = found.pointer("/entry/0/resource/id").and_then(Value::as_str).unwrap();
        for kind in ["Condition", "Observation"] {
            let path = format!("/fhir/{kind}/_search");
            let found = record.search(&path, &form(&format!("patient=Patient%2F{id}"))).unwrap();
            let resource = &found["entry"][0]["resource"];
            assert_eq!(resource["subject"]["reference"], format!("Patient/{id}"));
            assert!(resource.to_string().contains(MADE_UP), "{resource}");
            let nobody = record.search(&path, &form("patient=Patient%2Fp999999")).unwrap();
            assert_eq!(nobody["entry"], json!([]));
        }
        let nobody = record.search("/fhir/Patient/_search", &form("identifier=x%7C1")).unwrap();
        assert_eq!(nobody["entry"], json!([]));
        assert_eq!(record.search("/fhir/Basic/_search", &form("")), None);
    }
}
