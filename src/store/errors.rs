//! What a database means by an error.

use sea_orm::sqlx;
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};

/// What is said of an attempt to connect that ended without a word from the other side.
pub(super) const SILENCE: &str = "not a word from it";

/// SQLSTATE 40001 and 40P01; MySQL reports its deadlocks as the former.
pub(super) fn is_serialization_failure(error: &DbErr) -> bool {
    let code = said_by_server(error).and_then(DatabaseError::code);
    code.is_some_and(|code| code == "40001" || code == "40P01")
}

/// What MySQL has no word for (HY000) and is no row's fault: a disk or table that is full, a storage engine
/// that fails, a server that may only be read.
const TROUBLE_OF_MYSQL: [u16; 5] = [1021, 1030, 1114, 1290, 1836];

/// Whether the server refused the statement for one of its values (SQLSTATE class 22, and what
/// MySQL has no word for), for a row that is there already (23000 of MySQL) or for one that somebody has
/// locked (55P03, and 1205 of MySQL, without a word either), so that the others fare better alone.
///
/// Not if it is in trouble itself: many statements in place of one would make that worse.
pub(super) fn is_about_a_row(error: &DbErr) -> bool {
    let is_trouble = number(error).is_some_and(|number| TROUBLE_OF_MYSQL.contains(&number));
    let codes = ["23000", "55P03", "HY000"];
    let code = said_by_server(error).and_then(DatabaseError::code);
    !is_trouble && code.is_some_and(|code| code.starts_with("22") || codes.contains(&&*code))
}

/// Whether MariaDB gave a statement up by its limit (1969), which counts waits for locked rows as well, and is
/// shorter than those where the deadline is short.
pub(super) fn may_have_waited_for_a_row(error: &DbErr) -> bool {
    number(error) == Some(1969)
}

/// Whether the server gave up waiting for somebody else: for a lock (55P03, and `SQLITE_BUSY`), or by the
/// limit of the statement.
pub(super) fn is_held_up(error: &DbErr) -> bool {
    let code = said_by_server(error).and_then(DatabaseError::code);
    code.is_some_and(|code| code == "55P03" || code == "5") || is_out_of_time(error)
}

/// Whether the server gave up by the limit of the statement (57014, and 70100 of MariaDB). It says the same
/// where somebody has cancelled it.
pub(super) fn is_out_of_time(error: &DbErr) -> bool {
    let code = said_by_server(error).and_then(DatabaseError::code);
    code.is_some_and(|code| code == "57014" || code == "70100")
}

/// Whether the server was stopped in the middle of the statement: by its limit on PostgreSQL, which gives up
/// waiting for locks before that (57014), and by somebody who cancelled it (57014, and 1317 of MySQL
/// and MariaDB). MariaDB's limit is none of these: there it counts for locks as well.
pub(super) fn was_cut_short(error: &DbErr) -> bool {
    let Some(said) = said_by_server(error) else {
        return false;
    };
    number(error) == Some(1317) || said.code().is_some_and(|code| code == "57014")
}

/// Whether the connection broke, as each one of the pool does that is there while the server is
/// started again. A new one may fare better. PostgreSQL says why (57P01, 57P02), others hang up. A
/// pool that gave way to another while one waited for it is as good as broken.
pub(super) fn is_broken_connection(error: &DbErr) -> bool {
    let gave_way = DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed);
    let hung_up = matches!(cause(error), Some(sqlx::Error::Io(_))) || *error == gave_way;
    let code = said_by_server(error).and_then(DatabaseError::code);
    hung_up || code.is_some_and(|code| code == "57P01" || code == "57P02")
}

/// Whether waiting can help: a server that is starting refuses connections, a wrong password or
/// a missing folder stays wrong.
pub(super) fn may_come_up(error: &DbErr) -> bool {
    let text = error.to_string().to_lowercase();
    let starting = [
        // Of SQLite: switching a new file to WAL does not wait for another who does the same.
        "locked",
        "refused",
        "route",
        "unreachable",
        "lookup",
        "starting up",
        "reset",
        "broken pipe",
        "timed out",
        SILENCE,
    ];
    starting.iter().any(|sign| text.contains(sign))
}

/// Whether the server refused a statement that it would refuse at any other time as well.
pub(super) fn is_refusal(error: &DbErr) -> bool {
    is_of_server(error) && !is_held_up(error)
}

/// Whether the server said it, in answer to a statement.
pub(super) fn is_of_server(error: &DbErr) -> bool {
    said_by_server(error).is_some()
}

/// The number of MySQL's error.
fn number(error: &DbErr) -> Option<u16> {
    let said = said_by_server(error)?.try_downcast_ref();
    said.map(MySqlDatabaseError::number)
}

fn said_by_server(error: &DbErr) -> Option<&dyn DatabaseError> {
    cause(error)?.as_database_error()
}

fn cause(error: &DbErr) -> Option<&sqlx::Error> {
    let (DbErr::Exec(RuntimeErr::SqlxError(cause)) | DbErr::Query(RuntimeErr::SqlxError(cause))) =
        error
    else {
        return None;
    };
    Some(cause)
}
