//! What the command line says of Cognito.

use wiremock::ResponseTemplate;

use crate::harness::logs;
use crate::harness::process::Place;

use super::stub::{CLIENT, SECRET, TOKEN, cognito, exception, granted, not_authorized};

/// The state and what was seen.
fn finding(place: &Place) -> (Option<i32>, String, String) {
    let output = place.run(&["doctor", "--json"]);
    let rows = output.json();
    let mut rows = rows.as_array().unwrap().iter();
    let row = rows.find(|row| row["what"] == "cognito").unwrap();
    let text = |name| row[name].as_str().unwrap().to_owned();
    (output.code, text("state"), text("seen"))
}

/// A place whose service asks the Cognito at `url`.
pub(super) fn place(url: &str) -> Place {
    Place::new()
        .with("COGNITO_REGION", "eu-central-1")
        .with("COGNITO_CLIENT_ID", CLIENT)
        .with("COGNITO_CLIENT_SECRET", SECRET)
        .with("COGNITO_ENDPOINT_URL", url)
}

#[tokio::test]
async fn doctor_tells_whether_cognito_knows_the_app_client() {
    logs::never(TOKEN);
    logs::never(SECRET);
    let secret = "Unable to verify secret hash for client x";
    for (answer, state, seen) in [
        (not_authorized(), "ok", "answers, and knows the app client"),
        (
            exception(400, "NotAuthorizedException", secret),
            "BAD",
            "COGNITO_CLIENT_SECRET must",
        ),
        (
            exception(400, "ResourceNotFoundException", ""),
            "BAD",
            "COGNITO_CLIENT_ID name no",
        ),
        (
            exception(400, "InvalidParameterException", ""),
            "BAD",
            "COGNITO_ROTATION must",
        ),
        (
            ResponseTemplate::new(502),
            "BAD",
            "could not be asked: the answer of Cognito, 502,",
        ),
        (exception(400, TOKEN, TOKEN), "BAD", "Cognito answered 400"),
        (granted("a.b.c"), "BAD", "COGNITO_ENDPOINT_URL"),
    ] {
        let server = cognito(answer).await;

        let found = finding(&place(&server.uri()));

        let code = Some(i32::from(state == "BAD"));
        assert_eq!((found.0, found.1.as_str()), (code, state), "{found:?}");
        assert!(found.2.contains(seen), "{found:?}");
    }
}

#[test]
fn doctor_tells_why_cognito_cannot_be_reached() {
    let (code, state, seen) = finding(&place("http://127.0.0.1:1"));

    assert_eq!((code, state.as_str()), (Some(1), "BAD"));
    assert!(seen.contains("could not be asked"), "{seen}");
    assert!(seen.contains("onnect"), "{seen}");
}

#[test]
fn without_cognito_doctor_names_the_settings() {
    let (code, state, seen) = finding(&Place::new());

    assert_eq!((code, state.as_str()), (Some(0), "off"));
    assert!(seen.contains("COGNITO_REGION"), "{seen}");
}

#[test]
fn sessions_that_cognito_has_are_neither_started_nor_imported() {
    let place = place("http://127.0.0.1:1").with("ACCEPT_IMPORTED_TOKENS", "true");
    let contract = ["--contract", "refresh_token"];
    for command in [["session", "start", "alice"], ["session", "import", "-"]] {
        let output = place.run(&[&command[..], &contract].concat());

        assert_eq!(output.code, Some(1), "{output:?}");
        let complaint = "refresh_token is not offered: an identity provider has its sessions";
        assert!(output.stderr.contains(complaint), "{output:?}");
    }
}
