//! Who is asking, through proxies that are trusted to say.

use std::net::IpAddr;

use ipnet::IpNet;
use poem::{Addr, Request};

/// The client's address: the peer's, or behind trusted proxies the right-most untrusted hop.
///
/// Everything to the left of that hop was written by the client itself and proves nothing.
pub(super) fn of(request: &Request, trusted: &[IpNet]) -> Option<IpAddr> {
    let Addr::SocketAddr(peer) = &request.remote_addr().0 else {
        return None;
    };
    let forwarded = request.headers().get_all("x-forwarded-for").iter();
    let forwarded: Vec<&str> = forwarded
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    Some(client(peer.ip(), &forwarded.join(","), trusted))
}

fn client(peer: IpAddr, forwarded: &str, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|network| network.contains(ip));
    let mut client = peer.to_canonical();
    for hop in forwarded.rsplit(',') {
        if !is_trusted(&client) {
            break;
        }
        // A hop that is no address hides whoever stands before it: the proxy is all we know.
        let Ok(ip) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        client = ip.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &str) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        client(peer.parse().unwrap(), forwarded, &trusted).to_string()
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
}
