//! A client that blocks, and its tests: `cargo test --example blocking_client`.
//!
//! The upper half is what a program has; the lower half is what its tests look like.

use std::fmt;

use serde_json::{Value, json};

/// An access token that is renewed as soon as a backend says that it has expired.
pub struct Session {
    agent: ureq::Agent,
    base_url: String,
    access_token: String,
}

/// Why there is no fresh token.
#[derive(Debug, PartialEq, Eq)]
pub enum RefreshError {
    /// Log in again.
    LoggedOut(String),
    /// Keep the token and try again later.
    TryLater,
}

impl fmt::Display for RefreshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoggedOut(code) => write!(f, "log in again: {code}"),
            Self::TryLater => f.write_str("try again later"),
        }
    }
}

impl std::error::Error for RefreshError {}

impl Session {
    /// A session that begins with that token.
    pub fn new(base_url: &str, access_token: String) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false);
        Self {
            agent: agent.proxy(None).build().into(),
            base_url: base_url.to_owned(),
            access_token,
        }
    }

    /// The token to send to the backend.
    pub fn access_token(&self) -> &str {
        &self.access_token
    }

    /// Exchanges the token for a fresh one.
    ///
    /// Only 401 ends the session. Whatever else happens is no fault of the token.
    pub fn refresh(&mut self) -> Result<(), RefreshError> {
        let url = format!("{}/api/auth/refresh", self.base_url);
        let request = self
            .agent
            .post(url)
            .header("content-type", "application/json");
        let sent = request.send(json!({"token": self.access_token}).to_string());
        let mut response = sent.map_err(|_| RefreshError::TryLater)?;
        let body = response.body_mut().read_to_string().unwrap_or_default();
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let text = |name| body.get(name).and_then(Value::as_str).unwrap_or_default();
        match response.status().as_u16() {
            200 => {
                text("access_token").clone_into(&mut self.access_token);
                Ok(())
            }
            401 => Err(RefreshError::LoggedOut(text("code").to_owned())),
            _ => Err(RefreshError::TryLater),
        }
    }
}

fn main() {
    let mut session = Session::new("http://127.0.0.1:8000", "a.b.c".to_owned());
    let refreshed = session.refresh();
    assert_ne!(refreshed, Ok(()), "nobody signed that token");
}

#[cfg(test)]
mod tests {
    use remint::testing::{TestService, TimeDelta};

    use super::*;

    /// A service, and a session of alice whose token expired an hour ago.
    fn expired() -> (TestService, Session) {
        let service = TestService::builder()
            .user("alice")
            .start_blocking()
            .unwrap();
        let session = Session::new(service.base_url(), service.expired_token("alice"));
        (service, session)
    }

    #[test]
    fn an_expired_token_becomes_one_that_is_accepted() {
        let (service, mut session) = expired();

        session.refresh().unwrap();

        let verified = service.block_on(service.verify(session.access_token()));
        verified.unwrap().assert_status(204);
    }

    #[test]
    fn a_session_goes_on_for_as_long_as_it_is_refreshed() {
        let (service, mut session) = expired();

        for _ in 0..24 {
            session.refresh().unwrap();
            service.advance(TimeDelta::minutes(50));
        }
    }

    #[test]
    fn a_user_who_was_deactivated_is_logged_out() {
        let (service, mut session) = expired();
        service
            .block_on(service.set_active("alice", false))
            .unwrap();

        let refused = session.refresh();

        let code = "user_inactive".to_owned();
        assert_eq!(refused, Err(RefreshError::LoggedOut(code)));
    }

    #[test]
    fn trouble_of_the_service_logs_nobody_out() {
        let (service, mut session) = expired();
        let away = service.sql("ALTER TABLE users RENAME TO away");
        service.block_on(away).unwrap();
        assert_eq!(session.refresh(), Err(RefreshError::TryLater));

        let back = service.sql("ALTER TABLE away RENAME TO users");
        service.block_on(back).unwrap();

        session.refresh().unwrap();
    }

    #[test]
    fn a_service_that_is_gone_logs_nobody_out() {
        let (service, mut session) = expired();
        drop(service);

        assert_eq!(session.refresh(), Err(RefreshError::TryLater));
    }
}
