//! Who may read the figures, and in which form.

use poem::http::Method;
use poem::{Request, RequestBuilder};

use super::spawn_watched;
use crate::harness::{ADMIN_KEY, logs, request};

const METRICS_KEY: &str = "the-key-of-the-scraper-of-the-tests-0123";

fn scrape() -> RequestBuilder {
    request(Method::GET, "/metrics")
}

fn with(key: &str, request: RequestBuilder) -> Request {
    request
        .header("authorization", format!("Bearer {key}"))
        .finish()
}

#[tokio::test]
async fn the_admin_key_opens_them_and_nothing_else_does() {
    let app = spawn_watched(&[]).await;

    let good = app.send_admin(with(ADMIN_KEY, scrape())).await;
    let bad = app.send_admin(with(METRICS_KEY, scrape())).await;
    let none = app.send_admin(scrape().finish()).await;
    let public = app.send(with(ADMIN_KEY, scrape())).await;

    let statuses = [good, bad, none, public].map(|answer| answer.status);
    assert_eq!(statuses, [200, 401, 401, 404]);
}

#[tokio::test]
async fn a_key_of_its_own_opens_them_and_nothing_else() {
    let app = spawn_watched(&[("METRICS_API_KEY", METRICS_KEY)]).await;
    logs::never(METRICS_KEY);

    let figures = app.send_admin(with(METRICS_KEY, scrape())).await;
    assert_eq!(figures.status, 200);
    assert_eq!(app.send_admin(with(ADMIN_KEY, scrape())).await.status, 200);

    for (method, path) in [
        (Method::GET, "/admin/sessions?user=alice"),
        (Method::POST, "/admin/sessions"),
        (Method::GET, "/metrics/"),
        (Method::GET, "//metrics"),
        (Method::GET, "/metrics/../admin/sessions?user=alice"),
        (Method::GET, "/%6detrics"),
    ] {
        let answer = app
            .send_admin(with(METRICS_KEY, request(method, path)))
            .await;
        assert_eq!(answer.code(), "admin_refused", "{path}");
    }
}

#[tokio::test]
async fn they_come_as_every_scraper_reads_them() {
    let app = spawn_watched(&[]).await;

    let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    let answer = app
        .send_admin(with(ADMIN_KEY, scrape().header("accept", accept)))
        .await;

    let media_type = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(media_type));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    for line in answer.body.lines().filter(|line| !line.starts_with("# ")) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let metric = name.split('{').next().unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let suffix = ["_bucket", "_sum", "_count"].map(|suffix| metric.strip_suffix(suffix));
        let names = suffix.into_iter().flatten().chain([metric]);
        let described = |name| answer.body.contains(&format!("# TYPE {name} "));
        assert!(names.into_iter().any(described), "{line}");
    }
}

#[tokio::test]
async fn a_scrape_leaves_no_line_in_the_log_that_people_read() {
    let app = spawn_watched(&[]).await;

    let answer = app.send_admin(with(ADMIN_KEY, scrape())).await;

    let lines = logs::lines_with(answer.header("x-request-id").unwrap());
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains(r#""level":"DEBUG""#), "{lines:?}");
}
