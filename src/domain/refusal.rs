//! Why a credential was not exchanged. One vocabulary for every contract.

/// What was wrong before the signature was known to be good.
///
/// Callers see one and the same answer for all of these; only the audit log tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// `alg` is not the configured one, byte for byte.
    #[error("the algorithm is not the configured one")]
    Algorithm,
    /// The header carries `crit`, `b64`, `zip` or `enc` (RFC 7515 §4.1.11).
    #[error("the header asks for an extension")]
    Extension,
    /// Not three canonical base64url parts with a strict JSON header.
    #[error("not a JWT in compact form")]
    Format,
    /// Whoever gave it out does not know it, or not any more.
    #[error("the identity provider refuses it")]
    Provider,
    /// A refresh token of another form than those that this service makes.
    #[error("not a refresh token of this service")]
    RefreshTokenFormat,
    /// The key that verified it has passed its end date.
    #[error("the key has passed its end date")]
    RetiredKey,
    /// The signature does not fit.
    #[error("the signature does not fit any key")]
    Signature,
    /// Longer than the cap.
    #[error("the token is too long")]
    TooLong,
    /// `kid` names no key of the ring.
    #[error("no key has that kid")]
    UnknownKey,
}

/// What a genuine token lacks, or has too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// `aud` is missing, malformed, not ours, or there while none is configured.
    #[error("the token is for another audience")]
    Audience,
    /// The payload is not a JSON object with unique names.
    #[error("the claims are not a strict JSON object")]
    Claims,
    /// `exp` is there but not a representable number.
    #[error("the expiry is not a number")]
    ExpiryMalformed,
    /// There is no `exp`.
    #[error("the token has no expiry")]
    ExpiryMissing,
    /// `iat`, `auth_time`, `orig_iat` or `remint.start` is malformed.
    #[error("a time of issue is not a number")]
    IssueTimeMalformed,
    /// The token was issued in the future.
    #[error("the token was issued in the future")]
    IssuedInFuture,
    /// `iss` is missing, malformed or not ours.
    #[error("the token is from another issuer")]
    Issuer,
    /// A refresh, identity, reset or other token that is not an access token.
    #[error("the token is of another kind")]
    Kind,
    /// The claim `remint` is not as this service writes it.
    #[error("the session claim is malformed")]
    Lineage,
    /// `nbf` is there but not a representable number.
    #[error("the time from which the token is valid is not a number")]
    NotBeforeMalformed,
    /// `nbf` lies in the future.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `cnf`: only the holder of another key may use it (RFC 7800).
    #[error("the token is bound to a key")]
    SenderConstrained,
    /// The subject is empty, too long, or of a type that the users' key column does not have.
    #[error("the subject cannot be a user's key")]
    SubjectMalformed,
    /// There is no subject.
    #[error("the token has no subject")]
    SubjectMissing,
    /// What it says leaves a new token no room for what that says more.
    #[error("the new token would be longer than 8 KiB")]
    SuccessorTooLong,
    /// There is no `iat`, and the token lives longer than the backend's are said to.
    #[error("the token does not say when it was issued, and expires too late to count it back")]
    Undated,
}

/// Why the rules say no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// As old as a cut-off of the user, or older.
    #[error("the session was revoked: it is not younger than the user's cut-off")]
    CutOff,
    /// The token has expired, where a live one is asked for.
    #[error("the token has expired")]
    Expired,
    /// Expired longer ago than the refresh window.
    #[error("the token expired too long ago")]
    RefreshWindowOver,
    /// The session is older than it may become.
    #[error("the session has reached its maximum age")]
    SessionExpired,
    /// Logged out or revoked.
    #[error("the session was revoked")]
    SessionRevoked,
    /// An access and a refresh token that do not belong to one session and user.
    #[error("the two tokens are not of one session")]
    TokenMismatch,
    /// Already exchanged, and the grace is over: the session is revoked.
    #[error("the token was exchanged before")]
    TokenReused,
    /// Genuine, but not something this service re-issues.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// Not known to be genuine.
    #[error(transparent)]
    Unverified(#[from] Unverified),
    /// The directory says that the user may not.
    #[error("the user is not active")]
    UserInactive,
    /// The directory does not know the user.
    #[error("the user does not exist")]
    UserNotFound,
}

impl Unverified {
    /// The word that counters have for it.
    fn word(self) -> &'static str {
        match self {
            Self::Algorithm => "algorithm",
            Self::Extension => "extension",
            Self::Format => "format",
            Self::Provider => "provider",
            Self::RefreshTokenFormat => "refresh_token_format",
            Self::RetiredKey => "retired_key",
            Self::Signature => "signature",
            Self::TooLong => "too_long",
            Self::UnknownKey => "unknown_key",
        }
    }
}

impl Unsupported {
    /// The word that counters have for it.
    fn word(self) -> &'static str {
        match self {
            Self::Audience => "audience",
            Self::Claims => "claims",
            Self::ExpiryMalformed => "expiry_malformed",
            Self::ExpiryMissing => "expiry_missing",
            Self::IssueTimeMalformed => "issue_time_malformed",
            Self::IssuedInFuture => "issued_in_future",
            Self::Issuer => "issuer",
            Self::Kind => "kind",
            Self::Lineage => "lineage",
            Self::NotBeforeMalformed => "not_before_malformed",
            Self::NotYetValid => "not_yet_valid",
            Self::SenderConstrained => "sender_constrained",
            Self::SubjectMalformed => "subject_malformed",
            Self::SubjectMissing => "subject_missing",
            Self::SuccessorTooLong => "successor_too_long",
            Self::Undated => "undated",
        }
    }
}

impl Refusal {
    /// The word that counters have for it: one of a closed set, and no two are the same.
    pub fn word(self) -> &'static str {
        match self {
            Self::CutOff => "cut_off",
            Self::Expired => "expired",
            Self::RefreshWindowOver => "refresh_window_over",
            Self::SessionExpired => "session_expired",
            Self::SessionRevoked => "session_revoked",
            Self::TokenMismatch => "token_mismatch",
            Self::TokenReused => "token_reused",
            Self::Unsupported(unsupported) => unsupported.word(),
            Self::Unverified(unverified) => unverified.word(),
            Self::UserInactive => "user_inactive",
            Self::UserNotFound => "user_not_found",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every reason; a new one fails to compile in [`Refusal::word`], not here.
    fn all() -> Vec<Refusal> {
        let unverified = [
            Unverified::Algorithm,
            Unverified::Extension,
            Unverified::Format,
            Unverified::Provider,
            Unverified::RefreshTokenFormat,
            Unverified::RetiredKey,
            Unverified::Signature,
            Unverified::TooLong,
            Unverified::UnknownKey,
        ];
        let unsupported = [
            Unsupported::Audience,
            Unsupported::Claims,
            Unsupported::ExpiryMalformed,
            Unsupported::ExpiryMissing,
            Unsupported::IssueTimeMalformed,
            Unsupported::IssuedInFuture,
            Unsupported::Issuer,
            Unsupported::Kind,
            Unsupported::Lineage,
            Unsupported::NotBeforeMalformed,
            Unsupported::NotYetValid,
            Unsupported::SenderConstrained,
            Unsupported::SubjectMalformed,
            Unsupported::SubjectMissing,
            Unsupported::SuccessorTooLong,
            Unsupported::Undated,
        ];
        let mut all = vec![
            Refusal::CutOff,
            Refusal::Expired,
            Refusal::RefreshWindowOver,
            Refusal::SessionExpired,
            Refusal::SessionRevoked,
            Refusal::TokenMismatch,
            Refusal::TokenReused,
            Refusal::UserInactive,
            Refusal::UserNotFound,
        ];
        all.extend(unverified.map(Refusal::from));
        all.extend(unsupported.map(Refusal::from));
        all
    }

    #[test]
    fn no_two_reasons_have_one_word() {
        let words: BTreeSet<_> = all().into_iter().map(Refusal::word).collect();

        assert_eq!(words.len(), all().len());
        let is_plain = |word: &str| {
            word.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        assert!(words.into_iter().all(is_plain));
    }
}
