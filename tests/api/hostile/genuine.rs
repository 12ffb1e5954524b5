//! Tokens whose signature is right and whose claims are hostile.

use serde_json::json;

use super::{ALG, SECRET, START, Target};
use crate::harness::jwt;

/// A genuine token with that payload.
fn of(payload: impl AsRef<[u8]>) -> String {
    jwt::hs256(ALG, payload, SECRET)
}

/// A genuine token of alice that has expired, with `members` at the end of its payload.
fn with(members: &str) -> String {
    of(format!(
        r#"{{"sub":"alice","exp":{}{members}}}"#,
        START - 60
    ))
}

#[tokio::test]
async fn a_claim_that_stands_twice_is_unsupported_even_with_equal_values() {
    let target = Target::new().await;

    for claim in [
        r#""sub":"alice""#,
        r#""sub":"admin""#,
        r#""exp":1800000000"#,
        r#""iss":"a","iss":"a""#,
        r#""aud":"a","aud":"a""#,
        r#""nbf":1,"nbf":1"#,
        r#""iat":1,"iat":2"#,
        r#""jti":"a","jti":"b""#,
        r#""role":"user","role":"admin""#,
        r#""role":"user","r\u006fle":"admin""#,
        r#""a":{"role":"user","role":"admin"}"#,
        r#""a":[[{"b":{"c":1,"c":1}}]]"#,
        r#""remint":{},"remint":{}"#,
        r#""":1,"":1"#,
    ] {
        target
            .assert_judged(&with(&format!(",{claim}")), "unsupported_token", claim)
            .await;
    }
}

/// Times that are none, and times long past, with the code of the refusal.
const EXPIRIES: [(&str, &str); 14] = [
    (r#""1799999940""#, "unsupported_token"),
    ("null", "unsupported_token"),
    ("true", "unsupported_token"),
    ("[1799999940]", "unsupported_token"),
    (r#"{"$date":1799999940}"#, "unsupported_token"),
    ("1e308", "unsupported_token"),
    ("1e400", "unsupported_token"),
    ("-1e400", "unsupported_token"),
    ("1799999940000", "unsupported_token"),
    ("123456789012345678901234567890", "unsupported_token"),
    ("0", "refresh_window_over"),
    ("-0", "refresh_window_over"),
    ("-1", "refresh_window_over"),
    ("1e-400", "refresh_window_over"),
];

#[tokio::test]
async fn an_expiry_is_a_number_within_the_calendar() {
    let target = Target::new().await;

    for (exp, code) in EXPIRIES {
        let token = of(format!(r#"{{"sub":"alice","exp":{exp}}}"#));
        target.assert_judged(&token, code, exp).await;
    }
    for exp in [
        "1799999940.5",
        "1.79999994e9",
        "1799999940.000000001",
        "1799999940E0",
    ] {
        let token = of(format!(r#"{{"sub":"alice","exp":{exp}}}"#));
        target.assert_accepted(&token, exp).await;
    }
}

#[tokio::test]
async fn no_time_of_a_token_lies_ahead_by_more_than_the_leeway() {
    let target = Target::new().await;

    for claim in ["nbf", "iat", "auth_time", "orig_iat"] {
        let at = |time: &str| with(&format!(r#","{claim}":{time}"#));
        let token = at(&(START + 30).to_string());
        target.assert_accepted(&token, claim).await;
        for ahead in [
            "1800000030.001",
            "1800000031",
            "1.8001e9",
            "9e9",
            "253402300799",
        ] {
            let what = format!("{claim} {ahead}");
            target
                .assert_judged(&at(ahead), "unsupported_token", &what)
                .await;
        }
    }
}

#[tokio::test]
async fn a_time_that_is_no_number_is_never_taken_for_one() {
    let target = Target::new().await;

    for claim in ["nbf", "iat", "auth_time", "orig_iat"] {
        for value in [
            r#""1""#,
            r#""""#,
            "null",
            "false",
            "[]",
            "{}",
            "1e400",
            "1e18",
            "1799990000000",
        ] {
            let member = format!(r#","{claim}":{value}"#);
            target
                .assert_judged(&with(&member), "unsupported_token", &member)
                .await;
        }
    }
}

/// Subjects as JSON that are nobody's key.
const NO_SUBJECTS: [&str; 15] = [
    "null",
    "5",
    "0",
    "-1",
    "1.0",
    "true",
    r#"["alice"]"#,
    r#"{"sub":"alice"}"#,
    r#""""#,
    r#""alice\u0000""#,
    r#""\u0000""#,
    r#""alice\n""#,
    r#""\t""#,
    r#""\u007f""#,
    r#""\u0085""#,
];

/// A genuine token that has expired, of that subject.
fn of_subject(json: &str) -> String {
    of(format!(r#"{{"sub":{json},"exp":{}}}"#, START - 60))
}

#[tokio::test]
async fn a_subject_is_a_string_of_printable_characters() {
    let target = Target::new().await;

    for subject in NO_SUBJECTS {
        let token = of_subject(subject);
        target
            .assert_judged(&token, "unsupported_token", subject)
            .await;
    }
}

#[tokio::test]
async fn a_subject_has_255_bytes_at_most() {
    let target = Target::new().await;

    for (subject, code) in [
        ("a".repeat(255), "user_not_found"),
        ("a".repeat(256), "unsupported_token"),
        ("é".repeat(127), "user_not_found"),
        ("é".repeat(128), "unsupported_token"),
        ("a".repeat(5000), "unsupported_token"),
    ] {
        let token = of_subject(&json!(subject).to_string());
        target.assert_judged(&token, code, &subject).await;
    }
}

#[tokio::test]
async fn a_subject_of_10_kilobytes_makes_a_token_that_is_too_long() {
    let target = Target::new().await;

    let token = of(json!({"sub": "a".repeat(10_000), "exp": START - 60}).to_string());

    target.assert_refused(&token, "10 kB").await;
}

/// Payloads that are not one strict JSON object.
const NO_OBJECTS: [&str; 19] = [
    "",
    " ",
    "null",
    "5",
    "true",
    "[]",
    r#""alice""#,
    r#"[{"sub":"alice","exp":1}]"#,
    "{",
    "sub=alice",
    r#"{"sub":"alice","exp":1}x"#,
    r#"{"sub":"alice","exp":1,}"#,
    r#"{"sub":"alice","exp":01}"#,
    r#"{"sub":"alice","exp":+1}"#,
    r#"{"sub":"alice","exp":.5}"#,
    r#"{"sub":"alice","exp":NaN}"#,
    r#"{"sub":"\ud800","exp":1}"#,
    "\u{feff}{}",
    "{\"sub\":\"a\nb\"}",
];

#[tokio::test]
async fn a_payload_that_is_no_strict_json_object_is_unsupported() {
    let target = Target::new().await;

    for payload in NO_OBJECTS {
        target
            .assert_judged(&of(payload), "unsupported_token", payload)
            .await;
    }
    let not_utf8 = of(b"{\"sub\":\"\xff\",\"exp\":1}");
    target
        .assert_judged(&not_utf8, "unsupported_token", "not UTF-8")
        .await;
}

#[tokio::test]
async fn nesting_that_no_person_writes_is_unsupported() {
    let target = Target::new().await;

    for (opening, closing, levels) in [("[", "]", 3000), (r#"{"a":"#, "}", 950), ("[", "", 3000)] {
        let nested = format!("{}1{}", opening.repeat(levels), closing.repeat(levels));
        let token = of(format!(r#"{{"sub":"alice","a":{nested}}}"#));
        target
            .assert_judged(&token, "unsupported_token", opening)
            .await;
    }
}

#[tokio::test]
async fn nesting_that_a_person_might_write_is_kept() {
    let target = Target::new().await;
    let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));

    let answer = target
        .app
        .refresh(&with(&format!(r#","a":{nested}"#)))
        .await;

    let text = jwt::payload_text(&answer.access_token());
    assert!(text.contains(&nested), "{text}");
}

#[tokio::test]
async fn an_empty_claim_name_and_a_claim_named_like_a_method_are_only_claims() {
    let target = Target::new().await;

    let answer = target
        .app
        .refresh(&with(r#","":1,"__proto__":{"admin":true},"constructor":2"#))
        .await;

    let text = jwt::payload_text(&answer.access_token());
    assert!(
        text.contains(r#","":1,"__proto__":{"admin":true},"constructor":2,"#),
        "{text}"
    );
}
