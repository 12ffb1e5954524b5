//! How long Cognito takes, as the metrics have it.

use wiremock::ResponseTemplate;

use crate::api::metrics::Figures;
use crate::harness::ADMIN;

use super::stub::{TOKEN, cognito, granted, not_authorized, now_answers, refresh, spawn};

fn count(outcome: &str) -> String {
    let labels = format!(r#"{{operation="refresh",outcome="{outcome}"}}"#);
    format!("remint_cognito_duration_seconds_count{labels}")
}

#[tokio::test]
async fn answers_are_timed_by_what_they_say() {
    let server = cognito(granted("header.payload.signature-of-the-access-token")).await;
    let app = spawn(&server.uri(), &[ADMIN]).await;

    for (answer, outcome) in [
        (
            granted("header.payload.signature-of-another-token"),
            "granted",
        ),
        (not_authorized(), "refused"),
        (
            ResponseTemplate::new(400).set_body_string("nothing"),
            "failed",
        ),
    ] {
        now_answers(&server, answer).await;
        let before = Figures::of(&app).await;

        refresh(&app, TOKEN).await;

        Figures::of(&app)
            .await
            .assert_moved(&before, &[(&count(outcome), 1.0)]);
    }
}
