//! The address that a request came from, behind a proxy as well.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::App;

/// Most addresses of a chain of proxies that are looked at.
const HOPS_MAX: usize = 16;

/// The address of whoever asks, as far as it can be trusted.
///
/// It is the socket's, unless that is a proxy which the operator named: then the last address of
/// `X-Forwarded-For` that is none of those proxies. What a stranger writes before it counts for
/// nothing, because each proxy adds at the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl FromRequestParts<App> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let socket = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let socket = socket.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |from| from.0.ip());
        Ok(Self(behind(socket, &parts.headers, &app.site().proxies)))
    }
}

fn behind(socket: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let is_ours = |address: IpAddr| proxies.contains(&address.to_canonical());
    if !is_ours(socket) {
        return socket.to_canonical();
    }
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let hops: Vec<_> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut last = socket.to_canonical();
    for hop in hops.into_iter().rev().take(HOPS_MAX) {
        // Whoever wrote what cannot be read stands behind the last one that could be.
        let Some(address) = parse(hop) else { break };
        last = address;
        if !is_ours(address) {
            break;
        }
    }
    last
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn parse(hop: &str) -> Option<IpAddr> {
    let address = hop.parse().or_else(|_| hop.parse::<SocketAddr>().map(|with| with.ip()));
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    address.or_else(|_| bare.parse()).ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_named_proxy_is_believed() {
        let proxies = ["10.0.0.1", "10.0.0.2"].map(|proxy| proxy.parse().unwrap());
        let check = |socket: &str, said: &[&'static str], want: &str| {
            let mut headers = HeaderMap::new();
            for line in said {
                headers.append("x-forwarded-for", (*line).parse().unwrap());
            }
            let found = behind(socket.parse().unwrap(), &headers, &proxies);
            assert_eq!(found, want.parse::<IpAddr>().unwrap(), "{socket} {said:?}");
        };
        check("203.0.113.9", &[], "203.0.113.9");
        check("203.0.113.9", &["198.51.100.1"], "203.0.113.9");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        // What the sender wrote stands before what the proxy added.
        check("10.0.0.1", &["1.2.3.4, 198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &["1.2.3.4", "198.51.100.1, 10.0.0.2"], "198.51.100.1");
        check("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1");
        check("10.0.0.1", &["[2001:db8::1]"], "2001:db8::1");
        check("10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1");
        check("10.0.0.1", &["unknown"], "10.0.0.1");
        check("10.0.0.1", &["1.2.3.4, unknown, 10.0.0.2"], "10.0.0.2");
    }
}
