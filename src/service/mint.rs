//! Making the tokens of one contract.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use crate::domain::{
    Admission, Claim, ClaimSet, Contract, JUDGED_CLAIMS, JsonText, Lineage, RESERVED_CLAIMS,
    Refusal, Reissue, Renewal, Session, SessionName, Subject, TokenPolicy, Unsupported,
};

use super::single_use::Issue;
use super::{RefreshTokenCodec, SignError, TokenCodec};

/// Makes the tokens of one contract.
pub struct Minter {
    /// Checks and signs its access tokens.
    pub access_tokens: Arc<dyn TokenCodec>,
    /// Checks and signs its refresh tokens.
    pub refresh_tokens: Arc<dyn RefreshTokenCodec>,
    /// Its limits.
    pub policy: TokenPolicy,
    /// For how long a refresh token is good if nobody uses it.
    pub refresh_lifetime: TimeDelta,
    /// Claims that new tokens leave out.
    pub dropped_claims: Vec<String>,
}

/// Fresh tokens. Their text appears in no `Debug` output.
#[derive(PartialEq, Eq)]
pub struct Grant {
    /// The access token.
    pub access_token: String,
    /// For how many seconds it lives.
    pub expires_in: i64,
    /// The refresh token, where there is a new one.
    pub refresh_token: Option<String>,
    /// For how many seconds the session goes on if nobody refreshes it.
    pub session_expires_in: i64,
    /// How it came about.
    pub exchange: Exchange,
}

/// How an answer came about, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// Another request with the same credential was a little faster: both got the same answer.
    Concurrent,
    /// It was made for this request.
    New,
    /// It had been given before, and was lost or is wanted by another tab.
    Repeated,
}

impl Exchange {
    /// One that was made for another request.
    pub(super) fn again(concurrently: bool) -> Self {
        if concurrently {
            Self::Concurrent
        } else {
            Self::Repeated
        }
    }
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grant")
            .field("expires_in", &self.expires_in)
            .field("exchange", &self.exchange)
            .finish_non_exhaustive()
    }
}

/// A claim of that name is written or judged by the service itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the claim {0} is not for the caller to set")]
pub struct TakenClaim(pub String);

/// Why a token that was admitted has no successor.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoSuccessor {
    /// Because of what it says itself.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Because of this service.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Minter {
    /// The contract.
    pub fn contract(&self) -> Contract {
        self.policy.contract
    }

    /// The generation after the one that was admitted, if it has any time to live.
    pub(super) fn issue_after(
        &self,
        admission: &Admission,
        session: Option<&Session>,
        claims: Vec<(String, JsonText)>,
        now: DateTime<Utc>,
    ) -> Result<Issue, Refusal> {
        let old = admission.lineage;
        // Tokens have whole seconds, and a replay must find the very same start.
        let started_at = old.started_at.trunc_subsecs(0);
        let latest = self.policy.session_end(started_at);
        // The settings may allow more now than when the session began, and nothing may outlive the
        // row that it could be revoked by.
        let expires_at = session.map_or(latest, |session| session.expires_at.min(latest));
        let issued_at = self.policy.successor_time(admission.issued_at, now);
        if expires_at <= issued_at {
            return Err(Refusal::SessionExpired);
        }
        Ok(Issue {
            claims,
            expires_at,
            handle: None,
            issued_at,
            lineage: Lineage {
                generation: old.generation.saturating_add(1),
                started_at,
                ..old
            },
        })
    }

    /// The access token that replaces one with the claims `old`.
    ///
    /// Where those alone would make it too long, its holder is refused; where the users table does, that
    /// is for the operator to mend.
    pub(super) fn successor(&self, old: &ClaimSet, issue: &Issue) -> Result<Grant, NoSuccessor> {
        let sign = |dropped: &[String], overwritten| {
            let reissue = Reissue {
                dropped,
                overwritten,
                ..self.reissue(old, issue)
            };
            self.sign(reissue, issue)
        };
        let signed = sign(&self.dropped_claims, issue.claims.clone());
        if let Err(SignError::TooLong) = signed {
            // Neither what the table says nor what was there in its place.
            let of_table = issue.claims.iter().map(|(name, _)| name);
            let dropped: Vec<_> = self
                .dropped_claims
                .iter()
                .chain(of_table)
                .cloned()
                .collect();
            if let Err(SignError::TooLong) = sign(&dropped, Vec::new()) {
                return Err(Refusal::from(Unsupported::SuccessorTooLong).into());
            }
        }
        Ok(signed?)
    }

    /// The first tokens of a session.
    pub(super) fn first(&self, issue: &Issue) -> Result<Grant, SignError> {
        let template = self.template(issue);
        let reissue = Reissue {
            is_login: true,
            ..self.reissue(&template, issue)
        };
        let grant = self.sign(reissue, issue)?;
        Ok(match self.contract().renewal() {
            Renewal::None => grant,
            Renewal::Kept | Renewal::Rotated => self.with_refresh_token(grant, issue)?,
        })
    }

    /// The tokens that answer a refresh token.
    pub(super) fn next(&self, issue: &Issue) -> Result<Grant, SignError> {
        let grant = self.sign(self.reissue(&self.template(issue), issue), issue)?;
        Ok(match self.contract().renewal() {
            Renewal::None | Renewal::Kept => grant,
            Renewal::Rotated => self.with_refresh_token(grant, issue)?,
        })
    }

    /// The claims of a session about `user` that its caller may choose, the subject first.
    pub(super) fn session_claims(
        &self,
        user: &Subject,
        chosen: Vec<(String, JsonText)>,
    ) -> Result<ClaimSet, TakenClaim> {
        let (subject_claim, subject) = self.access_tokens.subject_claim(user);
        let is_taken = |name: &str| {
            name == subject_claim
                || RESERVED_CLAIMS.contains(&name)
                || JUDGED_CLAIMS.contains(&name)
        };
        if let Some((name, _)) = chosen.iter().find(|(name, _)| is_taken(name)) {
            return Err(TakenClaim(name.clone()));
        }
        let mut claims = ClaimSet::from_unique(vec![(subject_claim, subject)]);
        for (name, value) in chosen {
            claims.put(&name, value);
        }
        Ok(claims)
    }

    /// The claims of the session's next tokens: those so far, with what the users table says now.
    ///
    /// Dropped are only those so far, as in the main job: what is dropped of a legacy token may be a
    /// column's.
    ///
    /// The subject comes last: a column may be a claim that only another contract names users by,
    /// and whoever can write it would be somebody else from then on.
    pub(super) fn overwrite(
        &self,
        mut claims: ClaimSet,
        by_table: Vec<(String, JsonText)>,
        user: &Subject,
    ) -> ClaimSet {
        for name in &self.dropped_claims {
            claims.remove(name);
        }
        for (name, value) in by_table {
            claims.put(&name, value);
        }
        let (subject_claim, subject) = self.access_tokens.subject_claim(user);
        claims.put(&subject_claim, subject);
        claims
    }

    /// Whom the session is about, as its tokens write it.
    pub fn subject(&self, session: &Session) -> Subject {
        let claims = ClaimSet::from_unique(session.claims.clone());
        match self.access_tokens.subject(&claims) {
            // The claim may have been another one when the session began.
            Claim::Is(subject) if subject.user_key() == session.user_key => subject,
            Claim::Is(_) | Claim::Absent | Claim::Malformed => {
                Subject::Text(session.user_key.clone())
            }
        }
    }

    fn with_refresh_token(&self, grant: Grant, issue: &Issue) -> Result<Grant, SignError> {
        let lineage = &issue.lineage;
        let name = issue
            .handle
            .map_or(SessionName::Id(lineage.session), SessionName::Handle);
        let token = self
            .refresh_tokens
            .sign(self.contract(), name, lineage.generation)?;
        Ok(Grant {
            refresh_token: Some(token),
            ..grant
        })
    }

    /// The claims of an access token that replaces none.
    fn template(&self, issue: &Issue) -> ClaimSet {
        let mut claims = ClaimSet::from_unique(issue.claims.clone());
        // What the next look at the token demands.
        if let Some(issuer) = &self.policy.issuer {
            claims.put("iss", JsonText::string(issuer));
        }
        if let Some(audience) = self.policy.audience.first() {
            claims.put("aud", JsonText::string(audience));
        }
        if self.contract() == Contract::TokenPair {
            // Seed 002; overwritten as every time is.
            claims.put("nbf", JsonText::integer(0));
        }
        claims
    }

    fn reissue<'a>(&'a self, old: &'a ClaimSet, issue: &Issue) -> Reissue<'a> {
        Reissue {
            is_login: false,
            old,
            dropped: &[],
            overwritten: Vec::new(),
            lease: self.policy.lease(issue.expires_at, issue.issued_at),
            lineage: issue.lineage,
        }
    }

    fn sign(&self, reissue: Reissue<'_>, issue: &Issue) -> Result<Grant, SignError> {
        let expires_in = reissue.lease.seconds();
        let token_id = self.access_tokens.token_id(reissue.token_id_input());
        let access_token = self.access_tokens.sign(&reissue.claims(&token_id))?;
        Ok(Grant {
            access_token,
            expires_in,
            refresh_token: None,
            session_expires_in: (issue.expires_at - issue.issued_at).num_seconds(),
            exchange: Exchange::New,
        })
    }
}
