//! Who asks, and who is counted as one client.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The bits of an IPv6 address that its holder was given; the others he chooses himself.
const GIVEN: u128 = !0 << 64;

/// Who asks, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientAddress {
    /// Somebody at that address.
    Ip(IpAddr),
    /// A program of this machine, which came by a Unix socket and names nobody else.
    Unix,
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self::Ip(address)
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}

/// The addresses of one client: an IPv4 address, an IPv6 network of 64 bits, or all that comes by
/// Unix sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientNetwork(ClientAddress);

impl ClientNetwork {
    /// That of the client at `address`.
    pub fn of(address: impl Into<ClientAddress>) -> Self {
        Self(match address.into() {
            ClientAddress::Unix => ClientAddress::Unix,
            ClientAddress::Ip(address) => ClientAddress::Ip(match address.to_canonical() {
                IpAddr::V4(address) => address.into(),
                IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & GIVEN).into(),
            }),
        })
    }
}

impl fmt::Display for ClientNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ClientAddress::Ip(IpAddr::V6(network)) => write!(f, "{network}/64"),
            address @ (ClientAddress::Ip(IpAddr::V4(_)) | ClientAddress::Unix) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> String {
        ClientNetwork::of(address.parse::<IpAddr>().unwrap()).to_string()
    }

    #[test]
    fn every_ipv4_address_is_a_client() {
        assert_eq!(network("203.0.113.9"), "203.0.113.9");
        assert_eq!(network("::ffff:203.0.113.9"), "203.0.113.9");
    }

    #[test]
    fn the_addresses_of_an_ipv6_network_are_one_client() {
        assert_eq!(network("2001:db8:0:1::1"), "2001:db8:0:1::/64");
        assert_eq!(network("2001:db8:0:1:ffff::"), "2001:db8:0:1::/64");
        assert_eq!(network("2001:db8:0:2::1"), "2001:db8:0:2::/64");
    }

    #[test]
    fn what_comes_by_unix_sockets_is_one_client() {
        assert_eq!(ClientNetwork::of(ClientAddress::Unix).to_string(), "unix");
    }
}
