//! One question and one answer over HTTP/1.1, on whatever connection.
//!
//! # Invariants
//!
//! - Who is asked about stands in the body; the address says the type alone.
//! - Head, body and number of headers have stated maxima; a redirection is followed nowhere; an
//!   answer whose end is not told is not taken.
//!
//! Source: RFC 9112.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::Fault;

/// Longest head of an answer, in bytes, and most headers in it. House policy.
const HEAD_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 64;
/// Longest body, in bytes. House policy: a hundred resources without documents, with room.
const BODY_MAX: usize = 1 << 20;
/// Longest answer with what parts it into chunks.
const ANSWER_MAX: usize = 2 * BODY_MAX;
/// How much is read at a time.
const STEP: usize = 64 * 1024;

/// A search.
pub(super) struct Request<'a> {
    /// The host, as an address writes it.
    pub(super) place: &'a str,
    /// The path.
    pub(super) path: &'a str,
    /// What is said in `Authorization`.
    pub(super) authorization: Option<&'a str>,
    /// What is searched for, by name.
    pub(super) form: &'a [(&'a str, &'a str)],
}

impl Request<'_> {
    /// The bytes of it.
    fn to_bytes(&self) -> Vec<u8> {
        let pair = |(name, value): &(&str, &str)| format!("{name}={}", encoded(value));
        let body: Vec<_> = self.form.iter().map(pair).collect();
        let body = body.join("&");
        let said = self.authorization.map(|said| format!("Authorization: {said}\r\n"));
        let (said, length) = (said.unwrap_or_default(), body.len());
        format!(
            "POST {path} HTTP/1.1\r\nHost: {place}\r\nAccept: application/fhir+json\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\
             {said}Connection: close\r\n\r\n{body}",
            path = self.path,
            place = self.place,
        )
        .into_bytes()
    }
}

/// A value of a form: whatever is no plain sign is written by its bytes.
fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(u32::from(digit), 16).map(|c| c.to_ascii_uppercase()));
            }
        }
    }
    out
}

/// Asks, and gives the body of the answer.
pub(super) async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &Request<'_>,
) -> Result<Vec<u8>, Fault> {
    stream.write_all(&request.to_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::with_capacity(STEP);
    loop {
        answer.reserve(STEP);
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(Fault::Silent);
        }
        if answer.len() > ANSWER_MAX {
            return Err(Fault::Wrong);
        }
        if let Some(body) = body_of(&answer)? {
            return Ok(body);
        }
    }
}

/// The body of an answer, as soon as all of it is there.
fn body_of(answer: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let head = match response.parse(answer) {
        Ok(httparse::Status::Complete(head)) if head <= HEAD_MAX => head,
        Ok(httparse::Status::Partial) if answer.len() <= HEAD_MAX => return Ok(None),
        _ => return Err(Fault::Wrong),
    };
    match response.code {
        Some(200) => {}
        Some(408 | 429 | 500..=599) => return Err(Fault::Silent),
        _ => return Err(Fault::Wrong),
    }
    let kind = one(response.headers, "content-type")?.unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kinds = ["application/fhir+json", "application/json"];
    if !kinds.iter().any(|one| one.eq_ignore_ascii_case(kind)) {
        return Err(Fault::Wrong);
    }
    let body = answer.get(head..).unwrap_or_default();
    let coding = one(response.headers, "transfer-encoding")?;
    match (coding, one(response.headers, "content-length")?) {
        (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => chunks(body),
        (None, Some(length)) => {
            let length = length.parse().ok().filter(|length| *length <= BODY_MAX);
            Ok(body.get(..length.ok_or(Fault::Wrong)?).map(<[u8]>::to_vec))
        }
        _ => Err(Fault::Wrong),
    }
}

/// The value of a header that may stand once.
fn one<'h>(headers: &[httparse::Header<'h>], name: &str) -> Result<Option<&'h str>, Fault> {
    let mut of = headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
    let Some(first) = of.next() else { return Ok(None) };
    if of.next().is_some() {
        return Err(Fault::Wrong);
    }
    std::str::from_utf8(first.value).map(Some).map_err(|_| Fault::Wrong)
}

/// A body that comes in chunks, as soon as the last is there.
fn chunks(mut rest: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
    // Only then can the last be there.
    if !rest.ends_with(b"\r\n\r\n") {
        return if rest.len() > ANSWER_MAX { Err(Fault::Wrong) } else { Ok(None) };
    }
    let mut body = Vec::new();
    loop {
        let (start, size) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(of)) => of,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(Fault::Wrong),
        };
        let room = BODY_MAX - body.len();
        let size = usize::try_from(size).ok().filter(|size| *size <= room);
        let size = size.ok_or(Fault::Wrong)?;
        if size == 0 {
            return Ok(Some(body));
        }
        let Some((chunk, after)) = rest.get(start..).and_then(|rest| rest.split_at_checked(size))
        else {
            return Ok(None);
        };
        body.extend_from_slice(chunk);
        match after.split_at_checked(2) {
            Some((b"\r\n", after)) => rest = after,
            Some(_) => return Err(Fault::Wrong),
            None => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json; charset=utf-8\r\n";

    fn read(text: &str) -> Result<Option<String>, Fault> {
        let body = body_of(text.as_bytes())?;
        Ok(body.map(|body| String::from_utf8(body).unwrap()))
    }

    #[test]
    fn who_is_asked_about_stands_in_the_body_alone() {
        let form = [("identifier", "https://gp.example/id|7&x=1\r\n"), ("_count", "2")];
        let request = Request {
            place: "gp.example",
            path: "/fhir/Patient/_search",
            authorization: Some("Bearer word"),
            form: &form,
        };
        let text = String::from_utf8(request.to_bytes()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /fhir/Patient/_search HTTP/1.1\r\nHost: gp.example\r\n"));
        assert!(head.contains("\r\nAuthorization: Bearer word\r\n"), "{head}");
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
        let want = "identifier=https%3A%2F%2Fgp.example%2Fid%7C7%26x%3D1%0D%0A&_count=2";
        assert_eq!(body, want);
        assert!(!head.contains("identifier"), "{head}");
    }

    #[test]
    fn an_answer_is_whole_or_not_yet_there_or_wrong() {
        let whole = format!("{HEAD}Content-Length: 2\r\n\r\n{{}}");
        assert_eq!(read(&whole), Ok(Some("{}".into())));
        let parted = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n1;a=b\r\n}}\r\n");
        let parted = format!("{parted}0\r\n\r\n");
        assert_eq!(read(&parted), Ok(Some("{}".into())));
        for text in [&whole, &parted] {
            for end in 0..text.len() {
                assert_eq!(read(&text[..end]), Ok(None), "{end} of {text}");
            }
        }
        let check = |text: &str, want: Fault| assert_eq!(read(text), Err(want), "{text}");
        check(&whole.replace("200 OK", "302 Found"), Fault::Wrong);
        check(&whole.replace("200 OK", "401 No"), Fault::Wrong);
        check(&whole.replace("200 OK", "503 Busy"), Fault::Silent);
        check(&whole.replace("fhir+json", "fhir+xml"), Fault::Wrong);
        check(&format!("{HEAD}\r\n{{}}"), Fault::Wrong);
        check(&format!("{HEAD}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{{}}"), Fault::Wrong);
        let both = format!("{HEAD}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{{}}");
        check(&both, Fault::Wrong);
        let long = format!("{HEAD}Content-Length: {}\r\n\r\n", BODY_MAX + 1);
        check(&long, Fault::Wrong);
        check(&format!("{HEAD}Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n\r\n"), Fault::Wrong);
        check(&format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n\r\n"), Fault::Wrong);
        check(&"x".repeat(HEAD_MAX + 1), Fault::Wrong);
        let many = "A: b\r\n".repeat(HEADERS_MAX + 1);
        check(&format!("{HEAD}{many}\r\n"), Fault::Wrong);
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_none() {
        let request = Request { place: "a", path: "/", authorization: None, form: &[] };
        for (answer, want) in [
            (format!("{HEAD}Content-Length: 2\r\n\r\n{{}}"), Ok(b"{}".to_vec())),
            (format!("{HEAD}Content-Length: 3\r\n\r\n{{}}"), Err(Fault::Silent)),
            (String::new(), Err(Fault::Silent)),
        ] {
            let mut stream = tokio::io::join(answer.as_bytes(), tokio::io::sink());
            assert_eq!(exchange(&mut stream, &request).await, want, "{answer}");
        }
    }
}
