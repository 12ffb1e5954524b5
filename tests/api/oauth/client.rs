//! Who the client is: by HTTP Basic, by its id, or nobody in particular.

use poem::http::Method;

use crate::api::contracts::frontend::exchange;
use crate::harness::{Answer, TestApp, request, spawn, spawn_with};

use super::{ENDPOINTS, FORM, ID, SECRET, basic, form, own, raw_basic, said, spawn_confidential};

/// An exchange of a good token by whoever sends these headers, and these parameters as well.
async fn send(app: &TestApp, headers: &[String], parameters: &[(&str, &str)]) -> Answer {
    send_to(app, "/oauth/token", headers, parameters).await
}

async fn send_to(
    app: &TestApp,
    path: &str,
    headers: &[String],
    parameters: &[(&str, &str)],
) -> Answer {
    let token = app.expired_token();
    let good = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &token),
        ("token", &token),
    ];
    let mut request = request(Method::POST, path).content_type(FORM);
    for header in headers {
        request = request.header("authorization", header);
    }
    app.send(request.body(form(&[&good, parameters].concat())))
        .await
}

#[tokio::test]
async fn the_client_may_encode_its_secret_as_the_rfc_says_or_as_curl_does() {
    let app = spawn_confidential().await;

    let [encoded, lower] = [own(), own().replace("Basic", "bAsIc")];
    assert_eq!(send(&app, &[encoded], &[]).await.status, 200);
    assert_eq!(send(&app, &[lower], &[]).await.status, 200);
    let plain = spawn_with(&[("OAUTH_CLIENT_ID", "shop"), SECRET]).await;
    let as_curl = raw_basic(&format!("shop:{}", SECRET.1));
    assert_eq!(
        send(&plain, &[as_curl], &[("client_id", "shop")])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn whoever_is_not_the_client_gets_one_answer_at_every_endpoint() {
    let app = spawn_confidential().await;
    let strangers = [
        basic(ID.1, "another secret"),
        basic("another client", SECRET.1),
        basic(ID.1, ""),
        basic("", SECRET.1),
        basic(SECRET.1, ID.1),
        raw_basic("no colon"),
        raw_basic(&format!("{}:{}", ID.1, SECRET.1)),
        "Basic".to_owned(),
        "Basic !".to_owned(),
        format!("{}=", own()),
        own().replace("Basic", "Bearer"),
    ];

    for path in ENDPOINTS {
        let nobody = send_to(&app, path, &[], &[]).await;
        let why = "the client must authenticate by HTTP Basic with its id and secret".to_owned();
        assert_eq!(said(&nobody), (401, "invalid_client".to_owned(), why));
        let challenge = Some(r#"Basic realm="remint""#);
        assert_eq!(nobody.header("www-authenticate"), challenge);
        assert_eq!(nobody.header("cache-control"), Some("no-store"));
        for stranger in &strangers {
            let mut answer = send_to(&app, path, std::slice::from_ref(stranger), &[]).await;
            assert_eq!(
                (answer.status, &answer.body),
                (401, &nobody.body),
                "{stranger}"
            );
            answer
                .headers
                .insert("x-request-id", nobody.headers["x-request-id"].clone());
            assert_eq!(answer.headers, nobody.headers);
        }
    }
}

#[tokio::test]
async fn a_secret_in_the_body_is_not_taken() {
    let app = spawn_confidential().await;

    let parameters = [("client_id", ID.1), ("client_secret", SECRET.1)];
    let answer = send(&app, &[], &parameters).await;

    let why = "the client secret is read from HTTP Basic only, not from the body".to_owned();
    assert_eq!(said(&answer), (401, "invalid_client".to_owned(), why));
}

#[tokio::test]
async fn a_client_that_is_named_twice_is_an_invalid_request() {
    let app = spawn_confidential().await;
    let twice = [own(), own()];

    for (headers, parameters) in [
        (&twice[..1], vec![("client_secret", SECRET.1)]),
        (&twice[..1], vec![("client_id", "another client")]),
        (
            &twice[..1],
            vec![("client_id", ID.1), ("client_secret", "x")],
        ),
        (&["Basic !".to_owned()], vec![("client_secret", SECRET.1)]),
        (&twice, vec![]),
    ] {
        let answer = send(&app, headers, &parameters).await;
        let why = "the client is named twice".to_owned();
        assert_eq!(said(&answer), (400, "invalid_request".to_owned(), why));
    }
    let same = [("client_id", ID.1), ("client_secret", "")];
    assert_eq!(send(&app, &twice[..1], &same).await.status, 200);
}

#[tokio::test]
async fn without_a_secret_nothing_that_names_a_client_is_looked_at() {
    let app = spawn().await;

    for headers in [
        &[][..],
        &[basic("any", "")],
        &["Basic !".to_owned()],
        &[own(), own()],
    ] {
        let parameters = [("client_id", "whoever"), ("client_secret", "whatever")];
        assert_eq!(send(&app, headers, &parameters).await.status, 200);
    }
}

#[tokio::test]
async fn a_public_client_with_an_id_may_leave_it_out_but_not_have_another() {
    let app = spawn_with(&[("OAUTH_CLIENT_ID", "spa")]).await;
    let known = [
        vec![],
        vec![("client_id", "spa")],
        vec![("client_secret", "x")],
    ];
    let other = vec![("client_id", "Spa")];

    for parameters in &known {
        assert_eq!(send(&app, &[], parameters).await.status, 200);
        assert_eq!(
            send(&app, &[basic("spa", "")], parameters).await.status,
            200
        );
    }
    for (headers, parameters) in [
        (vec![], &other),
        (vec![basic("spa", "")], &other),
        (vec![basic("Spa", "")], &known[1]),
        (vec!["Basic !".to_owned()], &known[0]),
    ] {
        let answer = send(&app, &headers, parameters).await;
        let why = "the client is unknown".to_owned();
        assert_eq!(said(&answer), (401, "invalid_client".to_owned(), why));
    }
}

#[tokio::test]
async fn who_is_not_the_client_learns_nothing_of_a_token() {
    let app = spawn_confidential().await;

    let good = exchange(&app, &app.expired_token()).await;
    let bad = exchange(&app, "x").await;

    assert_eq!((good.status, good.body), (401, bad.body));
}
