//! Sessions, one row each however often they are refreshed, and users' cut-offs.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

const SESSION: &str = "remint_session";
const CUT_OFF: &str = "remint_cut_off";
const USER_INDEX: &str = "remint_session_user_hash";

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000003_create_session"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let is_postgres = is_postgres(manager).await?;
        let is_mysql = manager.get_database_backend() == DbBackend::MySql;
        // In the order of their bytes: the sessions of a user are found by ranges of ids, and it takes
        // less time than that of a language.
        let key = |name, length| {
            let mut column = ColumnDef::new(name);
            column.string_len(length).not_null();
            if is_postgres {
                column.extra(r#"COLLATE "C""#);
            } else if is_mysql {
                column.extra("COLLATE utf8mb4_bin");
            }
            column
        };
        // Times are seconds since 1970, as tokens have them: what is compared with a token must
        // not be rounded or moved by a database's idea of time zones.
        let mut session = Table::create()
            .table(SESSION)
            .if_not_exists()
            .col(key("id", 36).primary_key())
            // A hash, because collations would take ALICE for alice.
            .col(key("user_hash", 64))
            .col(ColumnDef::new("user_key").string_len(255).not_null())
            .col(ColumnDef::new("contract").string_len(32).not_null())
            .col(ColumnDef::new("generation").big_integer().not_null())
            .col(ColumnDef::new("rotated_at").big_integer().not_null())
            .col(ColumnDef::new("started_at").big_integer().not_null())
            .col(ColumnDef::new("expires_at").big_integer().not_null())
            .col(ColumnDef::new("revoked_at").big_integer())
            .col(ColumnDef::new("revoked_because").string_len(32))
            .col(ColumnDef::new("claims").text())
            .take();
        let mut cut_off = Table::create()
            .table(CUT_OFF)
            .if_not_exists()
            .col(key("user_hash", 64).primary_key())
            .col(ColumnDef::new("user_key").string_len(255).not_null())
            .col(ColumnDef::new("valid_after").big_integer().not_null())
            .take();
        if is_mysql {
            // Its default may be latin1, which has room for few names.
            session.character_set("utf8mb4");
            cut_off.character_set("utf8mb4");
        }
        if is_postgres {
            // Room on each page for what refreshes write, so that they write to no other.
            session.extra("WITH (fillfactor = 85)");
        }
        manager.create_table(session).await?;
        // None by times or generations: every refresh would write it.
        if !manager.has_index(SESSION, USER_INDEX).await? {
            let mut index = Index::create()
                .name(USER_INDEX)
                .table(SESSION)
                .col("user_hash")
                .take();
            if !is_mysql {
                // The others are found by their ids. MySQL has no such indexes.
                index.and_where(Expr::cust("substr(user_hash, 1, 6) <> substr(id, 3, 6)"));
            }
            manager.create_index(index).await?;
        }
        manager.create_table(cut_off).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [CUT_OFF, SESSION] {
            manager
                .drop_table(Table::drop().table(table).if_exists().take())
                .await?;
        }
        Ok(())
    }
}

/// Whether the server is PostgreSQL, and does not merely speak like it: to `CockroachDB` a text with a
/// collation is of another type.
async fn is_postgres(manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
    let backend = manager.get_database_backend();
    if backend != DbBackend::Postgres {
        return Ok(false);
    }
    let version = Statement::from_string(backend, "SELECT version() AS version");
    let row = manager.get_connection().query_one_raw(version).await?;
    let version = row.map(|row| row.try_get::<String>("", "version"));
    let version = version.transpose()?.unwrap_or_default();
    Ok(version.starts_with("PostgreSQL "))
}
