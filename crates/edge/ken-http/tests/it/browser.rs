//! A browser without scripts: it keeps cookies, follows redirects, and sends forms as it found
//! them, hidden fields and all.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use tower::ServiceExt as _;

/// Longest answer a test reads, in bytes.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// A browser.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    cookies: BTreeMap<String, String>,
}

/// What came back, after redirects within the site.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// The same as it came, where it is no text.
    pub(crate) bytes: Vec<u8>,
    /// Where the last redirect led.
    pub(crate) path: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn assert_has(&self, wants: &[&str]) {
        for want in wants {
            assert!(
                self.body.contains(want),
                "{want:?} is absent from {}:\n{}",
                self.path,
                self.body
            );
        }
    }

    #[track_caller]
    pub(crate) fn assert_lacks(&self, wants: &[&str]) {
        for want in wants {
            assert!(!self.body.contains(want), "{want:?} is in {}:\n{}", self.path, self.body);
        }
    }

    /// The form that goes to `action`, with these fields filled in, as a browser sends it.
    pub(crate) fn filled(&self, action: &str, filled: &[(&str, &str)]) -> String {
        let hidden = self.hidden(action);
        assert!(!hidden.is_empty(), "{} has no form to {action}:\n{}", self.path, self.body);
        let hidden = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs = hidden.chain(filled.iter().copied());
        let form: Vec<_> =
            pairs.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        form.join("&")
    }

    /// The hidden fields of the form that goes to `action`.
    pub(crate) fn hidden(&self, action: &str) -> Vec<(String, String)> {
        let start = format!("action=\"{action}\"");
        let form = self.body.split_once(&start).map_or("", |(_, rest)| rest);
        let form = form.split("</form>").next().unwrap_or_default();
        let attribute = |tag: &str, name: &str| {
            let (_, rest) = tag.split_once(&format!("{name}=\""))?;
            Some(rest.split('"').next().unwrap_or_default().replace("&amp;", "&"))
        };
        form.split("<input")
            .filter(|tag| tag.contains("type=\"hidden\""))
            .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)))
            .collect()
    }
}

impl Browser {
    pub(crate) fn new(router: Router) -> Self {
        Self { router, cookies: BTreeMap::new() }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// One request, not followed.
    pub(crate) async fn send(&mut self, method: Method, path: &str, form: Option<&str>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if form.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let request = request.body(Body::from(form.unwrap_or_default().to_owned())).unwrap();
        self.raw(request).await
    }

    /// Asks in FHIR, with the token of a page; not followed.
    pub(crate) async fn ask(&mut self, path: &str, csrf: &str, body: &str) -> Answer {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/fhir+json")
            .header("ken-csrf", csrf)
            .body(Body::from(body.to_owned()));
        self.raw(request.unwrap()).await
    }

    /// One request as it is, with our cookies after its own; not followed.
    pub(crate) async fn raw(&mut self, mut request: Request<Body>) -> Answer {
        let path = request.uri().to_string();
        let cookies: Vec<_> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        if !cookies.is_empty() {
            let cookies = cookies.join("; ").parse().unwrap();
            request.headers_mut().append(header::COOKIE, cookies);
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let (pair, rest) = set.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.set_cookie(name, value);
            }
        }
        let bytes = to_bytes(body, ANSWER_MAX).await.unwrap().to_vec();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, body, bytes, path }
    }

    /// A page, following redirects within the site.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        let answer = self.send(Method::GET, path, None).await;
        self.follow(answer).await
    }

    async fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..5 {
            let to = answer.headers.get(header::LOCATION).map(|to| to.to_str().unwrap().to_owned());
            match to.filter(|to| to.starts_with('/')) {
                Some(to) => answer = self.send(Method::GET, &to, None).await,
                None => return answer,
            }
        }
        panic!("redirects without end");
    }

    /// Sends the form of `page` that goes to `action`, with these fields filled in.
    pub(crate) async fn submit(
        &mut self,
        page: &Answer,
        action: &str,
        filled: &[(&str, &str)],
    ) -> Answer {
        let answer = self.send(Method::POST, action, Some(&page.filled(action, filled))).await;
        self.follow(answer).await
    }
}

fn encoded(value: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let code = |byte: u8| match byte {
        byte if plain(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    value.bytes().map(code).collect()
}
