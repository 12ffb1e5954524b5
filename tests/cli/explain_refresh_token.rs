//! `remint explain`, of refresh tokens.

use remint::domain::Contract;
use remint::service::{LegacyText, LegacyToken, RefreshTokenCodec as _};
use remint::token::{RefreshTokens, Secret, SigningKey};
use sea_orm::{ConnectionTrait as _, Database};
use serde_json::Value;

use super::place_with_users;
use crate::harness::process::{Output, Place};

const CONTRACTS: [&str; 5] = [
    "cookie",
    "envelope",
    "oauth2",
    "refresh_token",
    "token_pair",
];

/// The id and the refresh token of a session of alice's.
fn start(place: &Place, contract: &str) -> (String, String) {
    let arguments = [
        "session",
        "start",
        "alice",
        "--contract",
        contract,
        "--json",
    ];
    let session = place.run(&arguments).json();
    let text = |name: &str| session[name].as_str().unwrap().to_owned();
    (text("session_id"), text("refresh_token"))
}

/// What was seen by the check of that name, or the refusal.
fn seen(output: &Output, check: &str) -> (String, String) {
    let Value::Array(rows) = output.json() else {
        panic!("{output:?}");
    };
    let row = rows.iter().find(|row| row["check"] == check);
    let row = row.unwrap_or_else(|| panic!("no {check} in {output:?}"));
    let text = |name| row[name].as_str().unwrap().to_owned();
    (text("verdict"), text("seen"))
}

/// What the last check said, which is the one that the verdict comes from.
fn verdict(place: &Place, token: &str) -> String {
    let output = place.run(&["explain", token]);
    output.stdout.lines().last().unwrap().to_owned()
}

async fn sql(place: &Place, sql: &str) {
    let url = format!("sqlite://{}", place.path().join("remint.db").display());
    let connection = Database::connect(url).await.unwrap();
    connection.execute_unprepared(sql).await.unwrap();
    connection.close().await.unwrap();
}

#[test]
fn a_good_one_of_every_contract_passes_and_nothing_changes() {
    let place = place_with_users();
    for (contract, exchange) in CONTRACTS.into_iter().zip([
        "kept: it stays good until its session ends",
        "good once: the answer has the next one",
        "good once: the answer has the next one",
        "kept: it stays good until its session ends",
        "good once, together with an access token of the same session",
    ]) {
        let (id, token) = start(&place, contract);
        let show = || place.run(&["session", "show", &id, "--json"]).json();
        let before = show();

        let output = place.run(&["explain", &token, "--json"]);

        assert_eq!(output.code, Some(0), "{output:?}");
        let ok = |text: &str| ("ok".to_owned(), text.to_owned());
        assert_eq!(
            seen(&output, "form"),
            ok(&format!("a refresh token of {contract}"))
        );
        assert_eq!(
            seen(&output, "session"),
            ok(&format!("{id}, generation 0 of 0"))
        );
        assert_eq!(seen(&output, "user"), ok("alice is active"));
        assert_eq!(seen(&output, "exchange"), ok(exchange));
        assert_eq!(show(), before);
    }
}

#[test]
fn the_access_token_beside_it_says_by_what_its_session_is_renewed() {
    let place = place_with_users();
    for contract in CONTRACTS {
        let session = place.run(&[
            "session",
            "start",
            "alice",
            "--contract",
            contract,
            "--json",
        ]);
        let token = session.json()["access_token"].clone();

        let output = place.run(&["explain", token.as_str().unwrap(), "--json"]);

        assert_eq!(output.code, Some(1), "{output:?}");
        let why = format!(
            "an access token of {contract}, whose sessions are renewed by their refresh tokens"
        );
        assert_eq!(seen(&output, "contract"), ("NO".to_owned(), why));
    }
}

#[test]
fn what_is_no_token_at_all_is_not_a_refresh_token_either() {
    let output = place_with_users().run(&["explain", "x", "--json"]);

    assert_eq!(output.code, Some(1), "{output:?}");
    let no = |why: &str| ("NO".to_owned(), why.to_owned());
    let refresh_token = no("not a refresh token of this service");
    assert_eq!(seen(&output, "refresh token"), refresh_token);
    assert_eq!(seen(&output, "form"), no("not a JWT in compact form"));
}

#[test]
fn a_forged_one_has_the_form_and_not_the_signature() {
    let place = place_with_users();
    for (token, contracts) in [
        (
            "00000000-0000-4000-8000-000000000000".to_owned(),
            "envelope",
        ),
        (
            format!("AQ{}", "A".repeat(74)),
            "cookie or refresh_token or oauth2",
        ),
        (format!("AQ{}==", "A".repeat(84)), "token_pair"),
    ] {
        let output = place.run(&["explain", &token, "--json"]);

        assert_eq!(output.code, Some(1), "{output:?}");
        assert_eq!(
            seen(&output, "form").1,
            format!("a refresh token of {contracts}")
        );
        let signature = seen(&output, "signature");
        assert_eq!(signature.1, "the signature does not fit any key");
    }
}

#[tokio::test]
async fn one_that_would_be_refused_fails_with_the_reason() {
    let place = place_with_users();
    let (id, token) = start(&place, "token_pair");
    let good = "This token would be exchanged.";
    let refused = |why: &str| format!("This token would be refused: {why}.");
    assert_eq!(verdict(&place, &token), good);

    // Exchanged a moment ago, long ago, and twice since.
    for (change, expected) in [
        ("generation = 1", good.to_owned()),
        (
            "rotated_at = rotated_at - 60",
            refused("the token was exchanged before"),
        ),
        ("generation = 2", refused("the token was exchanged before")),
        (
            "expires_at = 1",
            refused("the session has reached its maximum age"),
        ),
    ] {
        sql(&place, &format!("UPDATE remint_session SET {change}")).await;
        assert_eq!(verdict(&place, &token), expected, "{change}");
    }
    sql(&place, "UPDATE users SET is_active = FALSE").await;
    assert_eq!(verdict(&place, &token), refused("the user is not active"));
    place.run(&["session", "revoke", &id]);
    assert_eq!(verdict(&place, &token), refused("the session was revoked"));
    sql(&place, "DELETE FROM remint_session").await;
    let forgotten = refused("the session has reached its maximum age");
    assert_eq!(verdict(&place, &token), forgotten);
}

#[test]
fn one_of_a_previous_key_names_it_and_one_of_an_ended_key_is_refused() {
    let place = place_with_users();
    let (_, token) = start(&place, "token_pair");
    let secret = "another secret that is long enough for every algorithm, as it stands here";
    let list = |until: &str| {
        let secret = crate::harness::SECRET;
        format!(r#"[{{"secret": "{secret}", "until": "{until}"}}]"#)
    };

    let place = place.with("JWT_SECRET_KEY", secret);
    let previous = place.with("JWT_PREVIOUS_SECRET_KEYS", &list("2100-01-01T00:00:00Z"));
    let output = previous.run(&["explain", &token, "--json"]);
    assert_eq!(seen(&output, "signature").1, "previous-1");
    assert_eq!(output.code, Some(0), "{output:?}");

    let ended = previous.with("JWT_PREVIOUS_SECRET_KEYS", &list("2020-01-01T00:00:00Z"));
    let output = ended.run(&["explain", &token, "--json"]);
    assert_eq!(
        seen(&output, "key still trusted").1,
        "the key has passed its end date"
    );
    assert_eq!(output.code, Some(1));
}

#[test]
fn one_of_a_contract_that_is_off_says_why_it_is() {
    let place = place_with_users();
    let (_, token) = start(&place, "envelope");
    let short = "a secret that is long enough for HS256 only";

    let place = place
        .with("JWT_SECRET_KEY", short)
        .with("JWT_PREVIOUS_SECRET_KEYS", crate::harness::SECRET);
    let output = place.run(&["explain", &token]);

    assert_eq!(output.code, Some(1));
    let why = "the contract envelope is off, because of JWT_SECRET_KEY: ";
    assert!(output.stderr.contains(why), "{output:?}");
    let mend = "; or set ENVELOPE_ALGORITHM=HS256";
    assert!(output.stderr.contains(mend), "{output:?}");
}

#[tokio::test]
async fn one_that_was_imported_is_known_where_imports_are_accepted() {
    let place = place_with_users();
    let (id, _) = start(&place, "token_pair");
    let secret = Secret::of_text(crate::harness::SECRET);
    let key_id = None;
    let codec = RefreshTokens::new(&SigningKey { key_id, secret }, &[]);
    let text = LegacyToken::Text(LegacyText("made-by-the-legacy-backend"));
    let imported = codec.imported(Contract::TokenPair, &text);
    let rename = format!("UPDATE remint_session SET id = '{imported}' WHERE id = '{id}'");
    sql(&place, &rename).await;

    let unknown = verdict(&place, "made-by-the-legacy-backend");
    let place = place.with("ACCEPT_IMPORTED_TOKENS", "true");
    let known = place.run(&["explain", "made-by-the-legacy-backend", "--json"]);

    let refused = "This token would be refused: not a JWT in compact form.";
    assert_eq!(unknown, refused);
    assert_eq!(known.code, Some(0), "{known:?}");
    assert_eq!(seen(&known, "form").1, "imported for token_pair");
    assert_eq!(verdict(&place, "made-by-somebody-else"), refused);
}

#[test]
fn the_help_says_that_refresh_tokens_are_understood() {
    let help = Place::bare().run(&["explain", "--help"]);

    assert!(
        help.stdout.contains("an access or a refresh token"),
        "{help:?}"
    );
}
