//! The claims of the token that replaces another.

use uuid::Uuid;

use super::{ClaimSet, Contract, JsonText, Lease, Lineage, SessionId};

/// The private claim that says where a token stands in its session.
pub const REMINT_CLAIM: &str = "remint";

/// The claims that every exchange writes anew, so that no setting may touch them.
pub const RESERVED_CLAIMS: [&str; 5] = ["exp", "iat", "jti", "nbf", REMINT_CLAIM];

/// The claims that the next exchange judges a token by: a setting that wrote them could make new
/// tokens that are never exchanged again.
pub const JUDGED_CLAIMS: [&str; 9] = [
    "aud",
    "auth_time",
    "cnf",
    "iss",
    "orig_iat",
    "token_type",
    "token_use",
    "typ",
    "type",
];

/// What a new token is made from: an exchange that was granted, or a login.
#[derive(Debug)]
pub struct Reissue<'a> {
    /// Whether the user has just logged in, so that it replaces none.
    pub is_login: bool,
    /// The claims of the old token, or those that a first one is given.
    pub old: &'a ClaimSet,
    /// Claims to leave out.
    pub dropped: &'a [String],
    /// Claims that the users table overwrites.
    pub overwritten: Vec<(String, JsonText)>,
    /// From when to when the new token lives.
    pub lease: Lease,
    /// Where the *new* token stands in its session.
    pub lineage: Lineage,
}

impl Reissue<'_> {
    /// Every other claim of the old token, in order and unchanged, with the new token's own; but
    /// `fresh: true` becomes `false` where there was no login.
    ///
    /// `jti` is given by the caller, who can hash; see [`Self::token_id_input`].
    pub fn claims(self, token_id: &str) -> ClaimSet {
        let issued_at = JsonText::integer(self.lease.issued_at.timestamp());
        let mut claims = self.old.clone();
        for name in self.dropped {
            claims.remove(name);
        }
        for (name, value) in self.overwritten {
            claims.put(&name, value);
        }

        // Flask-JWT-Extended: a token is fresh only if it came from a login with a password.
        let fresh = claims.find("fresh");
        if !self.is_login && fresh.is_some_and(|fresh| fresh.as_str() == "true") {
            claims.put("fresh", JsonText::from_valid("false"));
        }
        if claims.contains("nbf") {
            claims.put("nbf", issued_at.clone());
        }
        claims.put("iat", issued_at);
        claims.put("exp", JsonText::integer(self.lease.expires_at.timestamp()));
        claims.put("jti", JsonText::plain_string(token_id));
        claims.put(REMINT_CLAIM, lineage_text(&self.lineage));
        claims
    }

    /// What the token's `jti` is derived from.
    ///
    /// The time of issue is part of it, because a stateless exchange may give the same
    /// generation out again, and a `jti` names one token only (RFC 7519 §4.1.7). A replay has
    /// the same time of issue, so it stays the same token.
    pub fn token_id_input(&self) -> (SessionId, u64, i64) {
        (
            self.lineage.session,
            self.lineage.generation,
            self.lease.issued_at.timestamp(),
        )
    }
}

fn lineage_text(lineage: &Lineage) -> JsonText {
    let Lineage {
        contract,
        session,
        generation,
        started_at,
    } = lineage;
    let (generation, start) = (generation.to_string(), started_at.timestamp().to_string());
    // Without it, whoever holds an access token of another contract could refresh it for ever.
    let contract = if *contract == Contract::ExpiredToken {
        String::new()
    } else {
        format!(r#","contract":"{}""#, contract.word())
    };
    let mut buffer = Uuid::encode_buffer();
    let session = session.0.hyphenated().encode_lower(&mut buffer);
    let parts = [
        r#"{"sid":""#,
        session,
        r#"","gen":"#,
        &generation,
        r#","start":"#,
        &start,
        &contract,
        "}",
    ];
    JsonText::from_valid(parts.concat())
}
