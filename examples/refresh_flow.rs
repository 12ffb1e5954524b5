//! The life of two sessions, step by step, against a service of their own: `cargo run --example refresh_flow`.
//!
//! Nothing needs to be there or to be set. The service listens on a free port, its database is a
//! temporary file, and its clock moves only when this script says so.
#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "it is there to be read"
)]

use remint::testing::{Answer, Contract, Outcome, Result, TestService, TestUser, TimeDelta};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let service = TestService::builder()
        .setting("REFRESH_MODE", "single_use")
        .user("alice")
        .user(TestUser::new("bob").inactive())
        .start()
        .await?;
    println!("The service is at {}.", service.base_url());

    legacy_tokens(&service).await?;
    refresh_tokens(&service).await
}

/// A frontend that knows access tokens only, as seed 004 has it.
async fn legacy_tokens(service: &TestService) -> Result<()> {
    println!("\nA frontend without refresh tokens");
    let token = service.token("alice").claim("role", "editor").sign();
    say("alice has a token", &service.verify(&token).await?);

    service.advance(TimeDelta::hours(1));
    say("an hour later", &service.verify(&token).await?);

    let answer = service.refresh(&token).await?;
    say("she sends it to be exchanged", &answer);
    let fresh = answer.assert_refreshed();
    assert_eq!(fresh.claims()["role"], "editor");
    say(
        "and uses the new one",
        &service.verify(&fresh.access_token).await?,
    );

    say(
        "a second tab sends the old one, too",
        &service.refresh(&token).await?,
    );
    service.advance(TimeDelta::minutes(1));
    say(
        "a thief sends it a minute later",
        &service.refresh(&token).await?,
    );
    let answer = service.refresh(&fresh.access_token).await?;
    say("so nobody has that session any more", &answer);
    answer.assert_refused("session_revoked");

    let bobs = service.expired_token("bob");
    say("bob was deactivated", &service.refresh(&bobs).await?);
    service.set_active("bob", true).await?;
    say("and is let in again", &service.refresh(&bobs).await?);
    Ok(())
}

/// Frontends with refresh tokens, one of each contract.
async fn refresh_tokens(service: &TestService) -> Result<()> {
    for contract in Contract::ALL {
        println!("\nA frontend that speaks {}", contract.word());
        let mut session = service.start_session(contract, "alice").await?;
        service.advance(TimeDelta::hours(1));
        let answer = session.refresh().await?;
        say("an hour after the login", &answer);
        answer.assert_refreshed();

        service.sql("ALTER TABLE users RENAME TO away").await?;
        say("while the users table is away", &session.refresh().await?);
        service.sql("ALTER TABLE away RENAME TO users").await?;
        say("and when it is back", &session.refresh().await?);

        session.log_out().await?.assert_status(204);
        say("after the logout", &session.refresh().await?);
    }
    Ok(())
}

/// One step: what happens, and what the service says to it.
fn say(what: &str, answer: &Answer) {
    let meaning = match answer.outcome() {
        Outcome::Done => "accepted".to_owned(),
        Outcome::Failed => "the service failed".to_owned(),
        Outcome::Refreshed(fresh) => {
            let issued = &fresh.claims()["iat"];
            format!("fresh tokens, issued at {issued}")
        }
        Outcome::Refused(why) => format!("refused: {why}"),
        Outcome::Throttled { .. } => "too many attempts".to_owned(),
        Outcome::Unavailable { retry_after } => {
            format!(
                "not now, try again in {} s",
                retry_after.unwrap_or_default()
            )
        }
    };
    println!("  {what:<38} {} {meaning}", answer.status);
}
