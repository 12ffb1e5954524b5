//! Tokens of the usual libraries, exchanged, and the answer as each of them reads it.

use remint::domain::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::harness::{TestApp, jwt, logs, spawn};

use super::runtimes::Runtime::{self, Node, Python};

/// The script of each library.
const LIBRARIES: [(Runtime, &str); 3] = [
    (Python, "pyjwt.py"),
    (Python, "python_jose.py"),
    (Node, "jsonwebtoken.js"),
];

/// Those libraries whose packages can be had.
async fn libraries() -> Vec<(Runtime, &'static str)> {
    let mut there = Vec::new();
    for (runtime, script) in LIBRARIES {
        if runtime.is_there().await {
            there.push((runtime, script));
        }
    }
    there
}

/// A service whose clock shows the time that the libraries judge by.
pub(super) fn now(app: &TestApp) -> i64 {
    app.advance(SystemClock.now() - app.now());
    app.now().timestamp()
}

/// The claims of `token`, if that library takes it for a good one.
pub(super) async fn verified((runtime, script): (Runtime, &str), token: &str) -> Value {
    let claims = runtime.run(script, &["verify"], token).await;
    serde_json::from_str(&claims).unwrap()
}

#[tokio::test]
async fn what_any_library_signed_is_exchanged_for_what_all_of_them_accept() {
    let app = spawn().await;
    let now = now(&app);
    let claims =
        json!({"sub": "alice", "iat": now - 5400, "exp": now - 3600, "name": "Zoë \"Z\" 🦀"});
    let libraries = libraries().await;
    for (runtime, script) in &libraries {
        let expired = runtime.run(script, &["sign"], &claims.to_string()).await;
        logs::never(&expired);

        let answer = app.refresh(&expired).await;

        assert_eq!(answer.status, 200, "{script}: {answer:?}");
        let fresh = answer.access_token();
        for reader in &libraries {
            let read = verified(*reader, &fresh).await;
            assert_eq!(read, jwt::payload(&fresh), "{script} by {reader:?}");
            assert_eq!(read["name"], claims["name"], "{script} by {reader:?}");
        }
    }
}
