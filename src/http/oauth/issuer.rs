//! The issuer: how OAuth 2.0 names this service (RFC 8414 §2).

use std::str::FromStr;

use url::{Host, Url};

/// A URL by which clients know the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(Url);

/// A text is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a URL such as https://auth.example.com or https://example.com/auth, without a query \
     or a slash at its end; http only for this machine"
)]
pub struct NotAnIssuer;

impl FromStr for Issuer {
    type Err = NotAnIssuer;

    /// Clients compare issuers byte for byte, so one is taken only as it is usually written.
    fn from_str(text: &str) -> Result<Self, NotAnIssuer> {
        let url = Url::parse(text).map_err(|_| NotAnIssuer)?;
        let issuer = Self::of_url(url).ok_or(NotAnIssuer)?;
        let is_safe = issuer.0.scheme() == "https" || issuer.is_this_machine();
        (is_safe && issuer.text() == text)
            .then_some(issuer)
            .ok_or(NotAnIssuer)
    }
}

impl Issuer {
    /// The one of that scheme and host, such as `example.com:8000`.
    pub(super) fn of_host(is_https: bool, host: &str) -> Option<Self> {
        // URLs have hosts with signs that no name has, and this text is anybody's.
        let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte);
        if !host.bytes().all(is_of_name) {
            return None;
        }
        let scheme = if is_https { "https" } else { "http" };
        let url = Url::parse(&format!("{scheme}://{host}")).ok()?;
        Self::of_url(url).filter(|issuer| issuer.path().is_empty())
    }

    fn of_url(url: Url) -> Option<Self> {
        let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let has_more = url.query().is_some() || url.fragment().is_some();
        let has_user = !url.username().is_empty() || url.password().is_some();
        (is_web && !has_more && !has_user).then_some(Self(url))
    }

    fn is_this_machine(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// The URL, without a slash at its end.
    pub(super) fn text(&self) -> &str {
        let text = self.0.as_str();
        text.strip_suffix('/').unwrap_or(text)
    }

    /// Its path, without a slash at its end; empty of a host alone.
    pub(super) fn path(&self) -> &str {
        let path = self.0.path();
        path.strip_suffix('/').unwrap_or(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_url_of_https_or_of_this_machine() {
        for text in [
            "https://auth.example.com",
            "https://example.com:8443/auth/v1",
            "http://localhost:8000",
            "http://127.0.0.1:8000",
            "http://[::1]:8000/x",
        ] {
            let issuer: Issuer = text.parse().unwrap();
            assert_eq!(issuer.text(), text);
        }
    }

    #[test]
    fn what_clients_would_compare_with_something_else_is_none() {
        for text in [
            "",
            "example.com",
            "http://example.com",
            "https://example.com/",
            "https://example.com/auth/",
            "https://Example.com",
            "https://example.com:443",
            "https://example.com?x",
            "https://example.com#x",
            "https://user@example.com",
            "https://example.com/a/../b",
            " https://example.com",
            "ftp://example.com",
            "https:example.com",
        ] {
            assert_eq!(text.parse::<Issuer>(), Err(NotAnIssuer), "{text}");
        }
    }

    #[test]
    fn a_host_is_one_only_by_itself() {
        let of = |host| Issuer::of_host(true, host).map(|issuer| issuer.text().to_owned());

        assert_eq!(
            of("example.com:8000").as_deref(),
            Some("https://example.com:8000")
        );
        assert_eq!(of("[::1]").as_deref(), Some("https://[::1]"));
        for host in ["", "a/b", "a?b", "a#b", "a@b", "a b", ":80"] {
            assert_eq!(of(host), None, "{host}");
        }
    }
}
