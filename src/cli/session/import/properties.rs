//! What must hold for every file, not only for those of an example.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::format::Format;
use super::reading::Chunk;
use super::tests::{HEADER, NOW, at, read, reading};

/// A line, with its columns in the order of the header.
fn line() -> impl Strategy<Value = Map<String, Value>> {
    let text = "[ -~é\u{1f511}]{0,9}";
    let time = prop_oneof![
        (NOW - 9..NOW + 99).prop_map(|time| time.to_string()),
        (NOW - 9..NOW + 99).prop_map(|time| at(time).to_rfc3339()),
        text.prop_map(String::from),
    ];
    let word = prop::sample::select(vec!["cookie", "envelope", "expired_token", "x", ""]);
    let claims = vec((text, text.prop_map(Value::from)), 0..3);
    let columns = (
        text.prop_map(Value::from),
        word.prop_map(Value::from),
        option::of(text.prop_map(Value::from)),
        option::of("[0-9a-fA-F]{64}".prop_map(Value::from)),
        time.clone().prop_map(Value::from),
        option::of(time.prop_map(Value::from)),
        option::of(claims.prop_map(|claims| claims.into_iter().collect::<Value>())),
    );
    columns.prop_map(
        |(user, contract, token, sha256, expires_at, issued_at, claims)| {
            let [token, sha256, issued_at, claims] =
                [token, sha256, issued_at, claims].map(Option::unwrap_or_default);
            let values = [user, contract, token, sha256, expires_at, issued_at, claims];
            let names = HEADER.trim().split(',').map(str::to_owned);
            names.zip(values).collect()
        },
    )
}

fn csv_text(lines: &[Map<String, Value>]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER.trim().split(',')).unwrap();
    for line in lines {
        let field = |value: &Value| match value.as_str() {
            Some(text) => text.to_owned(),
            None if value.is_null() => String::new(),
            None => value.to_string(),
        };
        writer.write_record(line.values().map(field)).unwrap();
    }
    writer.into_inner().unwrap()
}

/// What might be a file, and what surely is none.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "\"",
        "\"\"",
        ",",
        "\n",
        "\r",
        "{",
        "}",
        "{\"user\":",
        "a",
        "cookie",
        "1900000000",
        "\u{feff}",
        "\0",
    ]);
    prop_oneof![
        vec(any::<u8>(), 0..300),
        vec(pieces, 0..60).prop_map(|pieces| pieces.concat().into_bytes()),
    ]
}

proptest! {
    #[test]
    fn both_formats_say_the_same(lines in vec(line(), 0..20)) {
        // Its lines have the numbers of those below a header.
        let mut json = String::from("\n");
        for line in &lines {
            json += &serde_json::to_string(line).unwrap();
            json.push('\n');
        }

        let csv = read(&reading(Some(Format::Csv), None), &csv_text(&lines)).unwrap();
        let json = read(&reading(Some(Format::Jsonl), None), json.as_bytes()).unwrap();

        prop_assert_eq!(Chunk { bytes: json.bytes, ..csv }, json);
    }

    #[test]
    fn whatever_the_bytes_are_each_line_is_counted_once(bytes in garbage()) {
        let file = [HEADER.as_bytes(), &bytes].concat();
        let lines = bytes.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.trim_ascii().is_empty()).count();

        for (format, skipped) in [(Format::Csv, 0), (Format::Jsonl, 1)] {
            let chunk = read(&reading(Some(format), None), &file).unwrap();
            let over = usize::try_from(chunk.expired + chunk.too_old).unwrap();
            let counted = chunk.sessions.len() + chunk.bad.len() + over;
            prop_assert_eq!(counted, lines + skipped);
        }
    }
}
