//! `remint::testing`, as the tests of others use it.

mod answers;
mod apart;
mod builder;
mod sessions;
mod tokens;
mod users;

use remint::testing::TestService;

/// A service that alice and nobody else uses.
async fn alices() -> TestService {
    TestService::builder().user("alice").start().await.unwrap()
}
