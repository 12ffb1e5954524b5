//! What a database means by an error.

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr};

/// SQLSTATE 40001 and 40P01; MySQL reports its deadlocks as the former.
pub(super) fn is_serialization_failure(error: &DbErr) -> bool {
    let code = said_by_server(error).and_then(DatabaseError::code);
    code.is_some_and(|code| code == "40001" || code == "40P01")
}

/// Whether the server read the statement and refused it, so that a part of it may fare better.
///
/// Not if it ran out of time (SQLSTATE 57014, of MariaDB 70100): many statements in place of one
/// would make that worse.
pub(super) fn is_about_the_statement(error: &DbErr) -> bool {
    let ran_out_of_time = |code: &str| code == "57014" || code == "70100";
    said_by_server(error).is_some_and(|said| !said.code().is_some_and(|it| ran_out_of_time(&it)))
}

fn said_by_server(error: &DbErr) -> Option<&dyn DatabaseError> {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) =
        error
    else {
        return None;
    };
    cause.as_database_error()
}
