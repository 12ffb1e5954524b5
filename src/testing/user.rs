//! Users of the temporary database.

use chrono::{DateTime, Utc};

use crate::store::OwnUser;

/// A user to add: active, without a cut-off, unless something else is said.
///
/// ```
/// use remint::testing::TestUser;
///
/// let alice = TestUser::new("alice");
/// let bob = TestUser::new("bob").email("bob@example.org").inactive();
/// # drop((alice, bob));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestUser {
    pub(super) row: OwnUser,
    pub(super) cut_off: Option<DateTime<Utc>>,
}

impl TestUser {
    /// The user whose tokens name `id`.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            row: OwnUser {
                email: format!("{id}@example.com"),
                id,
                is_active: true,
            },
            cut_off: None,
        }
    }

    /// With another address than `<id>@example.com`.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.row.email = email.into();
        self
    }

    /// Deactivated.
    #[must_use]
    pub fn inactive(mut self) -> Self {
        self.row.is_active = false;
        self
    }

    /// Whose tokens count only if they were issued after `instant`, as after a change of password.
    #[must_use]
    pub fn cut_off_at(mut self, instant: DateTime<Utc>) -> Self {
        self.cut_off = Some(instant);
        self
    }
}

impl From<&str> for TestUser {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}
