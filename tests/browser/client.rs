//! The client for browsers, in several tabs.

use super::run;
use super::site::serve;

/// Every token is good once, and lives as long as any other.
const ONCE: [(&str, &str); 3] = [
    ("REFRESH_MODE", "single_use"),
    ("TOKEN_PAIR_ACCESS_EXPIRE_MINUTES", "30"),
    ("ENVELOPE_ACCESS_EXPIRE_MINUTES", "30"),
];

#[tokio::test]
async fn the_client_keeps_its_user_logged_in_in_all_tabs() {
    let strict = [&ONCE[..], &[("REFRESH_GRACE_SECONDS", "0")]].concat();
    let strict = serve(&strict).await;
    let lenient = serve(&ONCE).await;
    let limited = serve(&[("RATE_LIMIT_PER_MINUTE", "1")]).await;

    let variables = [
        ("ORIGIN", strict.origin.as_str()),
        ("LENIENT", &lenient.origin),
        ("LIMITED", &limited.origin),
    ];
    run("client.js", &variables).await;
}

#[tokio::test]
async fn the_client_keeps_its_user_logged_in_whatever_keeps_the_session() {
    let strict = [&ONCE[..], &[("REFRESH_GRACE_SECONDS", "0")]].concat();
    let strict = serve(&strict).await;
    let lenient = serve(&ONCE).await;

    let variables = [
        ("ORIGIN", strict.origin.as_str()),
        ("LENIENT", &lenient.origin),
    ];
    run("client_stores.js", &variables).await;
}

#[tokio::test]
async fn the_types_of_the_client_are_right() {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    run("types.js", &[("TESTS", tests)]).await;
}
