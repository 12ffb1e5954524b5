//! `remint demo`: the main job on one's own machine, without setting anything.

use std::net::SocketAddr;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use clap::Args as ClapArgs;
use serde_json::Value;

use crate::app::{self, App, Surroundings};
use crate::config::{Config, Purpose};
use crate::domain::{Clock, SystemClock};
use crate::http::{ListenAddress, Listener};
use crate::store::{OwnUser, OwnUsers};
use crate::telemetry;

use super::serve::{self, Signals};
use super::settings::Settings;
use super::terminal::{Failure, Outcome, note, say};

#[derive(ClapArgs)]
pub(super) struct Args {
    /// Show the refresh and end, instead of going on serving
    #[arg(long)]
    once: bool,
    /// Where to listen; a free port is taken if this one is not
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "ADDRESS")]
    listen: SocketAddr,
}

/// The sample users: address, key, whether active.
const USERS: [(&str, &str, bool); 2] = [
    ("alice@example.com", "alice", true),
    ("bob@example.com", "bob", false),
];

pub(super) async fn run(_: &Settings, args: Args) -> Outcome {
    let folder = tempfile::Builder::new().prefix("remint-demo-").tempdir()?;
    let mut config = config(folder.path())?;
    let _logs = telemetry::init(&config.log, None)?;
    let database = app::open_own_database(&config).await?;
    let users = OwnUsers::open(database).await?;
    for (email, id, is_active) in USERS {
        let user = OwnUser {
            id: id.to_owned(),
            email: email.to_owned(),
            is_active,
        };
        users.add(&user).await?;
    }

    let codec = app::codec(&config)?;
    let expired = |user| {
        let now = SystemClock.now();
        let claims = app::legacy_claims(&config, user, Some(TimeDelta::hours(1)), now);
        codec.sign(&claims)
    };
    let (alice, bob) = (expired("alice")?, expired("bob")?);
    config.http.example_token = Some(alice.clone());
    let app = App::build(&config, Surroundings::default()).await?;
    let listener = bind(&config, args.listen).await?;
    let url = listener.url()?;

    let signals = Signals::new()?;
    let server =
        tokio::spawn(
            async move { serve::until_stopped(app, (listener, None), &config, signals).await },
        );
    let shown = tokio::task::spawn_blocking({
        let url = url.clone();
        move || show(&url, &alice, &bob)
    })
    .await?;
    shown.map_err(|error| format!("the demo could not refresh a token: {error}"))?;
    say(
        "\nFrontends with refresh tokens speak other contracts: see `remint session start --help`.",
    );
    if args.once {
        server.abort();
        return Ok(());
    }
    say(format!(
        "\nLook at alice's token and refresh it in a browser: {url}/"
    ));
    say(format!("Swagger UI with a token that works: {url}/docs"));
    say("Serving until Ctrl-C; the database is temporary and the secret random.");
    server.await??;
    Ok(())
}

fn config(folder: &Path) -> Result<Config, Failure> {
    // In base64 long enough for HS512, so that every contract is offered.
    let mut secret = [0; 48];
    getrandom::fill(&mut secret).map_err(|error| error.to_string())?;
    let secret = STANDARD.encode(secret);
    let database = format!("sqlite://{}", folder.join("remint.db").display());
    let settings = [
        ("JWT_SECRET_KEY", secret),
        ("DATABASE_URL", database),
        ("LOG_LEVEL", "warn,remint::audit=off".to_owned()),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value));
    Ok(Config::from_vars(settings, Purpose::Tokens)?)
}

async fn bind(config: &Config, wanted: SocketAddr) -> Result<Listener, Failure> {
    let listen = async |address| {
        Listener::bind(
            &ListenAddress::Tcp(address),
            config.listen.socket_mode,
            None,
        )
        .await
    };
    match listen(wanted).await {
        Ok(listener) => Ok(listener),
        Err(error) => {
            note(format!(
                "cannot listen on {wanted} ({error}); taking a free port"
            ));
            Ok(listen(SocketAddr::new(wanted.ip(), 0)).await?)
        }
    }
}

/// Does what a legacy frontend does, with the real bytes on the wire.
fn show(url: &str, alice: &str, bob: &str) -> Result<(), ureq::Error> {
    let url = format!("{url}/api/auth/refresh");
    let refresh = |token: &str| -> Result<(u16, String), ureq::Error> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // The service is on this machine, where no proxy of the environment leads.
            .proxy(None)
            .build()
            .into();
        let body = serde_json::json!({"token": token}).to_string();
        let mut response = agent
            .post(&url)
            .header("content-type", "application/json")
            .send(body)?;
        Ok((
            response.status().as_u16(),
            response.body_mut().read_to_string()?,
        ))
    };
    let pretty = |body: &str| -> String {
        let value: Result<Value, _> = serde_json::from_str(body);
        value
            .and_then(|value| serde_json::to_string_pretty(&value))
            .unwrap_or_default()
    };

    say("alice's token expired an hour ago. Her frontend sends it:\n");
    say(format!(
        "curl -X POST {url} \\\n  -H 'Content-Type: application/json' \\\n  -d '{{\"token\": \"{alice}\"}}'\n"
    ));
    let (status, body) = refresh(alice)?;
    say(format!("{status}\n{}\n", pretty(&body)));
    say("bob's token is as genuine, but bob was deactivated:\n");
    let (status, body) = refresh(bob)?;
    say(format!("{status}\n{}", pretty(&body)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contract_is_offered() {
        let config = config(Path::new("/")).ok().unwrap();

        assert_eq!(config.not_offered, Vec::<String>::new());
    }
}
