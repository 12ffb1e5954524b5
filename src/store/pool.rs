//! How far the connections of a database are used up.

use sea_orm::{DatabaseConnection, DbBackend, sqlx};

use crate::metrics::Pool;

use super::connections::Connections;

/// The pool behind `connections`, without waiting for anything; none if it is of another kind than
/// those that the service opens.
pub fn pool(connections: &Connections) -> Option<Pool> {
    sizes(&connections.current())
}

/// The same of what the service opened.
pub(super) fn sizes(connection: &DatabaseConnection) -> Option<Pool> {
    match connection.get_database_backend() {
        DbBackend::MySql => Some(of(connection.get_mysql_connection_pool())),
        DbBackend::Postgres => Some(of(connection.get_postgres_connection_pool())),
        DbBackend::Sqlite => Some(of(connection.get_sqlite_connection_pool())),
        _ => None,
    }
}

fn of<DB: sqlx::Database>(pool: &sqlx::Pool<DB>) -> Pool {
    let open = pool.size();
    Pool {
        open,
        // For a moment the library may count below 0, which is a very large number.
        idle: pool
            .num_idle()
            .min(usize::try_from(open).unwrap_or(usize::MAX)),
        most: pool.options().get_max_connections(),
    }
}
