//! The users table that remint itself made, for new projects and the demo.

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, SqlErr};

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnUser {
    /// The key, which tokens name.
    pub id: String,
    /// The address.
    pub email: String,
    /// Whether tokens are refreshed.
    pub is_active: bool,
}

/// Why a user could not be added, found or changed.
#[derive(Debug, thiserror::Error)]
pub enum OwnUsersError {
    /// The database did not do it.
    #[error("the users table could not be read or written: {0}")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The id or the address is taken.
    #[error("a user with that id or email exists already")]
    Exists,
    /// The table belongs to somebody else.
    #[error(
        "the users table is not one that remint made, and remint alters no other; \
         use the backend that owns it"
    )]
    NotOurs,
    /// Nobody has that id or address.
    #[error("no user has that id or email")]
    Unknown,
}

impl From<DbErr> for OwnUsersError {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
            return Self::Exists;
        }
        Self::Database(error.into())
    }
}

/// The table.
pub struct OwnUsers(DatabaseConnection);

impl OwnUsers {
    /// Opens the table, if it is ours.
    pub async fn open(connection: DatabaseConnection) -> Result<Self, OwnUsersError> {
        let ours = Query::select()
            .column("name")
            .from("remint_created_table")
            .and_where(Expr::col("name").eq("users"))
            .take();
        match connection.query_one(&ours).await? {
            Some(_) => Ok(Self(connection)),
            None => Err(OwnUsersError::NotOurs),
        }
    }

    /// Adds a user.
    pub async fn add(&self, user: &OwnUser) -> Result<(), OwnUsersError> {
        let values = [
            user.id.clone().into(),
            user.email.clone().into(),
            user.is_active.into(),
        ];
        let insert = Query::insert()
            .into_table("users")
            .columns(["id", "email", "is_active"])
            .values_panic(values)
            .take();
        self.0.execute(&insert).await?;
        Ok(())
    }

    /// Every user, by address.
    pub async fn list(&self) -> Result<Vec<OwnUser>, OwnUsersError> {
        let all = Query::select()
            .columns(["id", "email", "is_active"])
            .from("users")
            .order_by("email", Order::Asc)
            .take();
        let mut users = Vec::new();
        for row in self.0.query_all(&all).await? {
            users.push(OwnUser {
                id: row.try_get("", "id")?,
                email: row.try_get("", "email")?,
                is_active: row.try_get("", "is_active")?,
            });
        }
        Ok(users)
    }

    /// Activates or deactivates the user of that id or address.
    pub async fn set_active(&self, who: &str, is_active: bool) -> Result<(), OwnUsersError> {
        let by_id_or_email = Expr::col("id").eq(who).or(Expr::col("email").eq(who));
        let count = Query::select()
            .expr_as(Expr::col("id"), "id")
            .from("users")
            .and_where(by_id_or_email.clone())
            .take();
        // MySQL counts only rows that change, so being there is asked for by itself.
        if self.0.query_all(&count).await?.is_empty() {
            return Err(OwnUsersError::Unknown);
        }
        let update = Query::update()
            .table("users")
            .value("is_active", is_active)
            .and_where(by_id_or_email)
            .take();
        self.0.execute(&update).await?;
        Ok(())
    }
}
