//! `OperationOutcome`: why there is no answer, for whoever asks in FHIR.
//!
//! Source: FHIR R4, `OperationOutcome`, and the value set `issue-type`.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::stop::Stop;

/// How FHIR names its JSON.
pub(crate) const JSON: &str = "application/fhir+json";
/// Where what is FHIR begins.
const ROOT: &str = "/fhir/";

/// Whether a request is asked in FHIR: its address is one of FHIR's, and its body no form.
pub(crate) fn is_asked(request: &Request) -> bool {
    let kind = kind(request.headers());
    let is_fhir = is_json(request.headers()) || kind.starts_with("application/fhir");
    request.uri().path().starts_with(ROOT) && is_fhir
}

/// Whether a body is said to be JSON, FHIR's own or any.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    [JSON, "application/json"].contains(&kind(headers).as_str())
}

/// What a body is said to be, in small letters and without what follows.
fn kind(headers: &HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().to_ascii_lowercase()
}

/// A resource as an answer.
pub(crate) fn answer(status: StatusCode, resource: &Value) -> Response {
    let kind = format!("{JSON}; charset=utf-8");
    (status, [(header::CONTENT_TYPE, kind)], resource.to_string()).into_response()
}

/// One issue: its code of the value set, and what it means in words.
pub(crate) fn issue(severity: &str, code: &str, words: &str) -> Value {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{ "severity": severity, "code": code, "details": { "text": words } }],
    })
}

/// That a request was not answered.
pub(crate) fn refused(status: StatusCode, code: &str, words: &str) -> Response {
    answer(status, &issue("error", code, words))
}

/// The same for what every route may say; `status` is what a form would be told.
pub(crate) fn of_stop(stop: &Stop, status: StatusCode) -> Response {
    let (title, happened, _) = stop.words();
    let words = if *stop == Stop::ChooseRole {
        "Choose the role in which you ask.".to_owned()
    } else {
        format!("{title}. {happened}")
    };
    let (status, code) = match stop {
        Stop::SignIn => (StatusCode::UNAUTHORIZED, "login"),
        Stop::ChooseRole => (StatusCode::FORBIDDEN, "forbidden"),
        Stop::NotFound => (status, "not-found"),
        Stop::StaleForm | Stop::OtherRole => (status, "security"),
        Stop::BadForm if status == StatusCode::PAYLOAD_TOO_LARGE => (status, "too-long"),
        Stop::BadForm if status == StatusCode::UNSUPPORTED_MEDIA_TYPE => (status, "not-supported"),
        Stop::BadForm => (status, "invalid"),
        Stop::Busy | Stop::Slow | Stop::Unsure => (status, "transient"),
        Stop::Full => (status, "no-store"),
        Stop::Fault(_) => (status, "exception"),
    };
    refused(status, code, &words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_from_a_form() {
        let check = |kind: &str, want: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            assert_eq!(is_json(&headers), want, "{kind}");
        };
        check("application/fhir+json", true);
        check("Application/FHIR+JSON; charset=utf-8; fhirVersion=4.0", true);
        check("application/json", true);
        check("application/jsonx", false);
        check("application/x-www-form-urlencoded", false);
        check("", false);
        assert!(!is_json(&HeaderMap::new()));
    }
}
