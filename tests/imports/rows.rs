//! The rows of an import, on every database.

use remint::domain::{Revocation, Session};
use remint::service::{Change, Rotation, SessionImport as _, SessionStore as _};

use super::{at, everywhere, sessions, store};
use crate::harness::START;

#[tokio::test]
async fn a_session_is_imported_once_however_often_its_file_is() {
    for app in everywhere().await {
        let store = store(&app);
        let first = sessions(&app, [1, 2, 2, 3]);
        let more = sessions(&app, [2, 3, 4]);

        assert_eq!(store.begin_absent(&first).await.unwrap(), 3);
        assert_eq!(store.begin_absent(&first).await.unwrap(), 0);
        assert_eq!(store.begin_absent(&more).await.unwrap(), 1);
        assert_eq!(store.begin_absent(&[]).await.unwrap(), 0);

        for session in first.iter().chain(&more) {
            let found = store.find(session.id).await.unwrap();
            assert_eq!(found.as_ref(), Some(session));
        }
    }
}

#[tokio::test]
async fn what_has_become_of_a_session_is_not_undone_by_an_import() {
    for app in everywhere().await {
        let store = store(&app);
        let imported = sessions(&app, [1, 2]);
        store.begin_absent(&imported).await.unwrap();
        let rotation = Rotation {
            from: 0,
            to: 1,
            at: at(START),
            expires_at: at(START + 999),
            claims: Vec::new(),
        };
        let [exchanged, revoked] = [imported[0].id, imported[1].id];
        let rotated = store.rotate(exchanged, rotation).await.unwrap();
        let ended = store.revoke(revoked, Revocation::Logout, at(START)).await;
        assert_eq!((rotated, ended.unwrap()), (Change::Done, Change::Done));
        let before = store.of_user("alice").await.unwrap();

        assert_eq!(store.begin_absent(&imported).await.unwrap(), 0);

        assert_eq!(store.of_user("alice").await.unwrap(), before);
    }
}

#[tokio::test]
async fn two_imports_at_once_take_each_session_once() {
    for app in everywhere().await {
        let one = sessions(&app, 0..400);
        let other = sessions(&app, (200..600).rev());
        let import = async |all: Vec<Session>| {
            let mut new = 0;
            for some in all.chunks(25) {
                new += store(&app).begin_absent(some).await.unwrap();
            }
            new
        };

        let (one, other) = tokio::join!(import(one), import(other));

        assert_eq!(one + other, 600, "{one} and {other}");
    }
}
