//! Removing the sessions that are over, a stretch at a time.

use chrono::{DateTime, Utc};
use remint::domain::{Contract, Session, SessionId};
use remint::service::{Over, Place, SessionError, SessionImport as _, SessionStore as _, Swept};
use remint::store::SqlSessionStore;
use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement, TransactionTrait as _};
use uuid::Uuid;

use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};
use crate::harness::{TestApp, spawn_on};

use super::isolation::until_blocked;
use super::table::DEADLINE;

/// What expired before the 2000th second.
const OVER: Over = Over {
    expired: at(2000),
    started: at(2000),
};

/// How many sessions each stretch has.
const STRETCH: u64 = 4;

pub(super) const fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// A session that expires then.
pub(super) fn session(number: u128, expires_at: i64) -> Session {
    Session {
        id: SessionId(Uuid::from_u128(number)),
        contract: Contract::Envelope,
        handle: None,
        user_key: "alice".to_owned(),
        generation: 0,
        rotated_at: at(500),
        started_at: at(500),
        expires_at: at(expires_at),
        revoked: None,
        claims: Vec::new(),
    }
}

/// Sessions, the n-th of which expires at the n-th of these times.
async fn store(engine: Engine, expire_at: &[i64]) -> Option<(TestApp, SqlSessionStore)> {
    let app = spawn_on(engine, &[]).await?;
    let store = SqlSessionStore::new(app.database.clone(), DEADLINE);
    let sessions = (0..)
        .zip(expire_at)
        .map(|(number, at)| session(number, *at));
    let sessions: Vec<_> = sessions.collect();
    store.begin_absent(&sessions).await.unwrap();
    Some((app, store))
}

/// The same on each engine that is installed.
async fn stores(expire_at: &[i64]) -> Vec<(TestApp, SqlSessionStore)> {
    let mut stores = Vec::new();
    for engine in [Sqlite, Postgres, MariaDb] {
        stores.extend(store(engine, expire_at).await);
    }
    stores
}

/// The numbers of the sessions that are there.
async fn numbers(app: &TestApp) -> Vec<u128> {
    let select = "SELECT id FROM remint_session ORDER BY id";
    let select = Statement::from_string(app.database.get_database_backend(), select);
    let rows = app.database.query_all_raw(select).await.unwrap();
    let id = |row: &sea_orm::QueryResult| row.try_get::<String>("", "id").unwrap();
    let number = |id: String| id.parse::<Uuid>().unwrap().as_u128();
    rows.iter().map(id).map(number).collect()
}

/// How many sessions each stretch removes; `between` comes before each but the first.
async fn sweep(store: &SqlSessionStore, between: impl AsyncFn(&Place)) -> Vec<u64> {
    let mut removed = Vec::new();
    let mut next = None;
    loop {
        let swept = store.sweep(OVER, next, STRETCH).await.unwrap();
        removed.push(swept.removed.unwrap());
        let Some(place) = swept.next else {
            return removed;
        };
        assert!(removed.len() < 10, "{place:?}");
        between(&place).await;
        next = Some(place);
    }
}

#[tokio::test]
async fn a_sweep_goes_on_where_nothing_is_over_and_removes_all_that_is() {
    let (over, live) = (1999, 2000);
    let expire_at = [
        [live; 4],
        [over; 4],
        [live, live, live, over],
        [over, live, live, live],
    ];
    for (app, store) in stores(expire_at.as_flattened()).await {
        let removed = sweep(&store, async |_| ()).await;

        assert_eq!(removed, [0, 4, 1, 1], "{:?}", app.database);
        assert_eq!(numbers(&app).await, [0, 1, 2, 3, 8, 9, 10, 13, 14, 15]);
        assert_eq!(sweep(&store, async |_| ()).await, [0, 0, 0]);
    }
}

#[tokio::test]
async fn where_there_is_no_session_there_is_nothing_to_sweep() {
    for (_app, store) in stores(&[]).await {
        let swept = store.sweep(OVER, None, STRETCH).await.unwrap();

        assert!(matches!(
            swept,
            Swept {
                removed: Ok(0),
                next: None
            }
        ));
    }
}

/// Keeps one session of SQLite's from being removed.
const HOLD: &str = "CREATE TRIGGER hold BEFORE DELETE ON remint_session WHEN old.id LIKE '%1' \
                    BEGIN SELECT RAISE(ABORT, 'held'); END";

#[tokio::test]
async fn cut_offs_are_forgotten_whatever_becomes_of_the_sessions() {
    let (app, store) = store(Sqlite, &[1999; 2]).await.unwrap();
    store.cut_off("alice", at(1999)).await.unwrap();
    app.sql(HOLD).await;

    let cleaned = app.cleaner.run().await;

    assert!(matches!(cleaned, Err(SessionError::Unavailable(_))));
    let standing = store.standing(SessionId(Uuid::nil()), "alice").await;
    assert_eq!(standing.unwrap().cut_off, None);
}

#[tokio::test]
async fn a_stretch_that_cannot_be_removed_keeps_nothing_behind_it() {
    for (app, store) in stores(&[1999; 8]).await {
        if app.database.get_database_backend() != DbBackend::Sqlite {
            continue;
        }
        app.sql(HOLD).await;

        let first = store.sweep(OVER, None, STRETCH).await.unwrap();
        let second = store.sweep(OVER, first.next, STRETCH).await.unwrap();

        assert!(matches!(first.removed, Err(SessionError::Unavailable(_))));
        assert!(matches!(second.removed, Ok(4)));
        assert_eq!(numbers(&app).await, [0, 1, 2, 3]);
    }
}

#[tokio::test]
async fn a_session_without_refresh_tokens_stays_while_other_settings_might_extend_it() {
    for (app, store) in stores(&[]).await {
        let main = |number, started_at| Session {
            contract: Contract::ExpiredToken,
            started_at: at(started_at),
            ..session(number, 1000)
        };
        let sessions = [main(1, 1999), main(2, 2000)];
        store.begin_absent(&sessions).await.unwrap();

        assert_eq!(sweep(&store, async |_| ()).await, [1]);

        assert_eq!(numbers(&app).await, [2]);
    }
}

#[tokio::test]
async fn a_sweep_ends_however_many_sessions_begin_and_end_meanwhile() {
    for (app, store) in stores(&[1000; 10]).await {
        let come_and_go = async |place: &Place| {
            let end: u128 = numbers(&app).await.last().copied().unwrap_or_default();
            let new: Vec<_> = (1..=8).map(|more| session(end + more, 9000)).collect();
            store.begin_absent(&new).await.unwrap();
            let end = &place.end;
            app.sql(&format!("DELETE FROM remint_session WHERE id = '{end}'"))
                .await;
        };

        let removed = sweep(&store, come_and_go).await;

        assert_eq!(removed, [4, 4, 1]);
        let left = numbers(&app).await;
        assert!(
            left.len() == 16 && left.iter().all(|number| *number >= 10),
            "{left:?}"
        );
    }
}

#[tokio::test]
async fn a_row_with_a_name_that_none_of_ours_has_holds_up_no_sweep() {
    for (app, store) in stores(&[1000; 3]).await {
        app.sql("UPDATE remint_session SET id = 'zzz' WHERE id LIKE '%2'")
            .await;

        let removed = sweep(&store, async |_| ()).await;

        assert_eq!(removed, [3]);
    }
}

#[tokio::test]
async fn a_session_that_was_extended_while_the_sweep_waited_for_it_stays() {
    let Some((app, store)) = store(Postgres, &[1000; 3]).await else {
        return;
    };
    let other = Database::connect(app.database_url()).await.unwrap();
    let transaction = other.begin().await.unwrap();
    let extend = "UPDATE remint_session SET expires_at = 9000 WHERE id LIKE '%2'";
    transaction.execute_unprepared(extend).await.unwrap();
    let commit = async {
        until_blocked(&app.database).await;
        transaction.commit().await.unwrap();
    };

    let (removed, ()) = tokio::join!(sweep(&store, async |_| ()), commit);

    assert_eq!((removed, numbers(&app).await), (vec![2], vec![2]));
}
