//! Who is asking, through proxies that are trusted to say.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use poem::{Addr, Request};

use crate::domain::ClientAddress;

/// Proxies whose `X-Forwarded-For`, `-Host` and `-Proto` are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    /// Where they are.
    pub networks: Vec<IpNet>,
    /// Whether those are that come by a Unix socket.
    pub unix: bool,
}

impl TrustedProxies {
    fn include(&self, address: ClientAddress) -> bool {
        match address {
            ClientAddress::Ip(ip) => self.networks.iter().any(|network| network.contains(&ip)),
            ClientAddress::Unix => self.unix,
        }
    }
}

/// The client's address: the peer's, or behind trusted proxies the right-most untrusted hop.
///
/// Everything to the left of that hop was written by the client itself and proves nothing.
pub(super) fn of(request: &Request, trusted: &TrustedProxies) -> Option<ClientAddress> {
    let peer = peer(request)?;
    let mut hops: Vec<&[u8]> = Vec::new();
    for line in request.headers().get_all("x-forwarded-for") {
        hops.extend(line.as_bytes().split(|byte| *byte == b','));
    }
    Some(client(peer, &hops, trusted))
}

/// Whether a trusted proxy has handed the request on.
pub(super) fn has_trusted_peer(request: &Request, trusted: &TrustedProxies) -> bool {
    peer(request).is_some_and(|peer| trusted.include(peer))
}

/// Whether somebody who is not trusted to do so says that the request comes from elsewhere: most
/// often a proxy that the settings forgot, so that all clients behind it look like one.
pub(super) fn is_disputed(request: &Request, trusted: &TrustedProxies) -> bool {
    request.headers().contains_key("x-forwarded-for") && !has_trusted_peer(request, trusted)
}

fn peer(request: &Request) -> Option<ClientAddress> {
    match &request.remote_addr().0 {
        Addr::SocketAddr(peer) => Some(ClientAddress::Ip(peer.ip().to_canonical())),
        Addr::Unix(_) => Some(ClientAddress::Unix),
        Addr::Custom(..) => None,
    }
}

fn client(peer: ClientAddress, hops: &[&[u8]], trusted: &TrustedProxies) -> ClientAddress {
    let mut client = peer;
    for hop in hops.iter().rev() {
        if !trusted.include(client) {
            break;
        }
        // A hop that is no address hides whoever stands before it: the proxy is all we know.
        let Some(ip) = std::str::from_utf8(hop).ok().and_then(address) else {
            break;
        };
        client = ClientAddress::Ip(ip.to_canonical());
    }
    client
}

/// An address, or one with a port as some load balancers write it.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    hop.parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(unix: bool) -> TrustedProxies {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        TrustedProxies {
            networks: networks.to_vec(),
            unix,
        }
    }

    fn ip(address: &str) -> ClientAddress {
        ClientAddress::Ip(address.parse().unwrap())
    }

    fn seen(peer: &str, forwarded: &str) -> String {
        let hops: Vec<_> = forwarded.as_bytes().split(|byte| *byte == b',').collect();
        client(ip(peer), &hops, &trusted(false)).to_string()
    }

    #[test]
    fn a_stranger_cannot_name_another_address() {
        assert_eq!(seen("203.0.113.9", "198.51.100.1"), "203.0.113.9");
    }

    #[test]
    fn behind_trusted_proxies_the_right_most_untrusted_hop_counts() {
        assert_eq!(
            seen("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.2"),
            "198.51.100.1"
        );
        assert_eq!(seen("fd00::1", "2001:db8::7"), "2001:db8::7");
        assert_eq!(seen("10.0.0.1", ""), "10.0.0.1");
    }

    #[test]
    fn a_hop_that_is_no_address_ends_the_walk() {
        assert_eq!(
            seen("10.0.0.1", "198.51.100.1, unknown, 10.0.0.2"),
            "10.0.0.2"
        );
    }

    #[test]
    fn a_port_behind_an_address_is_left_out() {
        assert_eq!(seen("10.0.0.1", "198.51.100.1:4711"), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", "[2001:db8::7]:4711"), "2001:db8::7");
    }

    #[test]
    fn bytes_that_are_no_text_hide_only_what_stands_before_them() {
        let hops: [&[u8]; 2] = [b"\xff", b" 198.51.100.1"];

        let client = client(ip("10.0.0.1"), &hops, &trusted(false));

        assert_eq!(client.to_string(), "198.51.100.1");
    }

    #[test]
    fn who_comes_by_a_unix_socket_names_the_client_only_where_that_is_trusted() {
        let hops: [&[u8]; 1] = [b"198.51.100.1"];
        let seen = |hops, unix| client(ClientAddress::Unix, hops, &trusted(unix)).to_string();

        assert_eq!(seen(&hops, true), "198.51.100.1");
        assert_eq!(seen(&hops, false), "unix");
        assert_eq!(seen(&[], true), "unix");
    }
}
