//! Who is asking, through proxies that are trusted to say.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use poem::{Addr, Request};

/// The client's address: the peer's, or behind trusted proxies the right-most untrusted hop.
///
/// Everything to the left of that hop was written by the client itself and proves nothing.
pub(super) fn of(request: &Request, trusted: &[IpNet]) -> Option<IpAddr> {
    let Addr::SocketAddr(peer) = &request.remote_addr().0 else {
        return None;
    };
    let mut hops: Vec<&[u8]> = Vec::new();
    for line in request.headers().get_all("x-forwarded-for") {
        hops.extend(line.as_bytes().split(|byte| *byte == b','));
    }
    Some(client(peer.ip(), &hops, trusted))
}

/// Whether a trusted proxy has handed the request on.
pub(super) fn has_trusted_peer(request: &Request, trusted: &[IpNet]) -> bool {
    let Addr::SocketAddr(peer) = &request.remote_addr().0 else {
        return false;
    };
    is_trusted(&peer.ip().to_canonical(), trusted)
}

/// Whether somebody who is not trusted to do so says that the request comes from elsewhere: most
/// often a proxy that the settings forgot, so that all clients behind it look like one.
pub(super) fn is_disputed(request: &Request, trusted: &[IpNet]) -> bool {
    request.headers().contains_key("x-forwarded-for") && !has_trusted_peer(request, trusted)
}

fn is_trusted(ip: &IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(ip))
}

fn client(peer: IpAddr, hops: &[&[u8]], trusted: &[IpNet]) -> IpAddr {
    let mut client = peer.to_canonical();
    for hop in hops.iter().rev() {
        if !is_trusted(&client, trusted) {
            break;
        }
        // A hop that is no address hides whoever stands before it: the proxy is all we know.
        let Some(ip) = std::str::from_utf8(hop).ok().and_then(address) else {
            break;
        };
        client = ip.to_canonical();
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

    fn seen(peer: &str, forwarded: &str) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let hops: Vec<_> = forwarded.as_bytes().split(|byte| *byte == b',').collect();
        client(peer.parse().unwrap(), &hops, &trusted).to_string()
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
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let hops: [&[u8]; 2] = [b"\xff", b" 198.51.100.1"];

        let client = client("10.0.0.1".parse().unwrap(), &hops, &trusted);

        assert_eq!(client.to_string(), "198.51.100.1");
    }
}
