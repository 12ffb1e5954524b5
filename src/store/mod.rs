//! Databases: the ports of [`crate::service`] over sea-orm.

mod connect;
mod dialect;
mod directory;
mod own_users;
mod schema;
mod sessions;

pub use connect::{ConnectError, DatabaseSettings, connect, migrate_up};
pub use directory::{DirectorySettings, SetupError, SqlUserDirectory};
pub use own_users::{OwnUser, OwnUsers, OwnUsersError};
pub use sessions::SqlSessionStore;
