//! What a refresh token names.

use chrono::{DateTime, Utc};

use crate::domain::{Session, SessionName, Standing, Unverified};

use super::{LegacyText, LegacyToken, Renewer, SessionError, Trail};

/// What the log calls the key of a token that the legacy backend made.
pub const IMPORTED: &str = "imported";

/// What a request presents.
pub(super) struct Candidate {
    pub(super) name: SessionName,
    pub(super) generation: u64,
    pub(super) key: String,
    /// Why it is no token of ours; it may have been imported.
    pub(super) foreign: Option<Unverified>,
}

/// What a genuine refresh token names.
pub(super) struct Found {
    pub(super) generation: u64,
    pub(super) session: Session,
    pub(super) standing: Standing,
}

impl Renewer {
    /// The session that a genuine refresh token names, and what is known about its user.
    pub(super) async fn find(
        &self,
        refresh_token: &str,
        now: DateTime<Utc>,
        trail: &mut Trail,
    ) -> Result<Option<Found>, SessionError> {
        let Ok(candidate) = self.candidate(refresh_token, now) else {
            return Ok(None);
        };
        let standing = self.sessions.locate(candidate.name).await?;
        let Some(session) = standing.session.clone() else {
            return Ok(None);
        };
        self.note(&candidate, &session, trail);
        Ok(Some(Found {
            generation: candidate.generation,
            session,
            standing,
        }))
    }

    pub(super) fn note(&self, candidate: &Candidate, session: &Session, trail: &mut Trail) {
        trail.key = Some(candidate.key.clone());
        trail.session = Some(session.id);
        trail.note_subject(&self.minter.subject(session));
    }

    /// What `token` names, if it is genuine or may have been imported.
    pub(super) fn candidate(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Candidate, Unverified> {
        let contract = self.minter.contract();
        match self.minter.refresh_tokens.verify(contract, token) {
            Ok(presented) if presented.key.valid_until.is_some_and(|end| now >= end) => {
                Err(Unverified::RetiredKey)
            }
            Ok(presented) => Ok(Candidate {
                name: presented.session,
                generation: presented.generation,
                key: presented.key.label,
                foreign: None,
            }),
            Err(Unverified::TooLong) => Err(Unverified::TooLong),
            Err(foreign) if self.accepts_imported => {
                let token = LegacyToken::Text(LegacyText(token));
                let id = self.minter.refresh_tokens.imported(contract, &token);
                Ok(Candidate {
                    name: SessionName::Id(id),
                    generation: 0,
                    key: IMPORTED.to_owned(),
                    foreign: Some(foreign),
                })
            }
            Err(foreign) => Err(foreign),
        }
    }
}
