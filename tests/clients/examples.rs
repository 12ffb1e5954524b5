//! The examples of the documents that remint comes from, under Node.js.

use remint::domain::Contract;
use serde_json::{Value, json};

use crate::harness::servers::Engine::{Postgres, Sqlite};

use super::door::Door;
use super::frontend::{Frontend, Step, site};
use super::site::Site;

/// An example as it stands in its document.
#[derive(Clone, Copy, Debug)]
struct Example {
    text: &'static str,
    /// What a frontend does with it, where it is a function.
    call: &'static str,
    contract: Contract,
    /// Where the credential is kept.
    kept_in: &'static str,
}

const COOKIE: Example = Example {
    text: include_str!("../seeds/examples/cookie.js"),
    call: "",
    contract: Contract::Cookie,
    kept_in: "cookie",
};

const COOKIE_BUN: Example = Example {
    text: include_str!("../seeds/examples/cookie_bun.js"),
    ..COOKIE
};

const ENVELOPE: Example = Example {
    text: include_str!("../seeds/examples/envelope.js"),
    call: "return refreshAccessToken();",
    contract: Contract::Envelope,
    kept_in: "refreshToken",
};

const EXPIRED_TOKEN: Example = Example {
    text: include_str!("../seeds/examples/expired_token.js"),
    call: "return refreshToken(localStorage.getItem('token'));",
    contract: Contract::ExpiredToken,
    kept_in: "token",
};

const EXAMPLES: [Example; 4] = [COOKIE, COOKIE_BUN, ENVELOPE, EXPIRED_TOKEN];

impl Example {
    /// A frontend of alice that consists of the example.
    async fn log_in(self, site: &Site) -> Frontend {
        let text = self.text.replace("http://localhost:3000", &site.origin);
        let variables = [
            ("EXAMPLE", text.as_str()),
            ("CALL", self.call),
            ("KEPT_IN", self.kept_in),
        ];
        let mut frontend = Frontend::open("example.js", site, &variables);
        let step = frontend
            .does("logIn", site.credentials(self.contract))
            .await;
        assert!(step.logged_in, "{self:?}");
        frontend
    }
}

/// Does what the example shows.
async fn refresh(frontend: &mut Frontend) -> Step {
    frontend.does("refresh", Value::Null).await
}

#[tokio::test]
async fn what_an_example_gets_lets_it_in() {
    let Some(site) = site(Sqlite, &[]).await else {
        return;
    };
    for example in EXAMPLES {
        let mut frontend = example.log_in(&site).await;

        let refreshed = refresh(&mut frontend).await;

        let token = refreshed.got["returned"].clone();
        let step = frontend.does("request", token).await;
        assert_eq!(step.got, json!({"subject": "alice"}), "{example:?}");
    }
}

/// What an example does with an answer that is no success; of a cookie's, this is the body.
fn failed(example: Example, body: &Value) -> Value {
    if example.contract == Contract::Cookie {
        json!({"printed": body, "page": "/"})
    } else if example.contract == Contract::Envelope {
        // Whatever the failure is: it asks for `success`, and for nothing else.
        json!({"page": "/login"})
    } else {
        json!({"threw": "Token refresh failed", "page": "/"})
    }
}

/// How the requests were answered.
fn statuses(site: &Site) -> Vec<String> {
    let requests = site.requests().into_iter();
    requests
        .map(|request| request.rsplit(' ').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_example_that_is_refused_says_so() {
    let Some(site) = site(Sqlite, &[]).await else {
        return;
    };
    for example in EXAMPLES {
        let mut frontend = example.log_in(&site).await;
        site.place.run(&["user", "deactivate", "alice"]);

        let step = refresh(&mut frontend).await;

        site.place.run(&["user", "activate", "alice"]);
        let body = json!({"success": false, "message": "Invalid or expired refresh token"});
        let expected = failed(example, &body);
        assert_eq!(step.got, expected, "{example:?}");
    }
}

#[tokio::test]
async fn an_example_keeps_its_credential_over_an_outage_and_succeeds_after_it() {
    let Some(site) = site(Postgres, &[]).await else {
        return;
    };
    let door = Door::to(&site.database).await;
    for example in EXAMPLES {
        let mut frontend = example.log_in(&site).await;
        door.shut().await;

        let during = refresh(&mut frontend).await;
        door.open().await;
        let after = refresh(&mut frontend).await;

        let message = "An error occurred while refreshing token";
        let body = json!({"success": false, "message": message});
        let expected = failed(example, &body);
        assert_eq!(during.got, expected, "{example:?}");
        assert!(during.logged_in, "{example:?}");
        assert_eq!(statuses(&site), ["503", "200"], "{example:?}");
        assert_eq!(after.got["page"], "/", "{example:?}");
    }
}

#[tokio::test]
async fn an_example_keeps_its_credential_if_it_comes_too_often_and_succeeds_later() {
    let Some(mut site) = site(Sqlite, &[("RATE_LIMIT_PER_MINUTE", "1")]).await else {
        return;
    };
    for example in EXAMPLES {
        let mut frontend = example.log_in(&site).await;
        refresh(&mut frontend).await;

        let too_soon = refresh(&mut frontend).await;
        site.restart();
        let after = refresh(&mut frontend).await;

        let message = "Too many token refresh attempts. Please try again later.";
        let error = "rate_limit_exceeded";
        let body = json!({"success": false, "message": message, "error": error});
        let expected = failed(example, &body);
        assert_eq!(too_soon.got, expected, "{example:?}");
        assert!(too_soon.logged_in, "{example:?}");
        assert_eq!(after.got["page"], "/", "{example:?}");
        assert_eq!(statuses(&site), ["200", "429", "200"], "{example:?}");
    }
}
