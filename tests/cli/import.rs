//! `remint session import`

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use sea_orm::{ConnectionTrait as _, Database};
use serde_json::json;

use crate::harness::process::{Output, Place};
use crate::harness::{SECRET, logs};

const HEADER: &str = "user,contract,token,expires_at,issued_at\n";

/// A place where imported tokens are accepted.
fn place() -> Place {
    Place::new().with("ACCEPT_IMPORTED_TOKENS", "true")
}

/// The `number`th refresh token of a legacy backend, which no output may show.
fn token(number: usize) -> String {
    let token = format!("00000000-0000-4000-8000-{number:012}");
    logs::never(&token);
    token
}

/// Lines about the tokens of those numbers, good for a day.
fn lines(numbers: impl IntoIterator<Item = usize>) -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let line = |number| format!("alice,envelope,{},{},{now}\n", token(number), now + 86_400);
    numbers.into_iter().map(line).collect()
}

fn file(place: &Place, name: &str, text: &str, mode: u32) -> String {
    let path = place.path().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    name.to_owned()
}

/// The summary, in its order.
fn counts(output: &Output) -> [u64; 4] {
    let summary = &output.json()[0];
    let names = ["imported", "there_already", "expired_already", "bad"];
    names.map(|name| summary[name].as_u64().unwrap())
}

#[test]
fn a_file_is_imported_and_then_there_already() {
    let place = place();
    let text = [HEADER, &lines(0..3)].concat();
    let name = file(&place, "sessions.txt", &text, 0o600);
    let arguments = ["session", "import", &name, "--json"];

    let (first, second) = (place.run(&arguments), place.run(&arguments));

    assert_eq!((first.code, first.stderr.as_str()), (Some(0), ""));
    assert_eq!(counts(&first), [3, 0, 0, 0]);
    assert_eq!(counts(&second), [0, 3, 0, 0]);
    let listed = place.run(&["session", "list", "alice", "--json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 3);
}

#[test]
fn json_lines_come_through_the_standard_input_as_well() {
    let line = json!({"user": 7, "token": token(0), "expires_at": "2999-01-01T00:00:00Z"});
    let arguments = ["session", "import", "-", "--contract", "cookie"];

    let output = place().run_with_input(&arguments, &line.to_string());

    assert_eq!(output.code, Some(0), "{output:?}");
    insta::assert_snapshot!(output.stdout, @r"
    | Imported | There already | Expired already | Bad |
    |----------|---------------|-----------------|-----|
    | 1        | 0             | 0               | 0   |
    ");
    insta::assert_snapshot!(output.stderr, @"1 without issued_at count as issued now: a logout or a change of password before now does not end them");
}

#[test]
fn bad_lines_are_named_without_their_tokens_and_the_others_are_imported() {
    let place = place();
    let good = lines([1]);
    let [swapped, long] = [token(2), "x".repeat(40_000)];
    logs::never(&long);
    let text = format!("{HEADER}alice,{swapped},cookie,1900000000,\n{good}{long}\nbob,{swapped}\n");

    let output = place.run_with_input(&["session", "import", "-", "--json"], &text);

    assert_eq!(output.code, Some(1));
    assert_eq!(counts(&output), [1, 0, 0, 3]);
    insta::assert_snapshot!(output.stderr, @r"
    line 2: contract: none of cookie, envelope, oauth2, refresh_token, token_pair
    line 4: the line is longer than 32768 bytes
    line 5: 2 fields, and the header line has 5
    ");
}

#[test]
fn a_dry_run_checks_the_file_and_touches_nothing() {
    let place = Place::new();
    let name = file(
        &place,
        "sessions.csv",
        &[HEADER, &lines(0..3)].concat(),
        0o640,
    );

    let refused = place.run(&["session", "import", &name]);
    let dry = place.run(&["session", "import", &name, "--dry-run"]);

    assert_eq!((refused.code, dry.code), (Some(1), Some(0)));
    assert_eq!(place.files(), ["sessions.csv"]);
    insta::assert_snapshot!(refused.stderr, @"remint: ACCEPT_IMPORTED_TOKENS is not true: the service would refuse every imported token; set it here and for the service (--dry-run checks a file without it)");
    insta::assert_snapshot!(dry.stdout, @r"
    | Importable | There already | Expired already | Bad |
    |------------|---------------|-----------------|-----|
    | 3          | 0             | 0               | 0   |
    ");
    insta::assert_snapshot!(dry.stderr, @"sessions.csv holds credentials, and others may read it: chmod 600");
}

#[test]
fn what_cannot_be_imported_at_all_is_an_error_at_once() {
    let place = place();
    let refused = |arguments: &[&str]| {
        let output = place.run_with_input(&[&["session", "import"], arguments].concat(), HEADER);
        assert_ne!(output.code, Some(0), "{output:?}");
        output.stderr.lines().next().unwrap().to_owned()
    };
    let cases: [&[&str]; 5] = [
        &["missing.csv"],
        &["."],
        &["-", "--contract", "expired_token"],
        &["-", "--format", "xml"],
        &["-", "--format", "jsonl"],
    ];

    let refusals = cases.map(refused);

    insta::assert_snapshot!(refusals.join("\n"), @r"
    remint: missing.csv: No such file or directory (os error 2)
    remint: the file cannot be read: Is a directory (os error 21)
    error: invalid value 'expired_token' for '--contract <WORD>': expected cookie, envelope, oauth2, refresh_token or token_pair
    error: invalid value 'xml' for '--format <FORMAT>'
    line 1: not valid JSON
    ");
}

#[tokio::test]
async fn an_outage_says_how_far_it_came_and_the_same_command_goes_on_from_there() {
    let place = place();
    place.run(&["migrate", "up"]);
    let url = format!("sqlite://{}", place.path().join("remint.db").display());
    let database = Database::connect(url).await.unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON remint_session \
        WHEN (SELECT count(*) FROM remint_session) >= 500 \
        BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    database.execute_unprepared(full).await.unwrap();
    let name = file(
        &place,
        "sessions.csv",
        &[HEADER, &lines(0..800)].concat(),
        0o600,
    );
    let arguments = ["session", "import", &name, "--json"];

    let stopped = place.run(&arguments);
    database
        .execute_unprepared("DROP TRIGGER full")
        .await
        .unwrap();
    let resumed = place.run(&arguments);

    assert_eq!((stopped.code, resumed.code), (Some(1), Some(0)));
    insta::assert_snapshot!(stopped.stderr, @"remint: the sessions could not be read or written: Execution Error: error returned from database: (code: 1811) the disk is full; everything up to line 501 is done, and the same command goes on from there");
    assert_eq!(counts(&stopped), [500, 0, 0, 0]);
    assert_eq!(counts(&resumed), [300, 500, 0, 0]);
}

#[test]
fn an_interrupted_import_says_how_far_it_came() {
    let place = place();
    let mut child = Command::new(env!("CARGO_BIN_EXE_remint"))
        .args(["session", "import", "-", "--json"])
        .env_clear()
        .envs([
            ("JWT_SECRET_KEY", SECRET),
            ("ACCEPT_IMPORTED_TOKENS", "true"),
        ])
        .current_dir(place.path())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let text = [HEADER, "bad\n", &lines(0..500)].concat();
    input.write_all(text.as_bytes()).unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    errors.read_line(&mut said).unwrap();
    assert!(said.starts_with("line 2: "), "{said}");

    let pid = child.id().to_string();
    Command::new("kill")
        .args(["-s", "INT", &pid])
        .status()
        .unwrap();
    said.clear();
    errors.read_to_string(&mut said).unwrap();

    // Its standard input is still open.
    assert_eq!(child.wait().unwrap().code(), Some(1));
    insta::assert_snapshot!(said, @"remint: interrupted; everything up to line 502 is done, and the same command goes on from there");
}
