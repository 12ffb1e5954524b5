//! The page for people, as a browser gets it.

use std::fs;
use std::path::Path;

use poem::http::Method;

use crate::harness::{ADMIN, request, spawn, spawn_with};

/// What a browser allows the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The files of that folder of `web/`, by the address that they should have.
fn files(folder: &str) -> Vec<(String, String)> {
    let below = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("web")
        .join(folder);
    let entries = fs::read_dir(below).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| !path.ends_with("index.html"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            (format!("/ui/{folder}/{name}"), text)
        })
        .collect()
}

#[tokio::test]
async fn the_page_may_run_and_ask_nothing_but_this_service() {
    let app = spawn().await;

    let answer = app.send(request(Method::GET, "/").finish()).await;

    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("content-security-policy", POLICY),
        ("cross-origin-opener-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    for inline in ["<style", "style=", "onclick=", "javascript:", "https:"] {
        assert!(!answer.body.contains(inline), "{inline}");
    }
}

#[tokio::test]
async fn every_file_is_served_as_what_it_is() {
    let app = spawn().await;

    for (path, text) in [files("page"), files("shared")].concat() {
        let answer = app.send(request(Method::GET, &path).finish()).await;

        assert_eq!((answer.status, &answer.body), (200, &text), "{path}");
        let expected = match path.rsplit_once('.').unwrap().1 {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("no media type for {other}"),
        };
        assert_eq!(answer.header("content-type"), Some(expected), "{path}");
        assert_eq!(answer.header("content-security-policy"), Some(POLICY));
    }
}

#[tokio::test]
async fn the_page_is_told_the_rules_and_nothing_of_what_is_behind_them() {
    let app = spawn_with(&[
        ("JWT_ISSUER", "https://id.example.com"),
        ("USERS_TABLE", "users"),
    ])
    .await;

    let settings = request(Method::GET, "/ui/page/settings.json").finish();
    let answer = app.send(settings).await;

    assert_eq!(answer.header("content-type"), Some("application/json"));
    let mut body = answer.body_json();
    let contracts = body["contracts"].take();
    insta::assert_snapshot!(body, @r#"{"contracts":null,"access_cookie":"access_token","refresh_cookie":"refresh_token","audience":[],"issuer":"https://id.example.com","token_kinds":["access","access_token","at+jwt","bearer","jwt"],"leeway_seconds":30,"legacy_lifetime_seconds":1800,"refresh_window_seconds":604800,"session_max_seconds":2592000,"single_use":false,"grace_seconds":30,"example_token":null}"#);
    insta::assert_snapshot!(contracts[3], @r#"{"name":"token_pair","algorithm":"HS512","subject_claim":"nameid","access_seconds":604800,"refresh_seconds":2592000,"refresh_token":"rotated"}"#);
}

#[tokio::test]
async fn a_contract_that_is_off_is_not_shown_as_offered() {
    let short = ("JWT_SECRET_KEY", "a-secret-that-is-long-enough-for-HS256");
    let app = spawn_with(&[short]).await;

    let settings = request(Method::GET, "/ui/page/settings.json").finish();
    let answer = app.send(settings).await;

    let contracts = answer.body_json()["contracts"].take();
    let names = contracts.as_array().unwrap().iter();
    let names: Vec<_> = names.map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["expired_token", "cookie", "refresh_token", "oauth2"]
    );
}

#[tokio::test]
async fn a_browser_that_has_the_page_does_not_get_it_again() {
    let app = spawn().await;
    let page = app.send(request(Method::GET, "/").finish()).await;
    let tag = page.header("etag").unwrap();

    for (known, status) in [
        (tag.to_owned(), 304),
        (format!("\"other\", W/{tag}"), 304),
        ("\"other\"".to_owned(), 200),
    ] {
        let again = request(Method::GET, "/").header("if-none-match", &known);
        let answer = app.send(again.finish()).await;

        assert_eq!(answer.status, status, "{known}");
        assert_eq!(answer.header("etag"), Some(tag));
        assert_eq!(answer.body.is_empty(), status == 304);
    }
}

#[tokio::test]
async fn pages_are_read_and_never_written() {
    let app = spawn().await;

    for path in ["/", "/ui/page/main.js"] {
        let answer = app.send(request(Method::POST, path).finish()).await;

        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"));
        let probe = app.send(request(Method::HEAD, path).finish()).await;
        assert_eq!(probe.status, 200, "{path}");
    }
}

#[tokio::test]
async fn without_pages_there_is_nothing_at_their_addresses() {
    let app = spawn_with(&[("UI", "off")]).await;

    for path in [
        "/",
        "/ui/page/main.js",
        "/ui/page/settings.json",
        "/ui/shared/base.css",
    ] {
        let answer = app.send(request(Method::GET, path).finish()).await;

        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
    }
}

#[tokio::test]
async fn the_admin_listener_has_a_page_of_its_own_that_needs_no_key() {
    let app = spawn_with(&[ADMIN]).await;

    for (path, text) in [files("admin"), files("shared")].concat() {
        let answer = app.send_admin(request(Method::GET, &path).finish()).await;

        assert_eq!((answer.status, &answer.body), (200, &text), "{path}");
        assert_eq!(answer.header("content-security-policy"), Some(POLICY));
    }
    let page = app.send_admin(request(Method::GET, "/").finish()).await;
    assert_eq!(page.header("content-security-policy"), Some(POLICY));
    assert!(page.body.contains("<title>remint admin"), "{page:?}");
    for path in ["/ui/page/main.js", "/ui/", "/ui/admin/../../admin/sessions"] {
        let answer = app.send_admin(request(Method::GET, path).finish()).await;
        assert_eq!(answer.code(), "admin_refused", "{path}");
    }
    let public = app.send(request(Method::GET, "/ui/admin/main.js").finish());
    assert_eq!(public.await.status, 404);
}

#[tokio::test]
async fn without_pages_the_admin_listener_has_none_either() {
    let app = spawn_with(&[ADMIN, ("UI", "off")]).await;

    for path in ["/", "/ui/admin/main.js", "/ui/shared/base.css"] {
        let answer = app.send_admin(request(Method::GET, path).finish()).await;

        assert_eq!(answer.code(), "admin_refused", "{path}");
    }
}
