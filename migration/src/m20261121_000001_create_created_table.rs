//! Remembers which tables remint made, so that it drops no other.

use sea_orm_migration::prelude::*;

pub(crate) const TABLE: &str = "remint_created_table";

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m20261121_000001_create_created_table"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let name = ColumnDef::new("name")
            .string_len(64)
            .not_null()
            .primary_key()
            .take();
        manager
            .create_table(
                Table::create()
                    .table(TABLE)
                    .if_not_exists()
                    .col(name)
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(TABLE).if_exists().take())
            .await
    }
}
