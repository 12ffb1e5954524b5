//! The page of the admin listener.

use crate::cli::place_with_users;
use crate::harness::{ADMIN, ADMIN_KEY, logs};

use super::run;

const METRICS_KEY: &str = "the-key-of-the-scraper-of-the-tests-0123";

#[tokio::test]
async fn operators_watch_end_and_explain_in_a_browser() {
    let place = place_with_users()
        .with(ADMIN.0, ADMIN.1)
        .with("METRICS_API_KEY", METRICS_KEY)
        .with("REFRESH_MODE", "single_use");
    logs::never(METRICS_KEY);
    let token = place.run(&["token", "--sub", "alice", "--expired-for", "1h"]);
    logs::never(token.only_line());
    let service = place.serve();

    let public = format!("http://{}", service.address());
    let origin = format!("http://{}", service.admin_address());
    let variables = [
        ("ADMIN_KEY", ADMIN_KEY),
        ("METRICS_KEY", METRICS_KEY),
        ("ORIGIN", &origin),
        ("PUBLIC", &public),
        ("TOKEN", token.only_line()),
    ];
    run("admin.js", &variables).await;
}
