//! A browser without scripts, by hand over a socket: it keeps cookies, follows redirects within the
//! site, and remembers every line of every head that it was sent.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use crate::wire::connect;

/// Redirects in a row, at most.
const STEPS_MAX: usize = 5;

/// A browser.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    http: String,
    cookies: BTreeMap<String, String>,
    /// The heads of all answers.
    pub(crate) heads: String,
}

/// What came back in the end.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) path: String,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) fn new(http: &str) -> Self {
        Self { http: http.to_owned(), cookies: BTreeMap::new(), heads: String::new() }
    }

    /// Signs in by the demonstration's button.
    pub(crate) fn sign_in(http: &str, name: &str) -> Self {
        let mut browser = Self::new(http);
        let page = browser.get("/sign-in");
        let button = format!("Sign in as {name}<");
        let form = page.body.split("<form").find(|form| form.contains(&button)).unwrap();
        let (csrf, account) = (hidden(form, "csrf").unwrap(), hidden(form, "account").unwrap());
        let page = browser.post("/sign-in/demo", &[("csrf", &csrf), ("account", &account)]);
        assert_eq!(page.status, 200, "{}", page.body);
        browser
    }

    /// The site is elsewhere now; cookies stay.
    pub(crate) fn moved(&mut self, http: &str) {
        self.http = http.to_owned();
    }

    pub(crate) fn get(&mut self, path: &str) -> Page {
        self.ask("GET", path, None)
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let pair = |(name, value): &(&str, &str)| format!("{name}={}", escaped(value));
        let form = fields.iter().map(pair).collect::<Vec<_>>().join("&");
        self.ask("POST", path, Some(&form))
    }

    /// Sends a page's form with its hidden fields, and these.
    pub(crate) fn submit(&mut self, page: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
        let start = format!("action=\"{action}\"");
        let form = page.body.split("<form").find(|form| form.contains(&start));
        let form = form.unwrap_or_else(|| panic!("no form to {action}:\n{}", page.body));
        let form = form.split("</form>").next().unwrap();
        let names = ["csrf", "purpose", "seen", "t", "p", "account"];
        let found: Vec<_> =
            names.iter().filter_map(|name| Some((*name, hidden(form, name)?))).collect();
        let mut all: Vec<_> = found.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend(fields);
        self.post(action, &all)
    }

    pub(crate) fn ask(&mut self, verb: &str, path: &str, form: Option<&str>) -> Page {
        let (mut verb, mut path, mut form) = (verb.to_owned(), path.to_owned(), form);
        for _ in 0..STEPS_MAX {
            let (status, head, body) = self.once(&verb, &path, form);
            let to = head.lines().find_map(|line| line.strip_prefix("location: "));
            match to.filter(|to| to.starts_with('/')) {
                Some(to) => (verb, path, form) = ("GET".to_owned(), to.to_owned(), None),
                None => return Page { status, path, body },
            }
        }
        panic!("redirects without end");
    }

    fn once(&mut self, verb: &str, path: &str, form: Option<&str>) -> (u16, String, String) {
        let mut stream = connect(&self.http);
        let cookies: Vec<_> = self.cookies.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let form = form.unwrap_or_default();
        write!(
            stream,
            "{verb} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.http,
            cookies.join("; "),
            form.len()
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        self.heads.push_str(head);
        self.heads.push('\n');
        for set in head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")) {
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            if set.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_owned(), body.to_owned())
    }
}

/// The first link of a page that begins so.
pub(crate) fn link(page: &Page, start: &str) -> String {
    let from = page.body.split_once(&format!("href=\"{start}"));
    let (_, rest) = from.unwrap_or_else(|| panic!("no link to {start}:\n{}", page.body));
    format!("{start}{}", rest.split('"').next().unwrap()).replace("&amp;", "&")
}

/// The token of this browser, as a page's form has it.
pub(crate) fn token(page: &Page) -> String {
    let of = page.body.split("<form").find_map(|form| hidden(form, "csrf"));
    of.unwrap_or_else(|| panic!("no form with a token:\n{}", page.body))
}

fn hidden(form: &str, name: &str) -> Option<String> {
    let wanted = format!("name=\"{name}\"");
    let mut inputs = form.split("<input").filter_map(|input| input.split('>').next());
    let input = inputs.find(|input| input.contains(&wanted) && input.contains("hidden"))?;
    Some(input.split("value=\"").nth(1)?.split('"').next()?.replace("&amp;", "&"))
}

fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}
