//! `remint doctor`

use std::time::Duration;

use chrono::SubsecRound;
use clap::Args as ClapArgs;

use crate::app;
use crate::cognito;
use crate::config::{Config, Purpose};
use crate::domain::{Clock, Subject, SystemClock};
use crate::http::OAuthClient;
use crate::service::{Causes, ProviderError, UserDirectory};
use crate::store::{self, ConnectError, DatabaseSettings, SqlUserDirectory};
use crate::telemetry::AuditFile;

use super::settings::Settings;
use super::terminal::{Failure, Outcome, say, table};

#[derive(ClapArgs)]
pub(super) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The doctor does not wait for databases that are not there.
const PATIENCE: Duration = Duration::from_secs(3);

/// No file system or machine was set up before this was written.
const CLOCK_LOOKS_WRONG_BEFORE: i64 = 1_790_000_000;

/// What was looked at, and how it is.
struct Findings(Vec<Vec<String>>);

impl Findings {
    fn good(&mut self, what: &str, seen: impl Into<String>) {
        self.note(what, "ok", seen);
    }

    fn note(&mut self, what: &str, state: &str, seen: impl Into<String>) {
        self.0
            .push(vec![what.to_owned(), state.to_owned(), seen.into()]);
    }

    fn bad(&mut self, what: &str, mend: impl std::fmt::Display) {
        self.note(what, "BAD", mend.to_string());
    }

    fn are_good(&self) -> bool {
        self.0
            .iter()
            .all(|finding| finding.get(1).is_none_or(|state| state != "BAD"))
    }
}

pub(super) async fn run(settings: &Settings, args: Args) -> Outcome {
    // Wrong settings are shown as they are: each line already says what to do.
    let config = settings.config(Purpose::Tokens)?;
    let mut findings = Findings(Vec::new());
    findings.good("settings", "every value fits");
    let mut weak = false;
    for warning in &config.warnings {
        let of_a_secret = warning.contains("SECRET");
        weak |= of_a_secret;
        let what = if of_a_secret { "secret" } else { "settings" };
        findings.note(what, "warning", warning);
    }
    if let Some(keys) = config.keys.as_ref().filter(|_| !weak) {
        let seen = format!(
            "{}, {}",
            keys.algorithm.name(),
            match keys.previous.len() {
                0 => "no previous key".to_owned(),
                1 => "1 previous key".to_owned(),
                number => format!("{number} previous keys"),
            }
        );
        findings.good("secret", seen);
    }
    for line in &config.not_offered {
        findings.note("contract", "off", line);
    }
    check_tls(&config, &mut findings);
    check_admin(&config, &mut findings);
    check_log(&config, &mut findings);
    check_oauth(&config, &mut findings);
    check_clock(&mut findings);
    check_limits(&config, &mut findings).await;
    check_cognito(&config, &mut findings).await;
    let answers = check_database(&config, &mut findings).await;
    // One database that is away is one finding.
    if answers || config.users_database.is_some() {
        check_users(&config, &mut findings).await;
    }

    table(&["What", "State", "Seen"], &findings.0, args.json);
    if findings.are_good() {
        if !args.json {
            say("Everything that serve needs is there.");
        }
        return Ok(());
    }
    Err(Failure::Said)
}

fn check_tls(config: &Config, findings: &mut Findings) {
    let Some(tls) = &config.listen.tls else {
        let seen = "plain HTTP; TLS_CERT and TLS_KEY switch HTTPS on";
        return findings.note("tls", "off", seen);
    };
    for warning in tls.warnings(SystemClock.now()) {
        findings.note("tls", "warning", warning);
    }
    findings.good(
        "tls",
        match tls.valid_until() {
            Some(end) => format!("the key fits; the certificate is good until {end}"),
            None => "the key fits; the certificate does not say until when it is good".to_owned(),
        },
    );
}

fn check_admin(config: &Config, findings: &mut Findings) {
    let address = &config.admin.listen;
    if config.admin.key.is_none() {
        let seen = "ADMIN_API_KEY switches on the listener that starts sessions";
        findings.note("admin", "off", seen);
    } else if address.is_local() {
        findings.good("admin", format!("on {address}, for this machine alone"));
    } else {
        let seen = format!("on {address}; let only the login backend reach it");
        findings.good("admin", seen);
    }
}

fn check_log(config: &Config, findings: &mut Findings) {
    if let Some(traces) = &config.traces {
        findings.good("traces", format!("exported to {}", traces.collector()));
    }
    let Some(file) = &config.log.audit_file else {
        return findings.good("audit log", "with the rest, on the standard error");
    };
    match AuditFile::try_out(file) {
        Ok(()) => findings.good("audit log", format!("in {}", file.display())),
        Err(why) => findings.bad("audit log", format!("{why} (AUDIT_LOG_FILE)")),
    }
}

async fn check_limits(config: &Config, findings: &mut Findings) {
    let limits = &config.limits;
    let of = |number: u32, what| match number {
        0 => format!("any number of {what}"),
        _ => format!("{number} {what} a minute"),
    };
    let refreshes = of(
        limits.per_minute,
        "refreshes of a session and bad credentials of an address",
    );
    let requests = of(limits.requests_per_minute, "requests of an address");
    findings.good("limits", format!("{refreshes}; {requests}"));
    let Some(redis) = &limits.redis else {
        let seen = "each replica counts for itself; REDIS_URL would let them share";
        return findings.note("redis", "off", seen);
    };
    match redis.ping().await {
        Ok(()) => findings.good("redis", "answers; replicas share the limits"),
        Err(why) => {
            let seen =
                format!("{why}; each replica counts for itself until it answers (REDIS_URL)");
            findings.note("redis", "warning", seen);
        }
    }
}

fn check_oauth(config: &Config, findings: &mut Findings) {
    let seen = match &config.http.oauth.client {
        OAuthClient::Confidential(_) => "the client shows its secret; introspection is on",
        OAuthClient::Public(Some(_)) => {
            "the client has an id and no secret; OAUTH_CLIENT_SECRET switches introspection on"
        }
        OAuthClient::Public(None) => {
            "any client, as none can show a secret; OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET name one"
        }
    };
    findings.good("oauth", seen);
}

fn check_clock(findings: &mut Findings) {
    let now = SystemClock.now();
    if now.timestamp() < CLOCK_LOOKS_WRONG_BEFORE {
        findings.bad(
            "clock",
            format!("{now} is in the past; expiries are judged by this clock"),
        );
    } else {
        findings.good("clock", now.trunc_subsecs(0).to_string());
    }
}

/// No refresh token of Cognito's: it has to be refused, and only by a Cognito that knows the app client.
const NO_TOKEN: &str = "remint-doctor";

async fn check_cognito(config: &Config, findings: &mut Findings) {
    let Some(settings) = &config.cognito else {
        let seen = "COGNITO_REGION and COGNITO_CLIENT_ID hand the contract refresh_token to it";
        return findings.note("cognito", "off", seen);
    };
    let Some(provider) = cognito::provider(settings) else {
        return;
    };
    match provider.refresh(NO_TOKEN).await {
        Err(ProviderError::Refused | ProviderError::Reused) => {
            findings.good("cognito", "answers, and knows the app client");
        }
        Ok(_) => findings.bad(
            "cognito",
            "takes a word for a refresh token (COGNITO_ENDPOINT_URL)",
        ),
        Err(error @ ProviderError::Misconfigured(_)) => findings.bad("cognito", error),
        Err(error @ (ProviderError::Timeout | ProviderError::Unavailable(_))) => {
            let why = Causes(&error);
            let mend = "see to COGNITO_REGION, COGNITO_ENDPOINT_URL and the way there";
            findings.bad("cognito", format!("{why}; {mend}"));
        }
    }
}

/// Whether the service's own database answers.
async fn check_database(config: &Config, findings: &mut Findings) -> bool {
    let database = match store::connect_to_existing(&impatient(&config.database)).await {
        Ok(database) => database,
        Err(ConnectError::NoFile(_)) => {
            findings.good("database", "no SQLite file yet; serve will make it");
            return true;
        }
        Err(error) => {
            findings.bad("database", format!("{error} (DATABASE_URL)"));
            return false;
        }
    };
    match store::migrations(&database, app::migrator(config)).await {
        Ok(migrations) => {
            let pending = migrations.iter().filter(|one| !one.is_applied).count();
            let seen = match pending {
                0 if migrations.iter().any(|one| !one.is_known) => {
                    "answers; a newer version has changed its tables, on which this one can work"
                        .to_owned()
                }
                0 => "answers; up to date".to_owned(),
                _ => format!("answers; serve will make its tables in it ({pending} migrations)"),
            };
            findings.good("database", seen);
        }
        Err(error) => findings.bad("database", error),
    }
    true
}

async fn check_users(config: &Config, findings: &mut Findings) {
    let settings = config.users_database.as_ref().unwrap_or(&config.database);
    let connection = match store::connect_to_existing(&impatient(settings)).await {
        Ok(connection) => connection,
        Err(ConnectError::NoFile(_)) if app::migrator(config).creates_users => {
            let table = &config.directory.table;
            return findings.good("users", format!("no table {table} yet; serve will make it"));
        }
        Err(ConnectError::NoFile(_)) if config.users_database.is_none() => {
            let table = &config.directory.table;
            let missing = store::SetupError::NoTable(table.clone());
            return findings.bad("users", missing);
        }
        Err(error) => return findings.bad("users", format!("{error} (USERS_DATABASE_URL)")),
    };
    let deadline = settings.query_deadline;
    let directory = match SqlUserDirectory::open(connection, &config.directory, deadline).await {
        Ok(directory) => directory,
        Err(store::SetupError::NoTable(table)) if app::migrator(config).creates_users => {
            return findings.good("users", format!("no table {table} yet; serve will make it"));
        }
        Err(error) => return findings.bad("users", error),
    };
    match directory
        .find(&Subject::Text("remint doctor".to_owned()))
        .await
    {
        Ok(_) => findings.good("users", directory.statement()),
        Err(error) => {
            findings.bad("users", Causes(&error));
        }
    }
    match directory.index_problem() {
        None => findings.good("index", "the key column has a unique index"),
        Some(problem) => findings.note("index", "warning", problem),
    }
}

fn impatient(settings: &DatabaseSettings) -> DatabaseSettings {
    DatabaseSettings {
        connect_deadline: PATIENCE,
        ..settings.clone()
    }
}
