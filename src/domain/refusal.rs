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
    /// `nbf` is malformed or lies in the future.
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
    /// There is no `iat`, and the token lives longer than the backend's are said to.
    #[error("the token does not say when it was issued, and expires too late to count it back")]
    Undated,
}

/// Why the rules say no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The token has expired, where a live one is asked for.
    #[error("the token has expired")]
    Expired,
    /// Expired longer ago than the refresh window.
    #[error("the token expired too long ago")]
    RefreshWindowOver,
    /// The session is older than it may become.
    #[error("the session has reached its maximum age")]
    SessionExpired,
    /// Logged out, revoked, or older than the user's cut-off.
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
