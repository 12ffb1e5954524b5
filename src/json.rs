//! JSON objects read strictly: unique names at every depth, values as they stand in the text.
//!
//! *Why not `serde_json::Value`.* It takes the last of two equal names (RFC 7515 §4 demands
//! that a header's names are unique; parsers that disagree on the winner are how signature
//! checks get bypassed), and it turns numbers beyond 64 bits into others.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Serialize as _, Serializer};
use serde_json::value::RawValue;

/// So many members are compared with one another.
const FEW: usize = 16;

/// A JSON object: its members in order, no two of the same name.
#[derive(Debug, Default)]
pub struct StrictObject<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// Why a text is not one strict JSON object. Says nothing of the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotStrict {
    /// A name stands twice.
    #[error("a member stands twice")]
    Duplicate,
    /// Valid JSON, but an array or a scalar.
    #[error("not a JSON object")]
    NotAnObject,
    /// Not JSON.
    #[error("not valid JSON")]
    NotJson,
}

impl<'a> StrictObject<'a> {
    /// Reads `text`, which must be one object and nothing else but white space.
    pub fn parse(text: &'a [u8]) -> Result<Self, NotStrict> {
        let text = std::str::from_utf8(text).map_err(|_| NotStrict::NotJson)?;
        let object: Self = serde_json::from_str(text).map_err(|error| why_not(text, &error))?;
        for (_, value) in &object.0 {
            check_value(value.get())?;
        }
        Ok(object)
    }

    /// The value of that name.
    pub fn find(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| *value)
    }

    /// The members, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The string that a value is, if it is one.
pub fn as_string(value: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(value.get())
        .ok()
        .map(|text| text.0)
}

/// Serializes a text in which there is most likely nothing to escape, such as a token: it is looked
/// through in pieces, where the library goes from byte to byte.
pub fn serialize_plain<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    // With a backslash it could be JSON and mean something else.
    let quoted = (!text.contains('\\')).then(|| ["\"", text, "\""].concat());
    match quoted.map(RawValue::from_string) {
        Some(Ok(value)) => value.serialize(serializer),
        Some(Err(_)) | None => serializer.serialize_str(text),
    }
}

/// A string that borrows where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Scanning for raw values skips over nested objects and escapes without looking into them.
fn check_value(text: &str) -> Result<(), NotStrict> {
    let needs_a_look = match text.as_bytes().first() {
        Some(b'{' | b'[') => true,
        Some(b'"') => text.contains('\\'),
        _ => false,
    };
    if needs_a_look {
        serde_json::from_str::<Unique>(text).map_err(|error| classify(&error))?;
    }
    Ok(())
}

/// The message of our own error, which serde carries as text.
const DUPLICATE: &str = "a member stands twice";

/// Why `text` could not be read as an object.
fn why_not(text: &str, error: &serde_json::Error) -> NotStrict {
    let Ok(whole) = serde_json::from_str::<&RawValue>(text) else {
        return NotStrict::NotJson;
    };
    if whole.get().starts_with('{') {
        return classify(error);
    }
    let within = serde_json::from_str::<Unique>(text);
    within.map_or_else(|error| classify(&error), |_| NotStrict::NotAnObject)
}

fn classify(error: &serde_json::Error) -> NotStrict {
    if error.is_data() && error.to_string().starts_with(DUPLICATE) {
        NotStrict::Duplicate
    } else {
        NotStrict::NotJson
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for StrictObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = map.next_entry::<Text<'de>, _>()? {
                    members.push((name, value));
                }
                if are_unique(&members) {
                    Ok(members)
                } else {
                    Err(A::Error::custom(DUPLICATE))
                }
            }
        }

        deserializer.deserialize_map(Members).map(Self)
    }
}

/// Whether no two members have the same name.
fn are_unique(members: &[(Cow<'_, str>, &RawValue)]) -> bool {
    let before = |index| members.iter().map(|(name, _)| name).take(index);
    if members.len() <= FEW {
        // As many as most have: to compare them costs less than to hash them.
        let mut members = members.iter().map(|(name, _)| name).enumerate();
        return members.all(|(index, name)| !before(index).any(|other| other == name));
    }
    let mut names = HashSet::with_capacity(members.len());
    members.iter().all(|(name, _)| names.insert(name.as_ref()))
}

/// Any JSON value whose objects have unique names; only checks, keeps nothing.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Unique, A::Error> {
        while seq.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, Unique)) = map.next_entry::<String, Unique>()? {
            if !names.insert(name) {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(Unique)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> NotStrict {
        StrictObject::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn members_keep_their_order_and_their_digits() {
        let text = r#"{"b":1e2,"a":123456789012345678901234567890,"c":"\u00e9"}"#;

        let object = StrictObject::parse(text.as_bytes()).unwrap();

        let members: Vec<_> = object
            .iter()
            .map(|(name, value)| (name, value.get()))
            .collect();
        let digits = "123456789012345678901234567890";
        assert_eq!(members, [("b", "1e2"), ("a", digits), ("c", r#""\u00e9""#)]);
    }

    #[test]
    fn whatever_must_be_escaped_is_escaped_in_a_text_that_should_be_plain() {
        let texts = [
            "",
            "eyJ.a-b_c",
            r#"a","b":"c"#,
            r"\n",
            r"\",
            "\n",
            "\u{1}",
            "\"",
            "\u{e9}",
        ];
        for text in texts {
            let mut json = Vec::new();
            serialize_plain(text, &mut serde_json::Serializer::new(&mut json)).unwrap();

            assert_eq!(
                String::from_utf8(json).unwrap(),
                serde_json::to_string(text).unwrap()
            );
        }
    }

    #[test]
    fn equal_names_are_refused_at_every_depth_and_in_every_spelling() {
        assert_eq!(refused(r#"{"a":1,"a":1}"#), NotStrict::Duplicate);
        assert_eq!(refused(r#"{"a":1,"\u0061":1}"#), NotStrict::Duplicate);
        assert_eq!(refused(r#"{"x":{"a":1,"a":2}}"#), NotStrict::Duplicate);
        assert_eq!(
            refused(r#"{"x":[1,{"a":1,"b":[{"c":1,"c":1}]}]}"#),
            NotStrict::Duplicate
        );
    }

    #[test]
    fn equal_names_are_refused_wherever_they_stand_among_many() {
        for count in [2, FEW, FEW + 1, 100] {
            let mut names: Vec<_> = (0..count).map(|number| format!("\"{number}\":0")).collect();
            let text = |names: &[String]| format!("{{{}}}", names.join(","));
            let object = text(&names);
            assert!(StrictObject::parse(object.as_bytes()).is_ok(), "{count}");

            names[count - 1] = names[0].clone();

            assert_eq!(refused(&text(&names)), NotStrict::Duplicate, "{count}");
        }
    }

    #[test]
    fn what_is_not_an_object_is_told_from_what_is_not_json() {
        for scalar in ["[]", "null", "5", r#""{}""#, " true "] {
            assert_eq!(refused(scalar), NotStrict::NotAnObject, "{scalar}");
        }
        for broken in [
            "",
            "{",
            "{}x",
            "\u{feff}{}",
            r#"{"a":}"#,
            r#"{"a":"\ud800"}"#,
            "[1,",
            "{'a':1}",
        ] {
            assert_eq!(refused(broken), NotStrict::NotJson, "{broken}");
        }
        assert_eq!(
            StrictObject::parse(b"{\"a\":\"\xff\"}").unwrap_err(),
            NotStrict::NotJson
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(3000), "]".repeat(3000));

        assert_eq!(refused(&deep), NotStrict::NotJson);
    }
}
