use chrono::{DateTime, Utc};

use super::row::BadLine;
use super::*;

pub(super) const NOW: i64 = 1_800_000_000;

pub(super) const HEADER: &str = "user,contract,token,sha256,expires_at,issued_at,claims\n";

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

pub(super) fn reading(format: Option<Format>, contract: Option<Contract>) -> Reading {
    let secret = "the-secret-of-the-tests-that-is-long-enough-for-every-hash-of-rfc-7518";
    let vars = [("JWT_SECRET_KEY".to_owned(), secret.to_owned())];
    let config = Config::from_vars(vars, Purpose::Tokens).unwrap();
    let importer = Importer {
        contracts: app::minters(&config).unwrap().all(),
        elsewhere: None,
        now: at(NOW),
    };
    Reading {
        importer,
        format,
        contract,
    }
}

/// Everything that `input` comes to.
pub(super) fn read(reading: &Reading, input: &[u8]) -> Result<Chunk, ReadError> {
    let mut whole = Chunk::default();
    reading.read(input, |chunk| {
        whole.sessions.extend(chunk.sessions);
        whole.bad.extend(chunk.bad);
        whole.expired += chunk.expired;
        whole.too_old += chunk.too_old;
        whole.undated += chunk.undated;
        (whole.line, whole.bytes) = (chunk.line, chunk.bytes);
        Ok(())
    })?;
    Ok(whole)
}

/// What rows below the usual header come to.
fn rows(rows: &str) -> Chunk {
    let file = [HEADER, rows].concat();
    read(&reading(None, None), file.as_bytes()).unwrap()
}

fn reasons(chunk: &Chunk) -> String {
    let reasons = chunk.bad.iter();
    let reasons: Vec<_> = reasons
        .map(|(line, bad)| format!("{line}: {bad}"))
        .collect();
    reasons.join("\n")
}

#[test]
fn a_bad_line_is_named_by_its_number_and_its_reason_and_the_next_one_is_taken() {
    let hash = "0f".repeat(32);
    let long = "x".repeat(8_193);
    let chunk = rows(&format!(
        "a,saml,t,,1900000000,,\na,expired_token,t,,1900000000,,\na,cookie,,,1900000000,,\n\
        a,cookie,t,{hash},1900000000,,\na,cookie,,0f,1900000000,,\na,cookie,t ,,1900000000,,\n\
        a,cookie,{long},,1900000000,,\na,cookie,t,,,,\na,cookie,t,,1900000000000,,\n\
        a,cookie,t,,2027-01-31,,\n,cookie,t,,1900000000,,\n a,cookie,t,,1900000000,,\n\
        a,cookie,t,,1900000000,1800000031,\na,cookie,t,,1900000000,,[]\n\
        a,cookie,t,,1900000000,,\"{{\"\"exp\"\":1}}\"\na,cookie,t\na,cookie,\"t,,1900000000,,\n\
        \na,cookie,t,,1900000000,,\n"
    ));

    insta::assert_snapshot!(reasons(&chunk), @r"
    2: contract: none of cookie, envelope, oauth2, refresh_token, token_pair
    3: the contract expired_token has no refresh tokens
    4: token or sha256 is missing
    5: both token and sha256
    6: sha256: expected 64 hexadecimal digits
    7: token: longer than 8192 bytes, or with white space at an end
    8: token: longer than 8192 bytes, or with white space at an end
    9: expires_at is missing
    10: expires_at: too large for seconds since 1970; divide milliseconds by 1000
    11: expires_at: expected a time with its offset (2027-01-31T00:00:00Z) or the seconds since 1970
    12: user is missing
    13: user: empty, too long, or with white space at an end or a control character in it
    14: issued_at lies in the future
    15: claims: not a JSON object
    16: the claim exp is not for the caller to set
    17: 3 fields, and the header line has 7
    18: a quote is not closed before the end of the line
    ");
    assert_eq!((chunk.sessions.len(), chunk.line), (1, 20));
}

#[test]
fn json_has_reasons_of_its_own() {
    let lines = r#"{"user":"a","contract":"cookie","token":"t","expires_at":1900000000}
        {"user":1.5}
        {"token":5}
        {"expiry":1900000000}
        {"user":"a","user":"b"}
        {"claims":"{}"}
        {"expires_at":true}
        ["a"]
        a,cookie,t"#;

    let chunk = read(&reading(None, None), lines.as_bytes()).unwrap();

    insta::assert_snapshot!(reasons(&chunk), @r"
    2: user: a value of the wrong type
    3: token: a value of the wrong type
    4: a member that is none of claims, contract, expires_at, issued_at, sha256, token, user
    5: a member stands twice
    6: claims: not a JSON object
    7: expires_at: expected a time with its offset (2027-01-31T00:00:00Z) or the seconds since 1970
    8: not a JSON object
    9: not valid JSON
    ");
    assert_eq!(chunk.sessions.len(), 1);
}

#[test]
fn a_header_that_promises_too_little_or_too_much_is_refused_without_being_quoted() {
    let refused = |header: &str| {
        let outcome = read(&reading(Some(Format::Csv), None), header.as_bytes());
        outcome.unwrap_err().to_string()
    };
    let headers = [
        "user,contract,token",
        "user,token,expires_at",
        "user,contract,expires_at",
        "user,user",
        "alice,cookie,3a6b",
        "user,\"token",
        "username",
    ];

    let refusals: Vec<_> = headers.into_iter().map(refused).collect();

    insta::assert_snapshot!(refusals.join("\n"), @r"
    the header line has no column expires_at
    the header line has no column contract
    the header line has no column token or sha256
    the header line has the column user twice
    column 1 of the header line is none of claims, contract, expires_at, issued_at, sha256, token, user
    the header line cannot be read: a quote is not closed before the end of the line
    column 1 of the header line is none of claims, contract, expires_at, issued_at, sha256, token, user
    ");
}

#[test]
fn times_are_seconds_or_have_an_offset() {
    for time in [
        "1799000000",
        "1799000000.999",
        "2027-01-03T18:13:20Z",
        "2027-01-03 20:13:20.5+02:00",
    ] {
        let chunk = rows(&format!("a,cookie,t,,1900000000,{time},\n"));
        assert_eq!(chunk.sessions[0].started_at, at(1_799_000_000), "{time}");
    }
    for no_time in ["-5", "1e9", "17990000.", "٣", "2027-01-03T18:13:20", "now"] {
        let chunk = rows(&format!("a,cookie,t,,1900000000,{no_time},\n"));
        assert_eq!(chunk.bad, [(2, BadLine::Time("issued_at"))], "{no_time}");
    }
}

#[test]
fn a_session_ends_with_its_token_but_lasts_no_longer_than_others() {
    let longest = 30 * 86_400;
    for (expires_at, issued_at, ends) in [
        (NOW + 500, "1799999000", NOW + 500),
        (NOW + 9_999_999, "1799999000", 1_799_999_000 + longest),
        (NOW + 9_999_999, "", NOW + longest),
        // A clock that is a little ahead.
        (NOW + 9_999_999, "1800000030", NOW + longest),
    ] {
        let chunk = rows(&format!("a,cookie,t,,{expires_at},{issued_at},\n"));

        assert_eq!(chunk.sessions[0].expires_at, at(ends));
        assert_eq!(chunk.undated, u64::from(issued_at.is_empty()));
    }
}

#[test]
fn what_is_over_is_counted_and_not_taken() {
    let begun_too_long_ago = NOW - 30 * 86_400;
    let chunk = rows(&format!(
        "a,cookie,t,,{NOW},,\na,cookie,u,,{},,\na,cookie,v,,1900000000,{begun_too_long_ago},\n",
        NOW + 1
    ));

    assert_eq!((chunk.expired, chunk.too_old), (1, 1));
    assert_eq!((chunk.sessions.len(), chunk.bad.len()), (1, 0));
}

#[test]
fn a_token_and_its_hash_in_either_case_are_the_same_session() {
    let hash = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
    let chunk = rows(&format!(
        "a,cookie,hello world,,1900000000,,\na,cookie,,{hash},1900000000,,\n\
        a,cookie,,{},1900000000,,\na,envelope,,{hash},1900000000,,\n",
        hash.to_uppercase()
    ));

    let ids: Vec<_> = chunk.sessions.iter().map(|session| session.id).collect();
    assert_eq!(ids.len(), 4);
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3]);
}

#[test]
fn the_subject_is_the_first_claim_of_each_contract() {
    let chunk =
        rows("7,token_pair,t,,1900000000,,\"{\"\"role\"\":[1.50]}\"\n7,cookie,t,,1900000000,,{}\n");
    let json = br#"{"user":7,"contract":"cookie","token":"t","expires_at":1900000000}"#;
    let number = read(&reading(None, None), json).unwrap();

    let all = chunk.sessions.iter().chain(&number.sessions);
    let claims = all.flat_map(|session| &session.claims);
    let claims = claims.map(|(name, value)| format!("{name}={}", value.as_str()));
    let claims: Vec<_> = claims.collect();
    assert_eq!(
        claims,
        ["nameid=\"7\"", "role=[1.50]", "sub=\"7\"", "sub=7"]
    );
}

#[test]
fn a_contract_for_all_is_for_lines_that_name_no_other() {
    let file = "user,contract,token,expires_at\na,,t,1900000000\na,cookie,u,1900000000\n";

    let same = read(&reading(None, Some(Contract::Cookie)), file.as_bytes()).unwrap();
    let other = read(&reading(None, Some(Contract::Envelope)), file.as_bytes()).unwrap();

    assert_eq!((same.sessions.len(), same.bad.len()), (2, 0));
    assert_eq!(other.bad, [(3, BadLine::OtherContract)]);
    assert_eq!(other.sessions[0].contract, Contract::Envelope);
}

#[test]
fn a_line_without_end_is_skipped_and_not_kept() {
    let long = "x".repeat(5 * lines::MAX_LINE_BYTES);
    let chunk = rows(&format!("{long}\na,cookie,t,,1900000000,,\n{long}"));

    let too_long = [(2, BadLine::TooLong), (4, BadLine::TooLong)];
    assert_eq!(chunk.bad, too_long);
    assert_eq!(chunk.sessions.len(), 1);
}

#[test]
fn files_of_windows_are_read_like_others() {
    for file in [
        "\u{feff}user,token,expires_at\r\na,t,1900000000\r\n\r\n",
        "\u{feff}{\"user\":\"a\",\"token\":\"t\",\"expires_at\":1900000000}\r\n",
    ] {
        let chunk = read(&reading(None, Some(Contract::Cookie)), file.as_bytes()).unwrap();

        assert_eq!((chunk.sessions.len(), chunk.bad), (1, Vec::new()));
        assert_eq!(chunk.sessions[0].user_key, "a");
    }
}

#[test]
fn claims_that_no_token_has_room_for_are_refused() {
    let sized = |size: usize| {
        let claims = format!(r#"{{""bulk"":""{}""}}"#, "x".repeat(size - 6));
        rows(&format!("a,cookie,t,,1900000000,,\"{claims}\"\n"))
    };

    let (most, more) = (sized(4_096), sized(4_097));

    assert_eq!((most.sessions.len(), more.sessions.len()), (1, 0));
    assert_eq!(reasons(&more), "2: the claims are longer than 4096 bytes");
}
