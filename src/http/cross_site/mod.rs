//! Cross-site request forgery: only the service's own pages, and listed ones, may use a cookie.
//!
//! *Why no token against it.* Browsers say by themselves where a request comes from: `Origin` comes
//! with every `POST`, and `Sec-Fetch-Site` with every request to HTTPS or localhost. No script can
//! set either. What sends neither is no browser, and carries only cookies that it was given.

#[cfg(test)]
mod tests;

use poem::Request;
use poem::http::{HeaderMap, HeaderValue, header};

use super::audit::Audit;
use super::client_address::TrustedProxies;
use super::own_address;
use super::problem::Code;

/// How the browser sees the page against the address that it sends to.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Knows whose pages may use the cookies.
pub(super) struct CrossSiteGuard {
    listed: Vec<String>,
    trusted_proxies: TrustedProxies,
}

/// Why a request may not use the cookies that it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum CrossSite {
    /// There is no origin, but the browser calls the page another site's.
    #[error("Sec-Fetch-Site is cross-site")]
    Fetch,
    /// The page is another site's.
    #[error("the Origin is neither the service's own nor in CORS_ALLOWED_ORIGINS")]
    Origin,
    /// The page is nobody's: a sandboxed frame, a file, a redirect by way of another site.
    #[error("the Origin is null")]
    Null,
    /// There are several origins.
    #[error("there are several Origin headers")]
    Several,
}

/// What the page's developer reads.
pub(super) const CROSS_SITE: &str = "Cross-site request refused";

impl CrossSite {
    /// What the log may know of it.
    pub(super) fn audit(self, contract: &'static str) -> Audit {
        Audit {
            contract,
            outcome: Code::CrossSite.word(),
            reason: self.to_string(),
            hint: "CORS_ALLOWED_ORIGINS lists the origins whose pages may use the cookies",
            ..Audit::default()
        }
    }
}

impl CrossSiteGuard {
    pub(super) fn new(listed: &[String], trusted_proxies: &TrustedProxies) -> Self {
        Self {
            listed: listed.to_owned(),
            trusted_proxies: trusted_proxies.clone(),
        }
    }

    /// Whether the request may use the cookies that it carries.
    ///
    /// That without `Origin` only `cross-site` is refused lets no page in: a browser that sends
    /// `Sec-Fetch-Site` with a `POST` sends `Origin` as well.
    pub(super) fn check(&self, request: &Request) -> Result<(), CrossSite> {
        let mut origins = request.headers().get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) if fetch_site_is(request.headers(), "cross-site") => Err(CrossSite::Fetch),
            (None, _) => Ok(()),
            (Some(_), Some(_)) => Err(CrossSite::Several),
            (Some(origin), None) if origin == "null" => Err(CrossSite::Null),
            (Some(origin), None) if self.lists(origin) || self.is_own(origin, request) => Ok(()),
            (Some(_), None) => Err(CrossSite::Origin),
        }
    }

    fn lists(&self, origin: &HeaderValue) -> bool {
        self.listed.iter().any(|listed| origin == listed)
    }

    /// Whether that is the origin that the request was sent to.
    ///
    /// The browser's word goes before the comparison with `Host`, in both directions. It may say
    /// `same-origin` of an origin that is not the host's: a proxy has rewritten `Host`, as nginx
    /// does unless told otherwise. That is safe, because the browser knows the address that it
    /// sends to, and no page of another origin can bring the header along: scripts may not set
    /// `Sec-` headers, and where an old browser let them, it would ask by a preflight first, which
    /// only listed origins pass. And it may not say it of an origin that is the host's: then scheme
    /// or port are others, which `Host` does not show.
    fn is_own(&self, origin: &HeaderValue, request: &Request) -> bool {
        let says = |site| fetch_site_is(request.headers(), site);
        if says("cross-site") || says("same-site") {
            return false;
        }
        if says("same-origin") {
            return true;
        }
        let (Ok(origin), Some(host)) = (
            origin.to_str(),
            own_address::host(request, &self.trusted_proxies),
        ) else {
            return false;
        };
        let is_https = own_address::is_https(request, &self.trusted_proxies);
        is_origin_of(origin, host, is_https)
    }
}

fn fetch_site_is(headers: &HeaderMap, site: &str) -> bool {
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
    sites.any(|said| said == site)
}

/// Whether pages of `host` have that origin, which never names the scheme's own port.
///
/// Where the request came by HTTPS the page must have as well: anybody on the way can write one
/// that did not. Where it did not, a proxy may have left that out.
fn is_origin_of(origin: &str, host: &str, is_https: bool) -> bool {
    let schemes = [("https://", ":443"), ("http://", ":80")];
    let possible = if is_https { 1 } else { 2 };
    schemes
        .into_iter()
        .take(possible)
        .any(|(scheme, own_port)| {
            let host = host.strip_suffix(own_port).unwrap_or(host);
            let authority = origin.strip_prefix(scheme);
            authority.is_some_and(|authority| {
                !authority.is_empty() && authority.eq_ignore_ascii_case(host)
            })
        })
}
