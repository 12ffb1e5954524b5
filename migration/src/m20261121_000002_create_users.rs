//! The users table of the default shape, for new projects and the demo.

use sea_orm_migration::prelude::*;

use crate::m20261121_000001_create_created_table::TABLE as CREATED;

const USERS: &str = "users";

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
        if !self.enabled || manager.has_table(USERS).await? {
            return Ok(());
        }
        // First the note, then the table: were it the other way round, a crash between the two
        // would leave a table that `down` takes for somebody else's.
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
        manager
            .drop_table(Table::drop().table(USERS).if_exists().take())
            .await?;
        let note = Query::delete()
            .from_table(CREATED)
            .and_where(Expr::col("name").eq(USERS))
            .take();
        manager.execute(note).await
    }
}
