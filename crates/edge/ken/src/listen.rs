//! Taking an address to listen on, and saying plainly when another has it.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::trouble::{NOTHING_DONE, Trouble};

/// Takes an address. `what` is what is served there; `flag` is how to choose another.
pub(crate) async fn take(at: SocketAddr, what: &str, flag: &str) -> Result<TcpListener, Trouble> {
    TcpListener::bind(at).await.map_err(|error| {
        let (code, happened) = match error.kind() {
            ErrorKind::AddrInUse => (
                "ken.address-in-use",
                format!("Address in use: something else already listens on {at} ({what})."),
            ),
            ErrorKind::PermissionDenied => {
                ("ken.address-refused", format!("This account may not listen on {at} ({what})."))
            }
            _ => ("ken.address", format!("Ken cannot listen on {at} ({what}).")),
        };
        let next = format!("Stop the other program, or choose another address with {flag}.");
        Trouble::new(code, happened, NOTHING_DONE, next).because(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_in_use_is_said_plainly() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let first = take(any, "pages", "--listen").await.unwrap();
        let at = first.local_addr().unwrap();
        let trouble = take(at, "pages", "--listen").await.unwrap_err();
        assert_eq!(trouble.code(), "ken.address-in-use");
        let shown = trouble.to_string();
        assert!(shown.contains("Address in use") && shown.contains("--listen"), "{shown}");
    }
}
