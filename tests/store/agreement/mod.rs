//! What is asked for at once is answered, and done, as if everybody had asked alone.

mod changes;
mod sessions;
mod users;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use proptest::sample::select;
use remint::domain::SessionId;
use uuid::Uuid;

/// What a database, a collation or a quotation may take for something else.
const NAMES: [&str; 22] = [
    "alice",
    "ALICE",
    "Alice",
    "alice ",
    " alice",
    "alicé",
    "alice\u{301}",
    "straße",
    "strasse",
    "O'Hara",
    "'; --",
    "a\"b",
    "a\\b",
    "a\\'b",
    "%",
    "?",
    "$1",
    "日本",
    "🦀",
    "",
    "0",
    "NULL",
];

/// A name that any column of texts can hold.
fn name() -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        4 => select(&NAMES[..]).prop_map(str::to_owned),
        1 => "\\PC{0,30}",
    ]
}

fn id(number: u8) -> SessionId {
    SessionId(Uuid::from_u128(number.into()))
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}
