//! Cookies (RFC 6265): finding a token among those of a request, handing them out, taking them back.
//!
//! *Why not read by the library that writes them.* It takes text only, so one foreign cookie of
//! other bytes would hide ours; and it trims Unicode's white space off names, so that a neighbouring
//! host could plant our `__Host-` cookie under a name that browsers do not protect.

#[cfg(test)]
mod tests;

use cookie::Cookie;
use cookie::time::Duration;
use poem::http::{HeaderMap, HeaderValue, header};
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

pub use cookie::SameSite;

/// Which cookies carry tokens, and what browsers may do with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieSettings {
    /// The cookie with the refresh token, which the login sets.
    pub refresh_name: String,
    /// The cookie that a fresh access token is set in.
    pub access_name: String,
    /// The domain that gets the cookies, and all below it; [`None`]: the host that set them.
    pub domain: Option<String>,
    /// Whether the cookies come with requests of other sites.
    pub same_site: SameSite,
    /// Whether the cookies go over HTTPS only.
    pub secure: bool,
}

impl CookieSettings {
    /// The value of `Set-Cookie` with a fresh access token that lives for so many seconds.
    pub(super) fn access(&self, token: &str, seconds: i64) -> String {
        self.cookie(&self.access_name, token, seconds)
    }

    /// The value of `Set-Cookie` with the refresh token of a session that ends in so many seconds.
    pub(super) fn refresh(&self, token: &str, seconds: i64) -> String {
        self.cookie(&self.refresh_name, token, seconds)
    }

    /// Has the browser forget both cookies, for the user is logged out.
    ///
    /// It forgets a refresh cookie only if the login set it for the same domain and `Path=/`: to
    /// browsers, others are other cookies.
    pub(super) fn clear(&self, headers: &mut HeaderMap) {
        for name in [&self.access_name, &self.refresh_name] {
            if let Ok(cookie) = HeaderValue::from_str(&self.cookie(name, "", 0)) {
                headers.append(header::SET_COOKIE, cookie);
            }
        }
    }

    fn cookie(&self, name: &str, value: &str, seconds: i64) -> String {
        let mut cookie = Cookie::build((name, value))
            .http_only(true)
            .secure(self.secure)
            .same_site(self.same_site)
            .path("/")
            .max_age(Duration::seconds(seconds));
        if let Some(domain) = &self.domain {
            cookie = cookie.domain(domain);
        }
        cookie.to_string()
    }
}

/// The cookies of a request.
pub(super) struct Cookies(Vec<HeaderValue>);

/// What the cookies of one name amount to.
pub(super) enum CookieValue {
    /// Different values: a neighbouring host may have planted one, and nothing says which.
    Ambiguous,
    /// One value, of any length; it need not be a token.
    Credential(String),
    /// No such cookie, or one emptied by a page that could not delete it.
    Missing,
    /// Bytes that no token has.
    Unreadable,
}

impl Cookies {
    /// Those of `request`.
    pub(super) fn read(request: &Request) -> Self {
        // HTTP/2 and the proxies that speak it send each cookie in a header of its own.
        let headers = request.headers().get_all(header::COOKIE);
        Self(headers.iter().cloned().collect())
    }

    /// What the cookies of that name amount to, byte for byte.
    pub(super) fn find(&self, name: &str) -> CookieValue {
        let headers = self.0.iter().map(HeaderValue::as_bytes);
        let mut values = headers.flat_map(|header| values(header, name.as_bytes()));
        let Some(value) = values.next() else {
            return CookieValue::Missing;
        };
        if values.any(|other| other != value) {
            return CookieValue::Ambiguous;
        }
        match std::str::from_utf8(value) {
            Ok("") => CookieValue::Missing,
            Ok(value) => CookieValue::Credential(value.to_owned()),
            Err(_) => CookieValue::Unreadable,
        }
    }
}

/// The values of that name in one header, without the quotes around them.
///
/// A semicolon ends a cookie even between quotes: that is how browsers see it, and one that is
/// planted could otherwise swallow those after it.
fn values<'a>(header: &'a [u8], name: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    header
        .split(|byte| *byte == b';')
        .filter_map(move |cookie| {
            let mut halves = cookie.splitn(2, |byte| *byte == b'=');
            let (key, value) = (halves.next()?.trim_ascii(), halves.next()?.trim_ascii());
            let quoted = value.strip_prefix(b"\"");
            let bare = quoted.and_then(|value| value.strip_suffix(b"\""));
            (key == name).then_some(bare.unwrap_or(value))
        })
}

impl<'a> ApiExtractor<'a> for Cookies {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let scheme = MetaSecurityScheme {
            ty: "apiKey",
            description: Some("The refresh token; REFRESH_COOKIE_NAME can give it another name."),
            name: Some("refresh_token"),
            key_in: Some("cookie"),
            scheme: None,
            bearer_format: None,
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme("cookie", scheme);
    }

    // That neither is needed is said by `Bearer`, which comes beside it; twice is once too often.
    fn security_schemes() -> Vec<&'static str> {
        vec!["cookie"]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self::read(request))
    }
}

/// The cookies of a request that an access token is looked for among.
pub(super) struct AccessCookies(pub(super) Cookies);

impl<'a> ApiExtractor<'a> for AccessCookies {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let scheme = MetaSecurityScheme {
            ty: "apiKey",
            description: Some("The access token; ACCESS_COOKIE_NAME can give it another name."),
            name: Some("access_token"),
            key_in: Some("cookie"),
            scheme: None,
            bearer_format: None,
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme("accessCookie", scheme);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["accessCookie"]
    }

    async fn from_request(
        request: &'a Request,
        _: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> Result<Self> {
        Ok(Self(Cookies::read(request)))
    }
}
