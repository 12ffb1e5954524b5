//! Strict JSON against `serde_json`, which is lenient with names and nothing else.

use proptest::collection::vec;
use proptest::prelude::*;
use remint::json::{NotStrict, StrictObject};
use serde_json::{Map, Value};

use super::{Tree, name, object, tree};

/// The members as values.
fn values(object: &StrictObject<'_>) -> Vec<(String, Value)> {
    let value = |(name, value): (&str, &serde_json::value::RawValue)| {
        (name.to_owned(), serde_json::from_str(value.get()).unwrap())
    };
    object.iter().map(value).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn an_object_is_read_as_serde_reads_it_unless_a_name_stands_twice(
        members in vec((name(), tree()), 0..5),
    ) {
        let text = object(&members);

        let strict = StrictObject::parse(text.as_bytes());

        let duplicates = Tree::Object(members).has_duplicates();
        prop_assert_eq!(strict.as_ref().err(), duplicates.then_some(&NotStrict::Duplicate));
        if let Ok(strict) = strict {
            let lenient: Map<String, Value> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(values(&strict), lenient.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_value_keeps_its_text(before in tree(), value in tree(), after in tree()) {
        prop_assume!(!Tree::Array(vec![before.clone(), value.clone(), after.clone()]).has_duplicates());
        let members = [("a", before), ("b", value), ("c", after)];
        let members = members.map(|(name, value)| (name.to_owned(), value));
        let text = object(&members);

        let strict = StrictObject::parse(text.as_bytes()).unwrap();

        for (name, value) in &members {
            prop_assert_eq!(strict.find(name).unwrap().get(), value.text());
        }
    }

    #[test]
    fn a_damaged_text_is_refused_exactly_where_serde_refuses_it(
        members in vec((name(), tree()), 0..4),
        at in any::<prop::sample::Index>(),
        byte in prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\ \n0e-n\x00\xff".to_vec())],
        kind in 0..3_u8,
    ) {
        let mut text = object(&members).into_bytes();
        let at = at.index(text.len());
        match kind {
            0 => text[at] = byte,
            1 => text.insert(at, byte),
            _ => text.truncate(at),
        }

        let strict = StrictObject::parse(&text);

        let lenient: Result<Map<String, Value>, _> = serde_json::from_slice(&text);
        match strict {
            Ok(strict) => {
                prop_assert_eq!(values(&strict), lenient.unwrap().into_iter().collect::<Vec<_>>());
            }
            Err(NotStrict::Duplicate) => {}
            Err(NotStrict::NotAnObject | NotStrict::NotJson) => prop_assert!(lenient.is_err()),
        }
    }
}
