//! Cookies: two of them, both strictly necessary, neither readable by a script.
//!
//! `ken-session` holds the session's secret; `ken-form` binds the forms of someone who has not
//! signed in yet (the sign-in page) to their browser.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::Site;

/// The signed-in browser's secret.
pub(crate) const SESSION: &str = "ken-session";
/// The secret of a browser that has not signed in.
pub(crate) const FORM: &str = "ken-form";
/// Longest value we accept, in bytes: twice what we issue (43 characters of base 64).
const VALUE_LEN_MAX: usize = 86;

/// Finds a cookie's value in a request.
pub(crate) fn find<'h>(headers: &'h HeaderMap, site: &Site, name: &str) -> Option<&'h str> {
    let name = site.cookie_name(name);
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    pairs
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(have, _)| *have == name)
        .map(|(_, value)| value)
        .filter(|value| !value.is_empty() && value.len() <= VALUE_LEN_MAX)
}

/// The `Set-Cookie` header that gives a browser `value`, until it closes.
///
/// `SameSite=Lax`: a link from another page may open Ken signed in, but no other site can post a
/// form with our cookie. `HttpOnly`: no script can read it.
pub(crate) fn set(site: &Site, name: &str, value: &str) -> Option<HeaderValue> {
    let secure = if site.secure { "; Secure" } else { "" };
    let name = site.cookie_name(name);
    HeaderValue::try_from(format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}")).ok()
}

/// The `Set-Cookie` header that takes a cookie away.
pub(crate) fn clear(site: &Site, name: &str) -> Option<HeaderValue> {
    let secure = if site.secure { "; Secure" } else { "" };
    let name = site.cookie_name(name);
    let text = format!("{name}=; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age=0");
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let check = |line: &str, want: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(line).unwrap());
            assert_eq!(find(&headers, &sample::site(), SESSION), want, "{line}");
        };
        check("ken-session=abc", Some("abc"));
        check("other=1; ken-session=abc; more=2", Some("abc"));
        check("not-ken-session=abc", None);
        check("ken-session=", None);
        check("ken-session", None);
        check(&format!("ken-session={}", "x".repeat(87)), None);
    }

    #[test]
    fn a_secure_site_prefixes_and_marks_its_cookies() {
        let mut site = sample::site();
        let plain = set(&site, SESSION, "v").unwrap();
        assert_eq!(plain, "ken-session=v; Path=/; HttpOnly; SameSite=Lax");
        site.secure = true;
        let secure = set(&site, SESSION, "v").unwrap();
        assert_eq!(secure, "__Host-ken-session=v; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert!(clear(&site, SESSION).unwrap().to_str().unwrap().ends_with("Max-Age=0"));
    }
}
