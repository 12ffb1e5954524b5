use std::net::SocketAddr;

use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Addr, Body, RequestParts};

use super::*;

const STRANGER: &str = "203.0.113.9:4711";
const PROXY: &str = "10.0.0.7:4711";

/// The verdict on other sites' pages.
const FOREIGN: Result<(), CrossSite> = Err(CrossSite::Origin);

/// What the guard of a service that lists two origins says of a request with those headers.
fn check(peer: &str, headers: &[(&'static str, &str)]) -> Result<(), CrossSite> {
    let mut request = ::http::Request::post("/api/auth/refresh");
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        request = request.header(*name, value);
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    let peer: SocketAddr = peer.parse().unwrap();
    let peer = RemoteAddr(Addr::SocketAddr(peer));
    let head = RequestParts::from((head, LocalAddr::default(), peer, Scheme::HTTP));

    let listed = ["https://app.example.com", "http://localhost:3000"].map(str::to_owned);
    let trusted_proxies = TrustedProxies {
        networks: vec!["10.0.0.0/8".parse().unwrap()],
        unix: false,
    };
    let guard = CrossSiteGuard::new(&listed, &trusted_proxies);
    guard.check(&Request::from_parts(head, Body::empty()))
}

/// What it says of a page of `origin`, to a request for `host`.
fn page(origin: &str, host: &str) -> Result<(), CrossSite> {
    check(STRANGER, &[("host", host), ("origin", origin)])
}

#[test]
fn what_is_no_browser_may() {
    assert_eq!(check(STRANGER, &[]), Ok(()));
    assert_eq!(check(STRANGER, &[("host", "shop.example")]), Ok(()));
}

#[test]
fn the_services_own_pages_may() {
    for (origin, host) in [
        ("https://shop.example", "shop.example"),
        ("https://shop.example", "shop.example:443"),
        ("http://shop.example", "shop.example:80"),
        ("https://shop.example:8443", "shop.example:8443"),
        ("https://shop.example", "Shop.Example"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("https://[2001:db8::443]", "[2001:db8::443]:443"),
    ] {
        assert_eq!(page(origin, host), Ok(()), "{origin} at {host}");
    }
}

#[test]
fn where_https_is_spoken_the_same_host_without_it_is_another() {
    let page = |origin, scheme| {
        let headers = [
            ("host", "shop.example"),
            ("origin", origin),
            ("x-forwarded-proto", scheme),
        ];
        check(PROXY, &headers)
    };

    assert_eq!(page("https://shop.example", "https"), Ok(()));
    assert_eq!(page("http://shop.example", "https"), FOREIGN);
    assert_eq!(page("http://shop.example", "http"), Ok(()));
}

#[test]
fn pages_of_others_may_not() {
    for (origin, host) in [
        ("https://evil.example", "shop.example"),
        ("https://evil.example:443", "shop.example:443"),
        ("https://shop.example.evil.example", "shop.example"),
        ("https://evilshop.example", "shop.example"),
        ("https://app.shop.example", "shop.example"),
        ("https://shop.example", "app.shop.example"),
        ("https://shop.example:8443", "shop.example"),
        ("https://shop.example", "shop.example:8443"),
        ("https://shop.example", "shop.example:80"),
        ("http://shop.example", "shop.example:443"),
        ("https://shop.example", "[shop.example]"),
    ] {
        assert_eq!(page(origin, host), FOREIGN, "{origin} at {host}");
    }
}

#[test]
fn what_no_browser_writes_is_no_origin_of_ours() {
    for origin in [
        "",
        "https://",
        "shop.example",
        "//shop.example",
        "HTTPS://shop.example",
        "ftp://shop.example",
        "chrome-extension://shop.example",
        "https://shop.example/",
        "https://shop.example/x",
        "https://a@shop.example",
        "https://shop.example https://evil.example",
        "https://shop.example, https://shop.example",
        "https://shop.example:443",
        "https://shöp.example",
        "Null",
    ] {
        assert_eq!(page(origin, "shop.example"), FOREIGN, "{origin}");
    }
}

#[test]
fn an_empty_host_has_no_pages() {
    for origin in ["https://", "http://"] {
        for host in ["", ":443", ":80"] {
            assert_eq!(page(origin, host), FOREIGN, "{origin} at {host}");
        }
    }
}

#[test]
fn an_origin_needs_one_readable_host_to_be_its_own() {
    let origin = ("origin", "https://shop.example");
    let host = ("host", "shop.example");

    for headers in [
        &[origin][..],
        &[origin, host, host],
        &[origin, host, ("host", "evil.example")],
        &[origin, ("host", "shöp.example")],
    ] {
        assert_eq!(check(STRANGER, headers), FOREIGN, "{headers:?}");
    }
}

#[test]
fn listed_origins_may_byte_for_byte() {
    let other = "api.example.com";
    assert_eq!(page("https://app.example.com", other), Ok(()));
    assert_eq!(page("http://localhost:3000", other), Ok(()));

    for origin in [
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://APP.example.com",
        "https://app.example.com.evil.example",
        "http://localhost",
    ] {
        assert_eq!(page(origin, other), FOREIGN, "{origin}");
    }
    // The browser need not find them to be of the same site.
    let fetch = ("sec-fetch-site", "cross-site");
    let listed = ("origin", "https://app.example.com");
    assert_eq!(check(STRANGER, &[("host", other), listed, fetch]), Ok(()));
}

#[test]
fn null_is_nobodys_origin() {
    let host = ("host", "shop.example");
    for site in ["same-origin", "same-site", "cross-site", "none"] {
        let headers = [host, ("origin", "null"), ("sec-fetch-site", site)];
        assert_eq!(check(STRANGER, &headers), Err(CrossSite::Null), "{site}");
    }
    assert_eq!(page("null", "null"), Err(CrossSite::Null));
}

#[test]
fn several_origins_are_none() {
    let host = ("host", "shop.example");
    let own = ("origin", "https://shop.example");
    let listed = ("origin", "https://app.example.com");
    let evil = ("origin", "https://evil.example");
    let fetch = ("sec-fetch-site", "same-origin");

    for origins in [[own, own], [own, evil], [evil, own], [listed, listed]] {
        let [first, second] = origins;
        let headers = [host, first, second, fetch];
        assert_eq!(
            check(STRANGER, &headers),
            Err(CrossSite::Several),
            "{origins:?}"
        );
    }
}

#[test]
fn without_an_origin_only_cross_site_is_refused() {
    let host = ("host", "shop.example");
    for site in ["same-origin", "same-site", "none", "", "something new"] {
        assert_eq!(
            check(STRANGER, &[host, ("sec-fetch-site", site)]),
            Ok(()),
            "{site}"
        );
    }

    let cross = ("sec-fetch-site", "cross-site");
    let own = ("sec-fetch-site", "same-origin");
    for headers in [&[host, cross][..], &[host, own, cross], &[host, cross, own]] {
        assert_eq!(
            check(STRANGER, headers),
            Err(CrossSite::Fetch),
            "{headers:?}"
        );
    }
}

#[test]
fn the_browsers_word_goes_before_a_host_that_a_proxy_rewrote() {
    let rewritten = ("host", "127.0.0.1:8000");
    let origin = ("origin", "https://shop.example");
    let says = |site| check(STRANGER, &[rewritten, origin, ("sec-fetch-site", site)]);

    assert_eq!(says("same-origin"), Ok(()));
    for site in [
        "same-site",
        "cross-site",
        "none",
        "Same-Origin",
        "same-origin, x",
        "",
    ] {
        assert_eq!(says(site), FOREIGN, "{site}");
    }
}

#[test]
fn the_browsers_word_goes_before_a_host_that_hides_scheme_and_port() {
    let host = ("host", "shop.example");
    let plain = ("origin", "http://shop.example");
    let says = |sites: &[&'static str]| {
        let sites = sites.iter().map(|site| ("sec-fetch-site", *site));
        let headers: Vec<_> = [host, plain].into_iter().chain(sites).collect();
        check(STRANGER, &headers)
    };

    assert_eq!(says(&["same-site"]), FOREIGN);
    assert_eq!(says(&["cross-site"]), FOREIGN);
    assert_eq!(says(&["same-origin", "cross-site"]), FOREIGN);
    assert_eq!(says(&["same-origin"]), Ok(()));
    assert_eq!(says(&["none"]), Ok(()));
    assert_eq!(says(&[]), Ok(()));
}

#[test]
fn a_forwarded_host_is_believed_of_trusted_proxies_alone() {
    let headers = |forwarded| {
        let origin = ("origin", "https://shop.example");
        [
            origin,
            ("host", "10.0.0.8:8000"),
            ("x-forwarded-host", forwarded),
        ]
    };

    for forwarded in [
        "shop.example",
        "shop.example:443",
        "evil.example, shop.example",
    ] {
        assert_eq!(check(PROXY, &headers(forwarded)), Ok(()), "{forwarded}");
        assert_eq!(check(STRANGER, &headers(forwarded)), FOREIGN, "{forwarded}");
    }
    for forwarded in [
        "evil.example",
        "shop.example, evil.example",
        "shop.example,",
        "",
        "ö",
    ] {
        assert_eq!(check(PROXY, &headers(forwarded)), FOREIGN, "{forwarded}");
    }
}

#[test]
fn a_forwarded_host_stands_for_the_host() {
    let host = ("host", "shop.example");
    let origin = ("origin", "https://shop.example");
    let evil = ("x-forwarded-host", "evil.example");
    let good = ("x-forwarded-host", "shop.example");

    assert_eq!(check(PROXY, &[host, origin]), Ok(()));
    assert_eq!(check(PROXY, &[host, origin, evil]), FOREIGN);
    assert_eq!(check(PROXY, &[host, origin, evil, good]), Ok(()));
    assert_eq!(check(STRANGER, &[host, origin, evil]), Ok(()));
    let mapped = "[::ffff:10.0.0.7]:4711";
    assert_eq!(check(mapped, &[("host", "x"), origin, good]), Ok(()));
}
