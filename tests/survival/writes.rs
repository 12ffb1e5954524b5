//! What refreshing costs the database: one row per session, one write per rotation.

use sea_orm::{ConnectionTrait as _, Statement};

use super::contract::{Contract, Login};
use super::door::Door;
use super::{ALICE, CONTRACTS, ENGINES, LASTING, rounds, rows, settings};
use crate::harness::servers::Engine;
use crate::harness::{START, TestApp, spawn_on, spawn_with};

/// So that the one who counts asks the connection that wrote.
const ONE_CONNECTION: (&str, &str) = ("DATABASE_MAX_CONNECTIONS", "1");

/// How many writes the database has counted so far: rows on SQLite and PostgreSQL, statements on
/// MariaDB, whether they changed a row or not.
async fn writes(app: &TestApp, engine: Engine) -> i64 {
    let sql = match engine {
        Engine::Sqlite => "SELECT total_changes() AS writes",
        Engine::Postgres => {
            "SELECT CAST(sum(n_tup_ins + n_tup_upd + n_tup_del) AS bigint) AS writes \
             FROM pg_stat_user_tables"
        }
        Engine::MariaDb => {
            "SELECT CAST(sum(variable_value) AS integer) AS writes \
             FROM information_schema.session_status \
             WHERE variable_name IN ('COM_DELETE', 'COM_INSERT', 'COM_REPLACE', 'COM_UPDATE')"
        }
    };
    if engine == Engine::Postgres {
        // Else it counts once a second.
        app.sql_within("SELECT pg_stat_force_next_flush()").await;
    }
    let select = Statement::from_string(app.database.get_database_backend(), sql);
    let row = app.database.query_one_raw(select).await.unwrap().unwrap();
    row.try_get("", "writes").unwrap()
}

/// How often each of ten sessions is refreshed.
fn refreshes() -> usize {
    rounds(100, 10)
}

/// Ten sessions that begin.
async fn begin(door: &mut Door, contract: &dyn Contract) -> Vec<String> {
    let mut begun = Vec::new();
    for number in 0..10 {
        let login = Login {
            user: ALICE,
            number,
            issued_at: START,
        };
        begun.push(contract.log_in(door, login).await);
    }
    begun
}

/// What is kept after one refresh.
async fn refresh(door: &mut Door, contract: &dyn Contract, kept: &str) -> String {
    let answer = door.call(&contract.present(kept)).await.unwrap();
    let next = contract.keep(kept, &answer);
    next.unwrap_or_else(|| panic!("refused: {answer:?}"))
}

/// The writes of all refreshes, and then of as many whose answers were lost.
async fn costs(app: &TestApp, contract: &dyn Contract, engine: Engine) -> [i64; 2] {
    let mut door = Door::of(app);
    let begun = begin(&mut door, contract).await;
    let before = writes(app, engine).await;
    let mut spent = Vec::new();
    for mut kept in begun {
        let mut last = kept.clone();
        for _ in 0..refreshes() {
            let next = refresh(&mut door, contract, &kept).await;
            last = std::mem::replace(&mut kept, next);
        }
        spent.push(last);
    }
    let between = writes(app, engine).await;
    for kept in spent.iter().cycle().take(10 * refreshes()) {
        refresh(&mut door, contract, kept).await;
    }
    [between - before, writes(app, engine).await - between]
}

#[tokio::test]
async fn a_refresh_writes_once_and_its_replays_never() {
    for (engine, contract) in ENGINES
        .map(|engine| CONTRACTS.map(|one| (engine, one)))
        .concat()
    {
        let settings = [&settings(contract), &[ONE_CONNECTION][..]].concat();
        let Some(app) = spawn_on(engine, &settings).await else {
            continue;
        };

        let writes = costs(&app, contract, engine).await;

        let refreshes = i64::try_from(refreshes()).unwrap();
        assert_eq!(writes, [10 * refreshes, 0], "{contract:?} {engine:?}");
        let sessions = rows(&app.database).await;
        let generations: Vec<_> = sessions.iter().map(|row| row.generation).collect();
        assert_eq!(generations, [refreshes; 10], "{contract:?} {engine:?}");
    }
}

#[tokio::test]
async fn what_stays_good_costs_no_writes() {
    for contract in LASTING {
        let settings = [&settings(contract), &[ONE_CONNECTION][..]].concat();
        let app = spawn_with(&settings).await;

        let writes = costs(&app, contract, Engine::Sqlite).await;

        assert_eq!(writes, [0, 0], "{contract:?}");
        let sessions = rows(&app.database).await;
        assert!(
            sessions.iter().all(|row| row.generation == 0),
            "{contract:?}"
        );
    }
}
