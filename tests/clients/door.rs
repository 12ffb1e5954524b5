//! A database that goes away and comes back.

use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection};

use crate::harness::servers::ThrowawayDatabase;

/// Whether anybody may connect to a database of PostgreSQL.
pub(super) struct Door {
    admin: DatabaseConnection,
    name: String,
}

impl Door {
    /// The door of `database`, which is open.
    pub(super) async fn to(database: &ThrowawayDatabase) -> Self {
        let url = database.admin_url().unwrap();
        let (server, name) = url.rsplit_once('/').unwrap();
        // The door cannot be shut from the inside.
        let admin = Database::connect(format!("{server}/postgres")).await;
        Self {
            admin: admin.unwrap(),
            name: name.to_owned(),
        }
    }

    /// Throws everybody out.
    pub(super) async fn shut(&self) {
        let name = &self.name;
        self.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
            .await;
        self.run(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        ))
        .await;
    }

    /// Lets everybody in again.
    pub(super) async fn open(&self) {
        let name = &self.name;
        self.run(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
            .await;
    }

    async fn run(&self, sql: &str) {
        self.admin.execute_unprepared(sql).await.unwrap();
    }
}
