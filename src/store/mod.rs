//! Databases: the ports of [`crate::service`] over sea-orm.

mod batched;
mod connect;
mod connections;
mod dialect;
mod directory;
mod errors;
mod gather;
mod holders;
mod kept;
mod lent;
mod migrate;
mod options;
mod own_users;
mod paired;
mod ping;
mod pool;
mod pools;
mod schema;
mod sessions;
mod tries;
mod values;

pub use connect::{
    ConnectError, DatabaseSettings, connect, connect_to_existing, connect_to_migrate,
    sqlite_obstacle,
};
pub use connections::Connections;
pub use directory::{DirectorySettings, SetupError, SqlUserDirectory};
pub use holders::SqlHolders;
pub use migrate::{
    MigrationState, migrate_at_start, migrate_down, migrate_up, migrations, try_write,
    try_write_to_server,
};
pub use own_users::{OwnUser, OwnUsers, OwnUsersError};
pub use pool::pool;
pub use sessions::SqlSessionStore;
