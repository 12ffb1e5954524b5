//! Users tables as the frameworks make them, with the settings that fit.

use serde_json::{Value, json};

use crate::harness::servers;
use crate::harness::servers::Engine::{self, MariaDb, Postgres, Sqlite};
use crate::harness::{TestApp, spawn_over};

use sea_orm::{ConnectionTrait as _, Database};

/// A service over the table that `ddl` makes.
async fn spawn(engine: Engine, ddl: &str, settings: &[(&str, &str)]) -> Option<TestApp> {
    let database = servers::database(engine).await?;
    let connection = Database::connect(&database.url).await.unwrap();
    connection.execute_unprepared(ddl).await.unwrap();
    Some(spawn_over(database, settings).await)
}

/// What becomes of an expired token with these claims in the place of `sub`.
async fn outcome(app: &TestApp, claims: Value) -> String {
    let mut changes = json!({"sub": null});
    changes
        .as_object_mut()
        .unwrap()
        .append(claims.clone().as_object_mut().unwrap());
    let answer = app.refresh(&app.token_with(&changes)).await;
    if answer.status == 200 {
        return "refreshed".to_owned();
    }
    answer.code()
}

/// That tokens with these claims end so.
async fn assert_outcomes(app: &TestApp, expected: &[(Value, &str)]) {
    for (claims, outcome_wanted) in expected {
        assert_eq!(
            outcome(app, claims.clone()).await,
            *outcome_wanted,
            "{claims}"
        );
    }
}

#[tokio::test]
async fn laravel_with_a_status_column() {
    let settings = [
        ("USERS_ACTIVE_COLUMN", "status"),
        ("USERS_ACTIVE_VALUES", "active"),
    ];
    let Some(app) = spawn(MariaDb, include_str!("laravel.sql"), &settings).await else {
        return;
    };

    let expected = [
        (json!({"sub": "1"}), "refreshed"),
        (json!({"sub": 1}), "refreshed"),
        (json!({"sub": "2"}), "user_inactive"),
        (json!({"sub": "3"}), "user_not_found"),
    ];
    assert_outcomes(&app, &expected).await;
}

#[tokio::test]
async fn aspnet_identity_with_its_lockout_as_the_cut_off() {
    let settings = [
        ("USERS_TABLE", "AspNetUsers"),
        ("USERS_KEY_COLUMN", "Id"),
        ("USERS_ACTIVE_COLUMN", "EmailConfirmed"),
        ("USERS_VALID_AFTER_COLUMN", "LockoutEnd"),
        ("JWT_SUBJECT_CLAIM", "nameid"),
    ];
    let Some(app) = spawn(Postgres, include_str!("aspnet_identity.sql"), &settings).await else {
        return;
    };

    let user = |n| json!({"nameid": format!("5b7a5d6e-0000-4000-8000-00000000000{n}")});
    let expected = [
        (user(1), "refreshed"),
        (user(2), "user_inactive"),
        (user(3), "session_revoked"),
        (user(4), "user_inactive"),
        (user(5), "user_not_found"),
    ];
    assert_outcomes(&app, &expected).await;
}

#[tokio::test]
async fn spring_security_on_every_database() {
    let settings = [
        ("USERS_KEY_COLUMN", "username"),
        ("USERS_ACTIVE_COLUMN", "enabled"),
    ];
    let tables = [
        (Postgres, include_str!("spring_security.sql")),
        (MariaDb, include_str!("spring_security_hibernate.sql")),
        (Sqlite, include_str!("spring_security_h2.sql")),
    ];
    for (engine, ddl) in tables {
        let Some(app) = spawn(engine, ddl, &settings).await else {
            continue;
        };

        let expected = [
            (json!({"sub": "alice"}), "refreshed"),
            (json!({"sub": "bob"}), "user_inactive"),
            (json!({"sub": "ALICE"}), "user_not_found"),
        ];
        assert_outcomes(&app, &expected).await;
    }
}

#[tokio::test]
async fn devise_where_nobody_is_inactive() {
    let settings = [("USERS_ACTIVE_COLUMN", "none")];
    let Some(app) = spawn(Postgres, include_str!("devise.sql"), &settings).await else {
        return;
    };
    let alice = json!({"sub": "1"});

    assert_eq!(outcome(&app, alice.clone()).await, "refreshed");
    app.sql("DELETE FROM users").await;
    assert_eq!(outcome(&app, alice).await, "user_not_found");
}

/// A table of Prisma, with the ids of alice and bob.
const MODELS: [(&str, [&str; 2]); 2] = [
    (
        "User",
        ["cm3q9x0000000abcdefghijkl", "cm3q9x0000001abcdefghijkl"],
    ),
    (
        "Member",
        [
            "0b54f3c2-0000-4000-8000-000000000001",
            "0b54f3c2-0000-4000-8000-000000000002",
        ],
    ),
];

#[tokio::test]
async fn prisma_with_cuids_and_with_uuids() {
    for (table, [alice, bob]) in MODELS {
        let settings = [
            ("USERS_TABLE", table),
            ("USERS_ACTIVE_COLUMN", "isActive"),
            ("JWT_SUBJECT_CLAIM", "userId"),
        ];
        let Some(app) = spawn(Postgres, include_str!("prisma.sql"), &settings).await else {
            return;
        };

        let expected = [
            (json!({"userId": alice}), "refreshed"),
            (json!({"userId": bob}), "user_inactive"),
            (json!({"userId": "nobody"}), "user_not_found"),
        ];
        assert_outcomes(&app, &expected).await;
    }
}
