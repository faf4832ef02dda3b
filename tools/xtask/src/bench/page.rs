//! The load on the person page: a practitioner's browser, sixteen times over.
//!
//! The people are those that the MLLP load has just made, so that the practitioner's organisation
//! has a live relationship with each; every page is decided, entered in the ledger and read.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::http::{Answer, Client};
use super::mllp::Made;
use super::sample::Samples;
use crate::watch::Watch;

/// The role, in the demo's words, whose organisation sends the messages of the load and needs no
/// words affirmed.
const ROLES: &[&str] = &["Charge nurse"];
/// The purpose under which the pages are opened.
const PURPOSE: &str = "direct-care";
/// At most this many pages, whatever the time allows.
const PAGES_MAX: usize = 1_000_000;

/// The account's name whose role can open the pages.
pub(super) fn practitioner(accounts: &[serde_json::Value]) -> Option<&str> {
    let text = |account: &serde_json::Value, key: &str| {
        account.get(key).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    let fits = |role: &&str| accounts.iter().find(|account| text(account, "role") == *role);
    ROLES.iter().find_map(fits).and_then(|account| account.get("name")?.as_str())
}

/// Signs in by the demonstration's button.
pub(super) fn sign_in(target: SocketAddr, name: &str) -> Result<Client> {
    let mut client = Client::connect(target)?;
    let page = client.get("/sign-in")?;
    let mut forms = page.body.split("<form").skip(1);
    let button = format!("Sign in as {name}<");
    let form = forms.find(|form| form.contains(&button)).context("no button for the account")?;
    let account = hidden(form, "account").context("a button without an account")?;
    let csrf = hidden(form, "csrf").context("a form without a token")?;
    let fields = [("csrf", csrf.as_str()), ("account", account.as_str())];
    let entered = client.post("/sign-in/demo", &fields)?;
    ensure!(entered.status == 303, "signing in was answered {}", entered.status);
    Ok(client)
}

/// Looks people up by their number, as the page's form does, and keeps the ways to their pages.
pub(super) fn find(client: &mut Client, people: &[&Made]) -> Result<Vec<String>> {
    let mut pages = Vec::with_capacity(people.len());
    for made in people {
        let form = client.get("/w/find")?;
        let csrf = hidden(&form.body, "csrf").context("a form without a token")?;
        let found = client.post("/w/find", &[("csrf", &csrf), ("number", &made.number)])?;
        let way = way(client, found);
        pages.push(way.with_context(|| format!("person {} of the load", pages.len() + 1))?);
    }
    Ok(pages)
}

/// The way to somebody's chronology, filtered to one kind and read from its oldest, from the way to
/// their page.
pub(super) fn filtered(page: &str) -> String {
    format!("{}&kind=chronology&order=oldest", page.replacen('?', "/chronology?", 1))
}

/// Follows what leads from a search to the person page, at most this far.
fn way(client: &mut Client, mut answer: Answer) -> Result<String> {
    const STEPS_MAX: usize = 4;
    for _ in 0..STEPS_MAX {
        let next = match answer.location.take() {
            Some(path) if path.starts_with("/w/p/") => {
                return Ok(format!("{path}?purpose={PURPOSE}"));
            }
            Some(path) => path,
            None => match link(&answer.body) {
                Some(next) => next,
                None => bail!("the search leads to nobody: answered {}", answer.status),
            },
        };
        answer = client.get(&next)?;
    }
    bail!("the search leads nowhere in {STEPS_MAX} steps")
}

/// The first link to somebody who was found.
fn link(body: &str) -> Option<String> {
    let from = body.find("href=\"/w/find/h/")? + "href=\"".len();
    let rest = body.get(from..)?;
    Some(rest.get(..rest.find('"')?)?.replace("&amp;", "&"))
}

/// Opens the pages in turn on many connections until the time is over.
pub(super) fn open(
    signed_in: &Client,
    pages: &[String],
    connections: usize,
    time: Duration,
) -> Result<Samples> {
    let next = AtomicUsize::new(0);
    let watch = Watch::start();
    let reader = || -> Result<Vec<Duration>> {
        let mut client = signed_in.again()?;
        let mut took = Vec::new();
        while watch.elapsed() < time {
            let count = next.fetch_add(1, Ordering::Relaxed);
            let Some(page) = pages.get(count % pages.len().max(1)).filter(|_| count < PAGES_MAX)
            else {
                break;
            };
            let one = Watch::start();
            let answer = client.get(page)?;
            took.push(one.elapsed());
            ensure!(answer.status == 200, "a page was answered {}", answer.status);
        }
        Ok(took)
    };
    let each = thread::scope(|scope| {
        let readers: Vec<_> = (0..connections).map(|_| scope.spawn(reader)).collect();
        readers.into_iter().map(|reader| reader.join().ok()).collect::<Vec<_>>()
    });
    let mut samples = Samples::default();
    for reader in each {
        reader.context("a reader stopped")??.into_iter().for_each(|one| samples.push(one));
    }
    samples.took(watch.elapsed());
    Ok(samples)
}

/// The value of a hidden field.
fn hidden(form: &str, name: &str) -> Option<String> {
    let inputs = form.split("<input").skip(1);
    let input = inputs
        .filter_map(|input| input.split('>').next())
        .find(|input| input.contains(&format!("name=\"{name}\"")))?;
    let value = input.split("value=\"").nth(1)?;
    Some(value.split('"').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_links_are_read_from_a_page() {
        let page = "<form action=\"/a\"><input type=\"hidden\" name=\"csrf\" value=\"abc\">\
                    <input name=\"x\"></form><a href=\"/w/find/h/1?a=1&amp;b=2\">A</a>";
        assert_eq!(hidden(page, "csrf").as_deref(), Some("abc"));
        assert_eq!(hidden(page, "x"), None);
        assert_eq!(link(page).as_deref(), Some("/w/find/h/1?a=1&b=2"));
        assert_eq!(link("<a href=\"/w/find\">"), None);
    }

    #[test]
    fn a_chronology_is_beside_the_page() {
        let want = "/w/p/x/chronology?purpose=direct-care&kind=chronology&order=oldest";
        assert_eq!(filtered("/w/p/x?purpose=direct-care"), want);
    }

    #[test]
    fn the_practitioner_is_chosen_by_role() {
        let account = |name: &str, role: &str| serde_json::json!({ "name": name, "role": role });
        let accounts = [account("A", "Teacher"), account("B", "GP"), account("C", "Charge nurse")];
        assert_eq!(practitioner(&accounts), Some("C"));
        assert_eq!(practitioner(accounts.get(..1).unwrap_or_default()), None);
    }
}
