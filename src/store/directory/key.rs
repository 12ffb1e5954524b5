//! From a token's subject to the value that the key column is compared with.

use sea_orm::Value;
use uuid::Uuid;

use crate::domain::Subject;

/// The type that keys are compared in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Integer,
    Text,
    /// A native uuid, bound as one.
    Uuid,
    /// A native uuid of MariaDB, bound as text.
    UuidText,
}

/// A subject as a key.
pub(super) enum Key {
    /// A value to look for, and the text that a matching row must return.
    Of { value: Value, canonical: String },
    /// A text that no key of this type can be.
    Nobodys,
    /// A JSON type that no key of this type is.
    WrongType,
}

impl KeyKind {
    /// Some value of that type.
    pub(super) fn any(self) -> Value {
        match self {
            Self::Integer => 0_i64.into(),
            Self::Text => "".into(),
            Self::Uuid => Uuid::nil().into(),
            Self::UuidText => Uuid::nil().to_string().into(),
        }
    }

    /// How `subject` is looked for.
    pub(super) fn bind(self, subject: &Subject) -> Key {
        match (self, subject) {
            (Self::Integer, Subject::Integer(number)) => Key::Of {
                value: (*number).into(),
                canonical: number.to_string(),
            },
            // Only the canonical spelling: "007" is not user 7.
            (Self::Integer, Subject::Text(text)) => match text.parse::<i64>() {
                Ok(number) if number.to_string() == *text => Key::Of {
                    value: number.into(),
                    canonical: text.clone(),
                },
                _ => Key::Nobodys,
            },
            (Self::Text, Subject::Text(text)) => Key::Of {
                value: text.as_str().into(),
                canonical: text.clone(),
            },
            (Self::Uuid | Self::UuidText, Subject::Text(text)) => self.bind_uuid(text),
            (Self::Text | Self::Uuid | Self::UuidText, Subject::Integer(_)) => Key::WrongType,
        }
    }

    fn bind_uuid(self, text: &str) -> Key {
        // Braces, urn: and bare digits are other spellings; the case of the digits is none.
        let canonical = text.to_ascii_lowercase();
        match Uuid::parse_str(&canonical) {
            Ok(uuid) if uuid.hyphenated().to_string() == canonical => {
                let value = if self == Self::Uuid {
                    uuid.into()
                } else {
                    canonical.clone().into()
                };
                Key::Of { value, canonical }
            }
            _ => Key::Nobodys,
        }
    }
}
