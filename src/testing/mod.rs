//! The whole service in a test, for whoever tests a frontend or a backend that speaks to it.
//!
//! [`TestService`] listens on a free port, over a temporary SQLite database, and takes the time from
//! a clock that stands still until the test moves it. So an hour passes in no time, and a token
//! expires when the test says so.
//!
//! ```toml
//! [dev-dependencies]
//! remint = { git = "…", features = ["testing"] }
//! tokio = { version = "1", features = ["macros", "rt"] }
//! ```
//!
//! The first build compiles the whole service, which takes minutes. What it logs goes to whichever
//! subscriber of `tracing` the test has set for its process, and nowhere otherwise.
//!
//! ```
//! use remint::testing::{Contract, Result, TestService, TestUser, TimeDelta};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! let service = TestService::builder()
//!     .setting("REFRESH_MODE", "single_use")
//!     .user("alice")
//!     .user(TestUser::new("bob").inactive())
//!     .start()
//!     .await?;
//!
//! // Tokens of the legacy backend, which expired an hour ago.
//! let alices = service.expired_token("alice");
//! let fresh = service.refresh(&alices).await?.assert_refreshed();
//! service.verify(&fresh.access_token).await?.assert_status(204);
//! let bobs = service.expired_token("bob");
//! service.refresh(&bobs).await?.assert_refused("user_inactive");
//!
//! // The same token again, after the grace for parallel tabs.
//! service.advance(TimeDelta::minutes(1));
//! service.refresh(&alices).await?.assert_refused("token_reused");
//!
//! // A frontend with a refresh token.
//! let mut session = service.start_session(Contract::TokenPair, "alice").await?;
//! session.refresh().await?.assert_refreshed();
//! # Ok(())
//! # }
//! ```
//!
//! # A client of your own
//!
//! Give it [`base_url`](TestService::base_url). The service runs on a thread of its own, so a client
//! that blocks is as good as one that does not, and one service may serve several tests.
//!
//! Without `async`, start with [`start_blocking`](TestServiceBuilder::start_blocking) and wait with
//! [`block_on`](TestService::block_on):
//!
//! ```
//! # fn main() -> remint::testing::Result<()> {
//! use remint::testing::TestService;
//!
//! let service = TestService::builder().user("alice").start_blocking()?;
//! let old = service.expired_token("alice");
//!
//! let answer = service.block_on(service.refresh(&old))?;
//!
//! answer.assert_refreshed();
//! # Ok(())
//! # }
//! ```
//!
//! # Trouble
//!
//! What a client does when the service is in trouble is worth a test as well: a table that is away is
//! a database that does not answer.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> remint::testing::Result<()> {
//! # use remint::testing::TestService;
//! # let service = TestService::builder().user("alice").start().await?;
//! # let old = service.expired_token("alice");
//! service.sql("ALTER TABLE users RENAME TO away").await?;
//! service.refresh(&old).await?.assert_unavailable();
//!
//! service.sql("ALTER TABLE away RENAME TO users").await?;
//! service.refresh(&old).await?.assert_refreshed();
//! # Ok(())
//! # }
//! ```

mod answer;
mod assembly;
mod builder;
mod client;
mod error;
mod host;
pub mod jwt;
mod outcome;
mod service;
mod session;
mod token;
mod user;

pub use chrono::{DateTime, TimeDelta, Utc};
pub use http::{Method, Request};

pub use crate::domain::{Clock, Contract, ManualClock};
pub use answer::Answer;
pub use assembly::Assembly;
pub use builder::TestServiceBuilder;
pub use error::{Result, TestError};
pub use outcome::{FreshTokens, Outcome};
pub use service::TestService;
pub use session::TestSession;
pub use token::TestToken;
pub use user::TestUser;
