//! A second name of sessions, for tokens that have no room for the first one.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

const SESSION: &str = "remint_session";
const HANDLE: &str = "handle";
const INDEX: &str = "remint_session_handle";

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000004_add_session_handle"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !manager.has_column(SESSION, HANDLE).await? {
            let column = ColumnDef::new(HANDLE).big_integer().take();
            let table = Table::alter().table(SESSION).add_column(column).take();
            manager.alter_table(table).await?;
        }
        if !manager.has_index(SESSION, INDEX).await? {
            let mut index = Index::create()
                .name(INDEX)
                .table(SESSION)
                .col(HANDLE)
                .unique()
                .take();
            if manager.get_database_backend() != DbBackend::MySql {
                // Most have none, and would still each have an entry. MySQL has no such indexes.
                index.and_where(Expr::col(HANDLE).is_not_null());
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_index(SESSION, INDEX).await? {
            let index = Index::drop().name(INDEX).table(SESSION).to_owned();
            manager.drop_index(index).await?;
        }
        if manager.has_column(SESSION, HANDLE).await? {
            let table = Table::alter().table(SESSION).drop_column(HANDLE).take();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}
