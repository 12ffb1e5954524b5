//! `remint doctor`

mod databases;

use chrono::SubsecRound;
use clap::Args as ClapArgs;

use crate::cognito;
use crate::config::{Config, Purpose};
use crate::domain::{Clock, SystemClock};
use crate::http::OAuthClient;
use crate::service::{Causes, ProviderError};
use crate::telemetry::AuditFile;

use super::settings::Settings;
use super::terminal::{Failure, Outcome, say, table};

#[derive(ClapArgs)]
pub(super) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

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
    let answers = databases::check_own(&config, &mut findings).await;
    // One database that is away is one finding.
    if answers || config.users_database.is_some() {
        databases::check_users(&config, &mut findings).await;
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
