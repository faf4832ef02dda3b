//! The stylesheets, the typeface and the sign, embedded by `build.rs`.
//!
//! An address contains its content's SHA-256, so a browser may keep it for good.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// One embedded file.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Its name, as the code asks for it.
    pub(crate) name: &'static str,
    /// Its address, which changes with its content.
    pub(crate) address: &'static str,
    /// Its media type.
    kind: &'static str,
    body: &'static [u8],
}

/// Every embedded file.
pub(crate) const ALL: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The address of an embedded file; the site's root for a name that is not embedded, which the
/// unit test rules out.
pub(crate) fn address(name: &str) -> &'static str {
    ALL.iter().find(|asset| asset.name == name).map_or("/", |asset| asset.address)
}

/// Serves one file; never anything but what is embedded.
pub(crate) async fn serve(Path(file): Path<String>) -> Response {
    let found = ALL.iter().find(|asset| asset.address.strip_prefix("/static/") == Some(&*file));
    match found {
        Some(asset) => {
            let keep = "public, max-age=31536000, immutable";
            let headers = [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, keep)];
            (headers, asset.body).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pages_ask_for_is_embedded() {
        for name in ["system.css", "care.css", "ken.svg", "roboto-latin.woff2"] {
            assert!(address(name).starts_with("/static/"), "{name}");
            assert!(address(name).ends_with(name), "{name}");
        }
        assert_eq!(address("absent.css"), "/");
    }

    #[test]
    fn stylesheets_load_nothing_from_outside() {
        for asset in ALL.iter().filter(|asset| asset.kind.starts_with("text/css")) {
            let sheet = std::str::from_utf8(asset.body).unwrap();
            assert!(sheet.len() > 4_000, "{} is too short to be whole", asset.name);
            for absent in ["data:", "http:", "https:", "@import", "url(\"", "{roboto"] {
                assert!(!sheet.contains(absent), "{} has {absent}", asset.name);
            }
        }
    }
}
