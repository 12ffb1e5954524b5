//! `remint explain`

mod refresh_token;

use std::io::Read;

use chrono::{DateTime, Utc};
use clap::Args as ClapArgs;

use crate::app;
use crate::config::{Config, Purpose};
use crate::domain::{
    Admission, Claim, Clock, Contract, Lookup, Refusal, Standing, Step, Subject, SystemClock,
    TokenPolicy, Unsupported, Unverified, VerifiedToken, decide,
};
use crate::service::{RefreshMode, SessionError, SessionStore, UserDirectory};
use crate::store::{self, ConnectError, SqlSessionStore};

use super::settings::Settings;
use super::terminal::{Failure, Outcome, say, table};

#[derive(ClapArgs)]
pub(super) struct Args {
    /// The token, an access or a refresh token; - reads it from the standard input, where no process
    /// list shows it
    token: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The checks before the signature has verified, in the order in which they are made.
const UNVERIFIED: [(&str, &[Unverified]); 4] = [
    ("form", &[Unverified::TooLong, Unverified::Format]),
    ("no extensions", &[Unverified::Extension]),
    ("algorithm", &[Unverified::Algorithm]),
    (
        "signature",
        &[Unverified::UnknownKey, Unverified::Signature],
    ),
];

pub(super) async fn run(settings: &Settings, args: Args) -> Outcome {
    let config = settings.config(Purpose::Tokens)?;
    let mut token = args.token;
    if token == "-" {
        token.clear();
        std::io::stdin().read_to_string(&mut token)?;
        token.truncate(token.trim_end().len());
    }

    let mut rows = Vec::new();
    let verdict = match refresh_token::explain(&config, &token, &mut rows).await? {
        Some(verdict) => verdict,
        None => explain_access_token(&config, &token, &mut rows).await?,
    };
    table(&["Check", "Verdict", "Seen"], &rows, args.json);
    match verdict {
        None => {
            if !args.json {
                say("This token would be exchanged.");
            }
            Ok(())
        }
        Some(refusal) => {
            if !args.json {
                say(format!("This token would be refused: {refusal}."));
            }
            Err(Failure::Said)
        }
    }
}

/// The first refusal is the verdict.
async fn explain_access_token(
    config: &Config,
    token: &str,
    rows: &mut Vec<Vec<String>>,
) -> Result<Option<Refusal>, Failure> {
    let verified = app::codec(config)?.verify_ignoring_expiry(token);
    if !verified
        .as_ref()
        .is_ok_and(|token| is_of(token, Contract::ExpiredToken))
        && let Some(contract) = other_contract(config, token)?
    {
        let seen = format!(
            "an access token of {}, whose sessions are renewed by their refresh tokens",
            contract.word()
        );
        rows.push(vec!["contract".to_owned(), "NO".to_owned(), seen]);
        return Ok(Some(Unsupported::Kind.into()));
    }
    match verified {
        Err(unverified) => {
            if unverified == Unverified::Format {
                let refusal = Unverified::RefreshTokenFormat.into();
                rows.push(row("refresh token", &Err(refusal)));
            }
            explain_unverified(unverified, rows);
            Ok(Some(unverified.into()))
        }
        Ok(token) => {
            rows.extend(UNVERIFIED.map(|(name, _)| row(name, &Ok(String::new()))));
            explain_verified(config, &token, rows).await
        }
    }
}

/// The contract other than the main job's whose access token that is.
fn other_contract(config: &Config, token: &str) -> Result<Option<Contract>, Failure> {
    let minters = app::minters(config)?.others;
    let found = minters.iter().find(|minter| {
        let verified = minter.access_tokens.verify_ignoring_expiry(token);
        verified.is_ok_and(|token| is_of(&token, minter.contract()))
    });
    Ok(found.map(|minter| minter.contract()))
}

/// Whether the service judges a token that verified by the rules of `contract`.
fn is_of(token: &VerifiedToken, contract: Contract) -> bool {
    match &token.lineage {
        Claim::Is(lineage) => lineage.contract == contract,
        Claim::Absent | Claim::Malformed => token.subject != Claim::Absent,
    }
}

fn row(name: &str, verdict: &Result<String, Refusal>) -> Vec<String> {
    match verdict {
        Ok(seen) => vec![name.to_owned(), "ok".to_owned(), seen.clone()],
        Err(refusal) => vec![name.to_owned(), "NO".to_owned(), refusal.to_string()],
    }
}

/// Everything up to the check that failed; what comes after cannot be known.
fn explain_unverified(unverified: Unverified, rows: &mut Vec<Vec<String>>) {
    for (name, reasons) in UNVERIFIED {
        if reasons.contains(&unverified) {
            rows.push(row(name, &Err(unverified.into())));
            return;
        }
        rows.push(row(name, &Ok(String::new())));
    }
}

/// What the rules say, and what the users table says; the first refusal is the verdict.
async fn explain_verified(
    config: &Config,
    token: &VerifiedToken,
    rows: &mut Vec<Vec<String>>,
) -> Result<Option<Refusal>, Failure> {
    let policy: &TokenPolicy = &config.policy;
    let now = SystemClock.now();
    for check in policy.explain_refresh(token, now) {
        rows.push(row(check.name, &check.verdict));
    }
    let admission = match policy.judge_refresh(token, now) {
        Ok(admission) => admission,
        Err(refusal) => return Ok(Some(refusal)),
    };

    let standing = standing(config, &admission).await?;
    let session = explain_session(config, &admission, &standing, now);
    rows.push(row("session", &session));
    let user = look_up(config, &admission.subject)
        .await?
        .admit(admission.issued_at);
    let seen = user
        .as_ref()
        .map(|_| format!("{} is active", admission.subject));
    rows.push(row("user", &seen.map_err(|refusal| *refusal)));
    // In the order of the service: only who is active can be found to have used a token twice.
    let revoked = standing.admit(admission.issued_at).err();
    Ok(revoked.or(user.err()).or(session.err()))
}

/// What the service itself has written down about the token's session and user.
async fn standing(config: &Config, admission: &Admission) -> Result<Standing, Failure> {
    let Some(sessions) = sessions(config).await? else {
        return Ok(Standing::default());
    };
    let user_key = admission.subject.user_key();
    let standing = sessions.standing(admission.lineage.session, &user_key);
    Ok(standing.await.map_err(|error| unreadable(&error))?)
}

/// What is written down; nothing in a file that was never made.
async fn sessions(config: &Config) -> Result<Option<SqlSessionStore>, Failure> {
    match store::connect_to_existing(&config.database).await {
        Err(ConnectError::NoFile) => Ok(None),
        connection => {
            let deadline = config.database.query_deadline;
            Ok(Some(SqlSessionStore::new(connection?, deadline)))
        }
    }
}

fn unreadable(error: &SessionError) -> String {
    let pending = "the sessions could not be read; `remint migrate up` makes their tables";
    format!("{pending} ({error})")
}

/// What presenting the token would mean now; presents nothing.
fn explain_session(
    config: &Config,
    admission: &Admission,
    standing: &Standing,
    now: DateTime<Utc>,
) -> Result<String, Refusal> {
    standing.admit(admission.issued_at)?;
    let RefreshMode::SingleUse { grace } = config.mode else {
        return Ok("not revoked; may be exchanged again (REFRESH_MODE=stateless)".to_owned());
    };
    let generation = admission.lineage.generation;
    Ok(
        match decide(generation, standing.session.as_ref(), grace, now)? {
            Step::Begin => "not exchanged yet".to_owned(),
            Step::Replay => "exchanged just now: the same answer is given again".to_owned(),
            Step::Reuse => return Err(Refusal::TokenReused),
            Step::Rotate { .. } => "the newest token of its session".to_owned(),
        },
    )
}

/// Reads the users table without making or touching any other, so that nothing is changed.
async fn look_up(config: &Config, subject: &Subject) -> Result<Lookup, Failure> {
    let settings = config.users_database.as_ref().unwrap_or(&config.database);
    let connection = store::connect_to_existing(settings).await?;
    let deadline = settings.query_deadline;
    let directory = store::SqlUserDirectory::open(connection, &config.directory, deadline).await?;
    Ok(directory.find(subject).await?)
}
