//! The users table of the default shape, for new projects and the demo.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::m20261121_000001_create_created_table::TABLE as CREATED;

const USERS: &str = "users";

/// The columns of the table, in the order of their names.
const COLUMNS: [&str; 3] = ["email", "id", "is_active"];

pub(crate) struct Migration {
    pub(crate) enabled: bool,
}

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000002_create_users"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !self.enabled {
            return Ok(());
        }
        let found = columns_of_users(manager).await?;
        if found == COLUMNS {
            // Ours if there is a note: a start crashed after it had made the table.
            return Ok(());
        }
        if !found.is_empty() {
            // Not ours, whatever a start that crashed before has noted.
            return forget(manager).await;
        }
        // First the note, then the table: were it the other way round, a crash between the two
        // would leave a table that `down` takes for somebody else's. And so the note of a start
        // that crashed may be there already.
        forget(manager).await?;
        let note = Query::insert()
            .into_table(CREATED)
            .columns(["name"])
            .values_panic([USERS.into()])
            .take();
        manager.execute(note).await?;
        let users = Table::create()
            .table(USERS)
            .col(
                ColumnDef::new("id")
                    .string_len(255)
                    .not_null()
                    .primary_key(),
            )
            .col(
                ColumnDef::new("email")
                    .string_len(255)
                    .not_null()
                    .unique_key(),
            )
            .col(ColumnDef::new("is_active").boolean().not_null())
            .take();
        manager.create_table(users).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let ours = Query::select()
            .column("name")
            .from(CREATED)
            .and_where(Expr::col("name").eq(USERS))
            .take();
        if manager.get_connection().query_one(&ours).await?.is_none() {
            return Ok(());
        }
        // The note outlives a table that was dropped by hand, and somebody else's may have taken
        // its place: only one that also looks like ours is ours.
        if columns_of_users(manager).await? == COLUMNS {
            manager
                .drop_table(Table::drop().table(USERS).take())
                .await?;
        }
        forget(manager).await
    }
}

/// Removes the note that the table is ours.
async fn forget(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let note = Query::delete()
        .from_table(CREATED)
        .and_where(Expr::col("name").eq(USERS))
        .take();
    manager.execute(note).await
}

/// The columns of whatever answers to `users`, be it a view or in another schema of PostgreSQL's
/// search path: a table of ours would hide it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's list is open, and only these three drivers are compiled in"
)]
async fn columns_of_users(manager: &SchemaManager<'_>) -> Result<Vec<String>, DbErr> {
    let backend = manager.get_database_backend();
    let sql = match backend {
        DbBackend::MySql => {
            "SELECT CAST(column_name AS CHAR) AS name FROM information_schema.columns \
             WHERE table_schema = DATABASE() AND table_name = 'users' ORDER BY 1"
        }
        DbBackend::Postgres => {
            "SELECT attname::text AS name FROM pg_attribute \
             WHERE attrelid = to_regclass('users') AND attnum > 0 AND NOT attisdropped ORDER BY 1"
        }
        _ => "SELECT name FROM pragma_table_info('users') ORDER BY 1",
    };
    let connection = manager.get_connection();
    let rows = connection.query_all_raw(Statement::from_string(backend, sql));
    rows.await?
        .iter()
        .map(|row| row.try_get("", "name"))
        .collect()
}
