//! Refresh tokens: which session they are of, and what presenting one would mean.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::{
    Contract, Refusal, Renewal, Session, SessionName, Step, Unverified, Verdict, decide,
};

use super::super::{LegacyText, LegacyToken, Minter, Presented, Trail};
use super::{ExplainError, Explainer, Explanation, Finding, RecordsError, TokenKind};

/// Refuses what this service made: it knows its own tokens alone.
const PROVIDER: &str = "identity provider";

/// What a refresh token turned out to be.
pub(super) enum Recognised {
    /// It has the form of those contracts, and nobody made it who has a key.
    Forged(Vec<Contract>),
    /// remint made it.
    Genuine(Contract, Presented),
    /// The legacy backend made it, and it was imported.
    Imported(Contract, SessionName),
}

impl Explainer {
    /// What `token` is, by the codecs of all contracts; [`None`] if it has the form of no refresh
    /// token.
    pub(super) async fn recognise(&self, token: &str) -> Result<Option<Recognised>, RecordsError> {
        let codec = &self.main.refresh_tokens;
        let mut alike = Vec::new();
        for contract in Contract::ALL {
            match codec.verify(contract, token) {
                Ok(presented) => return Ok(Some(Recognised::Genuine(contract, presented))),
                Err(Unverified::Signature) => alike.push(contract),
                Err(_) => {}
            }
        }
        if self.accepts_imported {
            let token = LegacyToken::Text(LegacyText(token));
            for contract in Contract::ALL {
                let name = SessionName::Id(codec.imported(contract, &token));
                if self.records.locate(name).await?.session.is_some() {
                    return Ok(Some(Recognised::Imported(contract, name)));
                }
            }
        }
        Ok((!alike.is_empty()).then_some(Recognised::Forged(alike)))
    }

    /// The first refusal is the verdict.
    pub(super) async fn refresh_token(
        &self,
        recognised: Recognised,
        now: DateTime<Utc>,
    ) -> Result<Explanation, ExplainError> {
        let mut explanation = Explanation {
            kind: TokenKind::Refresh,
            contract: None,
            findings: Vec::new(),
            refusal: None,
            trail: Trail::default(),
        };
        match recognised {
            Recognised::Forged(contracts) => {
                let words: Vec<_> = contracts.into_iter().map(Contract::word).collect();
                explanation.add("form", Ok(form(&words.join(" or "))));
                explanation.add("signature", Err(Unverified::Signature.into()));
            }
            Recognised::Genuine(contract, presented) => {
                explanation.contract = Some(contract);
                explanation.add("form", Ok(form(contract.word())));
                if self.elsewhere == Some(contract) {
                    explanation.add(PROVIDER, Err(Unverified::Provider.into()));
                    return Ok(explanation);
                }
                explanation.add("signature", Ok(presented.key.label.clone()));
                explanation.add("key still trusted", trust(&presented, now));
                let minter = self.offered(contract)?;
                let named = (presented.session, presented.generation);
                explanation.trail.key = Some(presented.key.label);
                self.add_session(minter, named, now, &mut explanation)
                    .await?;
            }
            Recognised::Imported(contract, name) => {
                explanation.contract = Some(contract);
                let seen = format!("imported for {}", contract.word());
                explanation.add("form", Ok(seen));
                if self.elsewhere == Some(contract) {
                    explanation.add(PROVIDER, Err(Unverified::Provider.into()));
                    return Ok(explanation);
                }
                let minter = self.offered(contract)?;
                self.add_session(minter, (name, 0), now, &mut explanation)
                    .await?;
            }
        }
        Ok(explanation)
    }

    /// What makes the contract's tokens.
    fn offered(&self, contract: Contract) -> Result<&Minter, ExplainError> {
        let mut minters = std::iter::once(&self.main).chain(&self.others);
        let minter = minters.find(|minter| minter.contract() == contract);
        let minter = minter.map(Arc::as_ref);
        minter.ok_or(ExplainError::NotOffered(contract))
    }

    /// Adds what is known of the session, and what presenting that generation of it would mean.
    async fn add_session(
        &self,
        minter: &Minter,
        (name, generation): (SessionName, u64),
        now: DateTime<Utc>,
        explanation: &mut Explanation,
    ) -> Result<(), RecordsError> {
        let standing = self.records.locate(name).await?;
        let Some(session) = &standing.session else {
            // Its row is removed some time after its end.
            explanation.add("session", Err(Refusal::SessionExpired));
            return Ok(());
        };
        let seen = format!(
            "{}, generation {generation} of {}",
            session.id, session.generation
        );
        let subject = minter.subject(session);
        explanation.trail.session = Some(session.id);
        explanation.trail.note_subject(&subject);
        explanation.add("session", Ok(seen));
        let admitted = standing.admit(session.rotated_at);
        explanation.add("not revoked", admitted.map(|()| String::new()));
        let user = self.records.user(&subject).await?;
        let user = user.admit(session.rotated_at);
        explanation.add("user", user.map(|_| format!("{subject} is active")));
        let exchange = self.exchange(minter, session, generation, now);
        explanation.add("exchange", exchange);
        Ok(())
    }

    /// What presenting it would mean now; presents nothing.
    fn exchange(
        &self,
        minter: &Minter,
        session: &Session,
        generation: u64,
        now: DateTime<Utc>,
    ) -> Verdict {
        let contract = minter.contract();
        let latest = minter.policy.session_end(session.started_at);
        if generation >= contract.last_generation() || now >= latest {
            return Err(Refusal::SessionExpired);
        }
        let seen = match decide(generation, Some(session), self.grace, now)? {
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
}

impl Explanation {
    /// Adds what the next check says; the first that says no decides.
    fn add(&mut self, check: &'static str, verdict: Verdict) {
        let finding = Finding::new(check, verdict);
        self.refusal = self.refusal.or(finding.refusal);
        self.findings.push(finding);
    }
}

fn form(contracts: &str) -> String {
    format!("a refresh token of {contracts}")
}

fn trust(presented: &Presented, now: DateTime<Utc>) -> Verdict {
    match presented.key.valid_until {
        Some(end) if now >= end => Err(Unverified::RetiredKey.into()),
        Some(end) => Ok(format!("until {end}")),
        None => Ok(String::new()),
    }
}
