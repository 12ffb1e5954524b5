//! The key of the admin listener.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a caller of the admin listener has to know.
///
/// Only its hash is kept. Comparing hashes takes the same time for every guess, however long it is
/// and however much of it is right.
#[derive(Clone)]
pub struct AdminKey([u8; 32]);

impl AdminKey {
    /// The key with that text.
    pub fn of_text(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Whether `text` is the key.
    pub fn is(&self, text: &str) -> bool {
        self.0.ct_eq(&Self::of_text(text).0).into()
    }
}

impl fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminKey(..)")
    }
}
