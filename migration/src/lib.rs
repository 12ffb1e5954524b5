//! The tables that remint owns, all of them prefixed `remint_`, and the users table of new projects.
#![expect(
    elided_lifetimes_in_paths,
    reason = "`SchemaManager<'_>` does not fit the signatures that async_trait makes"
)]

use sea_orm_migration::migrator::MigratorTraitSelf;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DynIden;

mod m20261121_000001_create_created_table;
mod m20261121_000002_create_users;
mod m20261121_000003_create_session;
mod m20261121_000004_add_session_handle;

/// The migrations, in order.
#[derive(Debug, Clone, Copy)]
pub struct Migrator {
    /// Whether a users table of the default shape is made where there is none: not where the
    /// users live in another table or database.
    pub creates_users: bool,
}

impl MigratorTraitSelf for Migrator {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_create_created_table::Migration),
            Box::new(m20261121_000002_create_users::Migration {
                enabled: self.creates_users,
            }),
            Box::new(m20261121_000003_create_session::Migration),
            Box::new(m20261121_000004_add_session_handle::Migration),
        ]
    }

    fn migration_table_name(&self) -> DynIden {
        "remint_migrations".into_iden()
    }
}
