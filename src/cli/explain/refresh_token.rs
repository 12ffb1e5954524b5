//! Refresh tokens: which session they are of, and what presenting one would mean.

use chrono::{DateTime, Utc};

use crate::app::{self, Minters};
use crate::config::Config;
use crate::domain::{
    Clock, Contract, Refusal, Renewal, Session, SessionName, Standing, Step, SystemClock,
    Unverified, decide,
};
use crate::service::{LegacyText, LegacyToken, Minter, Presented, SessionStore};

use super::super::terminal::Failure;
use super::{look_up, row, sessions, unreadable};

/// What each check says, in the order in which the service makes them.
type Checks = Vec<(&'static str, Result<String, Refusal>)>;

/// What a refresh token turned out to be.
enum Recognised {
    /// It has the form of those contracts, and nobody made it who has a key.
    Forged(Vec<&'static str>),
    /// remint made it.
    Genuine(Contract, Presented),
    /// The legacy backend made it, and it was imported.
    Imported(Contract, SessionName),
}

/// The verdict on `token`, if it is a refresh token; what was seen on the way goes to `rows`.
pub(super) async fn explain(
    config: &Config,
    token: &str,
    rows: &mut Vec<Vec<String>>,
) -> Result<Option<Option<Refusal>>, Failure> {
    let minters = app::minters(config)?;
    let Some(recognised) = recognise(config, &minters.main, token).await? else {
        return Ok(None);
    };
    let now = SystemClock.now();
    let checks = match recognised {
        Recognised::Forged(contracts) => vec![
            ("form", Ok(form(&contracts.join(" or ")))),
            ("signature", Err(Unverified::Signature.into())),
        ],
        Recognised::Genuine(contract, presented) => {
            let mut checks = vec![
                ("form", Ok(form(contract.word()))),
                ("signature", Ok(presented.key.label.clone())),
                ("key still trusted", trust(&presented, now)),
            ];
            let minter = offered(config, &minters, contract)?;
            let Presented {
                session,
                generation,
                ..
            } = presented;
            checks.extend(explain_session(config, minter, (session, generation), now).await?);
            checks
        }
        Recognised::Imported(contract, session) => {
            let mut checks = vec![("form", Ok(format!("imported for {}", contract.word())))];
            let minter = offered(config, &minters, contract)?;
            checks.extend(explain_session(config, minter, (session, 0), now).await?);
            checks
        }
    };
    rows.extend(checks.iter().map(|(name, verdict)| row(name, verdict)));
    Ok(Some(checks.into_iter().find_map(|(_, check)| check.err())))
}

/// What `token` is, by the codecs of all contracts; [`None`] if it has the form of no refresh token.
async fn recognise(
    config: &Config,
    minter: &Minter,
    token: &str,
) -> Result<Option<Recognised>, Failure> {
    let codec = &minter.refresh_tokens;
    let mut alike = Vec::new();
    for contract in Contract::ALL {
        match codec.verify(contract, token) {
            Ok(presented) => return Ok(Some(Recognised::Genuine(contract, presented))),
            Err(Unverified::Signature) => alike.push(contract.word()),
            Err(_) => {}
        }
    }
    if config.accepts_imported {
        let token = LegacyToken::Text(LegacyText(token));
        for contract in Contract::ALL {
            let name = SessionName::Id(codec.imported(contract, &token));
            if locate(config, name).await?.session.is_some() {
                return Ok(Some(Recognised::Imported(contract, name)));
            }
        }
    }
    Ok((!alike.is_empty()).then_some(Recognised::Forged(alike)))
}

fn form(contracts: &str) -> String {
    format!("a refresh token of {contracts}")
}

fn trust(presented: &Presented, now: DateTime<Utc>) -> Result<String, Refusal> {
    match presented.key.valid_until {
        Some(end) if now >= end => Err(Unverified::RetiredKey.into()),
        Some(end) => Ok(format!("until {end}")),
        None => Ok(String::new()),
    }
}

/// What makes the contract's tokens, or why it is off.
fn offered<'a>(
    config: &Config,
    minters: &'a Minters,
    contract: Contract,
) -> Result<&'a Minter, Failure> {
    let mut minters = std::iter::once(&minters.main).chain(&minters.others);
    let minter = minters.find(|minter| minter.contract() == contract);
    Ok(minter.ok_or_else(|| config.not_offered.join("\n"))?)
}

/// What is known of the session of that name and its user; nothing where nothing was made yet.
async fn locate(config: &Config, name: SessionName) -> Result<Standing, Failure> {
    match sessions(config).await? {
        Some(sessions) => {
            let located = sessions.locate(name).await;
            Ok(located.map_err(|error| unreadable(&error))?)
        }
        None => Ok(Standing::default()),
    }
}

/// What is known of the session, and what presenting that generation of it would mean.
async fn explain_session(
    config: &Config,
    minter: &Minter,
    (name, generation): (SessionName, u64),
    now: DateTime<Utc>,
) -> Result<Checks, Failure> {
    let standing = locate(config, name).await?;
    let Some(session) = &standing.session else {
        // Its row is removed some time after its end.
        return Ok(vec![("session", Err(Refusal::SessionExpired))]);
    };
    let seen = format!(
        "{}, generation {generation} of {}",
        session.id, session.generation
    );
    let admitted = standing.admit(session.rotated_at);
    let subject = minter.subject(session);
    let user = look_up(config, &subject).await?.admit(session.rotated_at);
    Ok(vec![
        ("session", Ok(seen)),
        ("not revoked", admitted.map(|()| String::new())),
        ("user", user.map(|_| format!("{subject} is active"))),
        (
            "exchange",
            present(config, minter, session, generation, now),
        ),
    ])
}

/// What presenting it would mean now; presents nothing.
fn present(
    config: &Config,
    minter: &Minter,
    session: &Session,
    generation: u64,
    now: DateTime<Utc>,
) -> Result<String, Refusal> {
    let contract = minter.contract();
    let latest = minter.policy.session_end(session.started_at);
    if generation >= contract.last_generation() || now >= latest {
        return Err(Refusal::SessionExpired);
    }
    let seen = match decide(generation, Some(session), config.grace, now)? {
        Step::Begin | Step::Rotate { .. } => match contract.renewal() {
            Renewal::Kept | Renewal::None => "kept: it stays good until its session ends",
            Renewal::Rotated if contract == Contract::TokenPair => {
                "good once, together with an access token of the same session"
            }
            Renewal::Rotated => "good once: the answer has the next one",
        },
        Step::Replay => "exchanged just now: the same answer is given again",
        // Two parties have the session: presenting it would end it for both.
        Step::Reuse => return Err(Refusal::TokenReused),
    };
    Ok(seen.to_owned())
}
