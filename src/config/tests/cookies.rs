use super::{problem, read};
use crate::http::{CookieSettings, SameSite};

fn cookies(settings: &[(&str, &str)]) -> CookieSettings {
    read(settings).unwrap().http.cookies
}

#[test]
fn cookies_are_by_default_those_of_the_contract() {
    let expected = CookieSettings {
        refresh_name: "refresh_token".to_owned(),
        access_name: "access_token".to_owned(),
        domain: None,
        same_site: SameSite::Lax,
        secure: true,
    };

    assert_eq!(cookies(&[]), expected);
}

#[test]
fn every_setting_of_cookies_is_taken_as_it_stands() {
    let settings = [
        ("REFRESH_COOKIE_NAME", "Rt!#$%&'*+-.^_`|~9"),
        ("ACCESS_COOKIE_NAME", "__Secure-at"),
        ("COOKIE_DOMAIN", "Example.com"),
        ("COOKIE_SAME_SITE", "none"),
        ("COOKIE_SECURE", "true"),
    ];
    let expected = CookieSettings {
        refresh_name: "Rt!#$%&'*+-.^_`|~9".to_owned(),
        access_name: "__Secure-at".to_owned(),
        domain: Some("Example.com".to_owned()),
        same_site: SameSite::None,
        secure: true,
    };

    assert_eq!(cookies(&settings), expected);
    let strict = cookies(&[("COOKIE_SAME_SITE", "strict")]);
    assert_eq!(strict.same_site, SameSite::Strict);
}

#[test]
fn a_name_is_one_that_a_cookie_can_have() {
    for name in [
        "a b", " a", "a;b", "a=b", "a,b", "a\"b", "ä", "a\tb", "a/b", "a\r\nb", "(a)", "a@b",
    ] {
        for variable in ["REFRESH_COOKIE_NAME", "ACCESS_COOKIE_NAME"] {
            let expected = format!("{variable}: expected letters, digits, - and _, without spaces");
            assert_eq!(problem(&[(variable, name)]), expected);
        }
    }
}

#[test]
fn the_two_cookies_have_two_names() {
    let expected = "ACCESS_COOKIE_NAME: must be another than REFRESH_COOKIE_NAME";
    let both = [("REFRESH_COOKIE_NAME", "t"), ("ACCESS_COOKIE_NAME", "t")];

    assert_eq!(problem(&both), expected);
    assert_eq!(
        problem(&[("REFRESH_COOKIE_NAME", "access_token")]),
        expected
    );
    // To browsers they are two.
    cookies(&[("REFRESH_COOKIE_NAME", "t"), ("ACCESS_COOKIE_NAME", "T")]);
}

#[test]
fn a_prefix_that_the_settings_break_is_a_problem() {
    let domain = ("COOKIE_DOMAIN", "example.com");
    let insecure = ("COOKIE_SECURE", "false");
    for variable in ["REFRESH_COOKIE_NAME", "ACCESS_COOKIE_NAME"] {
        for name in ["__Host-t", "__HOST-t", "__host-t"] {
            let expected = "__Host- promises that there is no domain, but COOKIE_DOMAIN is set";
            let expected = format!("{variable}: {expected}");
            assert_eq!(problem(&[(variable, name), domain]), expected);
        }
        for name in ["__Host-t", "__Secure-t", "__secure-t", "__Http-t"] {
            let expected = "the prefix promises HTTPS, but COOKIE_SECURE is false";
            let expected = format!("{variable}: {expected}");
            assert_eq!(problem(&[(variable, name), insecure]), expected);
            cookies(&[(variable, name)]);
        }
        cookies(&[(variable, "__Secure-t"), domain]);
        cookies(&[(variable, "_Host-t"), domain, insecure]);
    }
}

#[test]
fn cookies_for_other_sites_go_over_https_alone() {
    let refused = problem(&[("COOKIE_SAME_SITE", "none"), ("COOKIE_SECURE", "false")]);

    let expected = "COOKIE_SAME_SITE: browsers take none only with COOKIE_SECURE=true";
    assert_eq!(refused, expected);
    for value in ["Lax", "no", "lax "] {
        let expected = "COOKIE_SAME_SITE: expected lax, strict or none";
        assert_eq!(problem(&[("COOKIE_SAME_SITE", value)]), expected);
    }
}

/// No browser takes a cookie for one of these, or only as if there were none.
const NO_DOMAINS: [&str; 18] = [
    ".",
    "*.example.com",
    "-a.example",
    "..example.com",
    "192.0.2.1",
    "[::1]",
    "a-.example",
    "a.example,b.example",
    "a_b.example",
    "example..com",
    "example.com.",
    "example.com/",
    "example.com:8443",
    "example.com; Secure",
    "example.com\r\nX: y",
    "https://example.com",
    "localhost",
    "müller.example",
];

#[test]
fn a_domain_is_one_that_browsers_take() {
    for domain in ["example.com", ".example.com"] {
        let taken = cookies(&[("COOKIE_DOMAIN", domain)]).domain;
        assert_eq!(taken.as_deref(), Some("example.com"));
    }
    cookies(&[("COOKIE_DOMAIN", "a.b-c.xn--mller-kva.example")]);

    let (label, domain) = ("a".repeat(64) + ".example", "a.".repeat(124) + "example");
    for domain in NO_DOMAINS.into_iter().chain([&*label, &*domain]) {
        let refused = problem(&[("COOKIE_DOMAIN", domain)]);
        assert!(refused.starts_with("COOKIE_DOMAIN: expected"), "{domain}");
    }
}

#[test]
fn cookies_over_plain_http_come_with_a_warning() {
    let config = read(&[("COOKIE_SECURE", "false")]).unwrap();

    assert!(!config.http.cookies.secure);
    assert_eq!(config.warnings.len(), 1);
    assert!(config.warnings[0].starts_with("COOKIE_SECURE: "));
}

#[test]
fn what_is_neither_yes_nor_no_does_not_switch_https_off() {
    let settings = [("COOKIE_SECURE", "no"), ("ACCESS_COOKIE_NAME", "__Host-t")];

    assert_eq!(problem(&settings), "COOKIE_SECURE: expected true or false");
}
