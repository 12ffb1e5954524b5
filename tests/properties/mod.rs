//! What must hold for every JSON text and every chain of tokens, not only for those of an example.

mod chain;
mod json;

use proptest::collection::vec;
use proptest::prelude::*;

/// A JSON value as a sender might write it, duplicates included.
#[derive(Debug, Clone)]
enum Tree {
    Array(Vec<Self>),
    /// Numbers, words and strings, as text.
    Leaf(String),
    Object(Vec<(String, Self)>),
}

impl Tree {
    fn text(&self) -> String {
        match self {
            Self::Array(values) => {
                let values: Vec<_> = values.iter().map(Self::text).collect();
                format!("[{}]", values.join(" , "))
            }
            Self::Leaf(text) => text.clone(),
            Self::Object(members) => object(members),
        }
    }

    fn has_duplicates(&self) -> bool {
        match self {
            Self::Array(values) => values.iter().any(Self::has_duplicates),
            Self::Leaf(_) => false,
            Self::Object(members) => {
                let names: std::collections::HashSet<_> = members.iter().map(|m| &m.0).collect();
                names.len() < members.len() || members.iter().any(|m| m.1.has_duplicates())
            }
        }
    }
}

/// The text of an object.
fn object(members: &[(String, Tree)]) -> String {
    let member = |(name, value): &(String, Tree)| format!("{}: {}", quoted(name), value.text());
    let members: Vec<_> = members.iter().map(member).collect();
    format!("{{ {} }}", members.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Few enough names that some objects have one twice.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-d]",
        1 => any::<String>(),
    ]
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,2})?",
        "null|true|false",
        any::<String>().prop_map(|text| quoted(&text)),
        // A spelling that no writer of ours chooses.
        any::<u8>().prop_map(|unit| format!("\"\\u00{unit:02X}\"")),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    leaf()
        .prop_map(Tree::Leaf)
        .prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Tree::Array),
                vec((name(), inner), 0..4).prop_map(Tree::Object),
            ]
        })
}
