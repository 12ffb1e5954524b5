use poem::http::StatusCode;
use poem::test::TestClient;
use poem::{IntoResponse, Response};
use poem_openapi::payload::PlainText;
use poem_openapi::{OpenApi, OpenApiService};
use serde_json::{Value, json};

use super::super::bearer::Bearer;
use super::*;

const NAME: &str = "refresh_token";

/// What the cookies of those headers amount to, in a word; a credential behind `=`.
fn found(headers: &[&[u8]]) -> String {
    let mut request = Request::default();
    for header in headers {
        let value = HeaderValue::from_bytes(header).unwrap();
        request.headers_mut().append("cookie", value);
    }
    word(Cookies::read(&request).find(NAME))
}

fn word(value: CookieValue) -> String {
    match value {
        CookieValue::Ambiguous => "ambiguous".to_owned(),
        CookieValue::Credential(token) => format!("={token}"),
        CookieValue::Missing => "missing".to_owned(),
        CookieValue::Unreadable => "unreadable".to_owned(),
    }
}

fn settings() -> CookieSettings {
    CookieSettings {
        refresh_name: NAME.to_owned(),
        access_name: "access_token".to_owned(),
        domain: None,
        same_site: SameSite::Lax,
        secure: true,
    }
}

#[test]
fn a_cookie_is_found_among_others() {
    for header in [
        &b"refresh_token=t"[..],
        b"a=1; refresh_token=t; b=2",
        b"refresh_token=t;a=1",
        b"a=1;refresh_token=t;",
        b";;; ;a;=;=x;refresh_token=t",
        b"a=\"x; refresh_token=t; b=y\"",
        b"$Version=1; refresh_token=t; $Path=/",
        b"theme=caf\xe9; refresh_token=t; name=\xff\xfe",
    ] {
        assert_eq!(found(&[header]), "=t", "{}", header.escape_ascii());
    }
}

#[test]
fn several_headers_are_one() {
    assert_eq!(found(&[b"a=1", b"refresh_token=t", b"b=2"]), "=t");
    assert_eq!(found(&[b"", b"refresh_token=t"]), "=t");
    assert_eq!(found(&[b"a=1", b"b=2"]), "missing");
}

#[test]
fn quotes_and_white_space_around_a_value_are_not_part_of_it() {
    for (header, expected) in [
        (&b"refresh_token=\"t\""[..], "=t"),
        (b" refresh_token = t ", "=t"),
        (b"\trefresh_token\t=\t\"t\"\t", "=t"),
        (b"refresh_token=\"t", "=\"t"),
        (b"refresh_token=t\"", "=t\""),
        (b"refresh_token=\"", "=\""),
        (b"refresh_token=\"\"t\"\"", "=\"t\""),
        (b"refresh_token=\" t \"", "= t "),
        (b"refresh_token='t'", "='t'"),
    ] {
        assert_eq!(found(&[header]), expected, "{}", header.escape_ascii());
    }
}

#[test]
fn a_value_is_all_that_stands_behind_the_first_equals_sign() {
    assert_eq!(found(&[b"refresh_token=dA=="]), "=dA==");
    assert_eq!(found(&[b"refresh_token==t"]), "==t");
    assert_eq!(
        found(&[b"refresh_token=t, access_token=u"]),
        "=t, access_token=u"
    );
    assert_eq!(found(&[b"refresh_token=%74%3D"]), "=%74%3D");
}

#[test]
fn a_name_is_compared_byte_for_byte() {
    for header in [
        &b"Refresh_Token=t"[..],
        b"REFRESH_TOKEN=t",
        b"refresh_token2=t",
        b"xrefresh_token=t",
        b"refresh%5Ftoken=t",
        b"\"refresh_token\"=t",
        b"$refresh_token=t",
        b"=refresh_token=t",
        b"a=refresh_token=t",
        b"refresh_token",
        // Unicode's white space, which text would be trimmed of.
        b"\xe2\x80\x80refresh_token=t",
        b"refresh_token\xc2\xa0=t",
        b"\xc2\x85refresh_token=t",
    ] {
        assert_eq!(found(&[header]), "missing", "{}", header.escape_ascii());
    }
}

#[test]
fn the_same_value_twice_is_one() {
    assert_eq!(found(&[b"refresh_token=t; refresh_token=t"]), "=t");
    assert_eq!(found(&[b"refresh_token=t", b"refresh_token=\"t\""]), "=t");
}

#[test]
fn two_values_are_ambiguous_wherever_they_stand() {
    for headers in [
        &[&b"refresh_token=t; refresh_token=u"[..]][..],
        &[b"refresh_token=t", b"refresh_token=u"],
        &[b"refresh_token=t; refresh_token=t; a=1", b"refresh_token=u"],
        &[b"refresh_token=t; refresh_token="],
        &[b"refresh_token=; refresh_token=t"],
        &[b"refresh_token=t; refresh_token=T"],
        &[b"refresh_token=t; refresh_token=\xff"],
    ] {
        assert_eq!(found(headers), "ambiguous", "{headers:?}");
    }
}

#[test]
fn an_empty_cookie_is_none() {
    for header in [
        &b""[..],
        b"refresh_token=",
        b"refresh_token=\"\"",
        b"refresh_token= ; a=1",
        b"refresh_token=; refresh_token=\"\"",
    ] {
        assert_eq!(found(&[header]), "missing", "{}", header.escape_ascii());
    }
    assert_eq!(found(&[]), "missing");
}

#[test]
fn bytes_that_are_no_text_are_no_token() {
    assert_eq!(found(&[b"refresh_token=\xff"]), "unreadable");
    assert_eq!(found(&[b"refresh_token=a\xc3"]), "unreadable");
    assert_eq!(found(&[b"refresh_token=\xed\xa0\x80"]), "unreadable");
}

#[test]
fn a_value_of_any_length_is_for_others_to_judge() {
    let long = "t".repeat(100_000);

    let found = found(&[format!("refresh_token={long}").as_bytes()]);

    assert_eq!(found.len(), 100_001);
}

#[test]
fn a_fresh_token_is_out_of_reach_of_scripts_other_sites_and_plain_http() {
    insta::assert_snapshot!(
        settings().access("a.b-c_d", 1800),
        @"access_token=a.b-c_d; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=1800"
    );
}

#[test]
fn a_cookie_is_written_as_the_settings_say() {
    let settings = CookieSettings {
        access_name: "__Secure-at".to_owned(),
        domain: Some("example.com".to_owned()),
        same_site: SameSite::None,
        ..settings()
    };
    let insecure = CookieSettings {
        secure: false,
        same_site: SameSite::Strict,
        ..settings.clone()
    };

    insta::assert_snapshot!(
        settings.access("t", 1),
        @"__Secure-at=t; HttpOnly; SameSite=None; Secure; Path=/; Domain=example.com; Max-Age=1"
    );
    insta::assert_snapshot!(
        insecure.access("t", 1),
        @"__Secure-at=t; HttpOnly; SameSite=Strict; Path=/; Domain=example.com; Max-Age=1"
    );
}

#[test]
fn clearing_adds_one_header_for_each_cookie() {
    let mut response: Response = StatusCode::NO_CONTENT.into_response();

    settings().clear(response.headers_mut());

    let cookies = response.headers().get_all(header::SET_COOKIE).iter();
    let cookies: Vec<_> = cookies.map(|cookie| cookie.to_str().unwrap()).collect();
    insta::assert_snapshot!(cookies.join("\n"), @r"
    access_token=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0
    refresh_token=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0
    ");
}

struct Api;

#[OpenApi]
impl Api {
    #[oai(path = "/", method = "post")]
    #[expect(clippy::unused_async, reason = "operations are async")]
    async fn refresh(&self, _bearer: Bearer, cookies: Cookies) -> PlainText<String> {
        PlainText(word(cookies.find(NAME)))
    }
}

#[tokio::test]
async fn a_handler_gets_the_cookies_of_its_request() {
    let client = TestClient::new(OpenApiService::new(Api, "test", "1"));

    let with = client.post("/").header("cookie", "refresh_token=t");
    let (with, without) = (with.send().await, client.post("/").send().await);

    with.assert_text("=t").await;
    without.assert_text("missing").await;
}

#[test]
fn the_document_asks_for_the_header_the_cookie_or_neither() {
    let service = OpenApiService::new(Api, "test", "1");

    let document: Value = serde_json::from_str(&service.spec()).unwrap();

    let security = &document["paths"]["/"]["post"]["security"];
    assert_eq!(security, &json!([{"bearer": []}, {}, {"cookie": []}]));
    insta::assert_json_snapshot!(document["components"]["securitySchemes"]["cookie"], @r#"
    {
      "type": "apiKey",
      "description": "The refresh token; REFRESH_COOKIE_NAME can give it another name.",
      "name": "refresh_token",
      "in": "cookie"
    }
    "#);
}
