//! Sessions, one row each however often they are refreshed, and users' cut-offs.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

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
        // Times are seconds since 1970, as tokens have them: what is compared with a token must
        // not be rounded or moved by a database's idea of time zones.
        let mut session = Table::create()
            .table(SESSION)
            .if_not_exists()
            .col(ColumnDef::new("id").string_len(36).not_null().primary_key())
            // A hash, because collations would take ALICE for alice.
            .col(ColumnDef::new("user_hash").string_len(64).not_null())
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
            .col(
                ColumnDef::new("user_hash")
                    .string_len(64)
                    .not_null()
                    .primary_key(),
            )
            .col(ColumnDef::new("user_key").string_len(255).not_null())
            .col(ColumnDef::new("valid_after").big_integer().not_null())
            .take();
        if manager.get_database_backend() == DbBackend::MySql {
            // Its default may be latin1, which has room for few names.
            session.character_set("utf8mb4");
            cut_off.character_set("utf8mb4");
        }
        manager.create_table(session).await?;
        // None by times or generations: every refresh would write it.
        if !manager.has_index(SESSION, USER_INDEX).await? {
            let index = Index::create()
                .name(USER_INDEX)
                .table(SESSION)
                .col("user_hash")
                .take();
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
