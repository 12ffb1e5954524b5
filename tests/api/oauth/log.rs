//! What the log says of OAuth 2.0: whose token it was, and never the token.

use remint::domain::Contract;
use serde_json::{Value, json};

use crate::api::contracts::frontend::{exchange, post_form};
use crate::harness::{Answer, logs};

use super::{ID, SECRET, post, spawn_confidential};

/// Level, contract, outcome, reason and subject of the event about that answer.
fn event(answer: &Answer) -> Value {
    let lines = logs::lines_with(answer.header("x-request-id").unwrap());
    let event = lines.iter().find(|line| line.contains("remint::audit"));
    let event: Value = serde_json::from_str(event.unwrap()).unwrap();
    let fields = &event["fields"];
    let names = ["contract", "outcome", "reason", "subject"].map(|name| &fields[name]);
    json!([event["level"], names])
}

#[tokio::test]
async fn who_is_not_the_client_stands_out() {
    let app = spawn_confidential().await;
    let parameters = [("client_id", ID.1), ("client_secret", SECRET.1)];

    let nobody = exchange(&app, "x").await;
    let in_body = post_form(&app, "/oauth/introspect", &parameters).await;

    let reason = "the client must authenticate by HTTP Basic with its id and secret";
    let expected = json!(["WARN", ["oauth2", "invalid_client", reason, null]]);
    assert_eq!(event(&nobody), expected);
    let reason = "the client secret is read from HTTP Basic only, not from the body";
    let expected = json!(["WARN", ["introspect", "invalid_client", reason, null]]);
    assert_eq!(event(&in_body), expected);
}

#[tokio::test]
async fn an_exchange_says_whose_token_it_was_and_why_it_is_not_exchanged() {
    let app = spawn_confidential().await;
    let send = async |token: &str| {
        let parameters = [("grant_type", "refresh_token"), ("refresh_token", token)];
        event(&post(&app, "/oauth/token", &parameters).await)
    };
    let good = app
        .start(Contract::OAuth2, "alice")
        .await
        .refresh_token
        .unwrap();
    let bob = app.token_with(&json!({"sub": "bob"}));

    let format = "not a refresh token of this service";
    let signature = "the signature does not fit any key";
    let forged = format!("{}A", app.expired_token());
    for (token, level, outcome, reason, subject) in [
        (good.as_str(), "INFO", "refreshed", None, Some("alice")),
        (
            &bob,
            "INFO",
            "user_inactive",
            Some("the user is not active"),
            Some("bob"),
        ),
        ("x", "WARN", "invalid_token", Some(format), None),
        (&forged, "WARN", "invalid_token", Some(signature), None),
    ] {
        let expected = json!([level, ["oauth2", outcome, reason, subject]]);
        assert_eq!(send(token).await, expected);
    }
}

#[tokio::test]
async fn whoever_asks_or_revokes_is_told_less_than_the_log() {
    let app = spawn_confidential().await;
    let token = app.expired_token();
    let send = async |path, token: &str| event(&post(&app, path, &[("token", token)]).await);

    let asked = send("/oauth/introspect", &token).await;
    let ended = send("/oauth/revoke", &token).await;
    let ignored = send("/oauth/revoke", "x").await;

    let reason = "the token has expired";
    let expected = json!(["INFO", ["introspect", "token_expired", reason, "alice"]]);
    assert_eq!(asked, expected);
    assert_eq!(
        ended,
        json!(["INFO", ["revoke", "logged_out", null, "alice"]])
    );
    assert_eq!(ignored, json!(["INFO", ["revoke", "ignored", null, null]]));
}
