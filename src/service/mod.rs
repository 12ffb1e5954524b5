//! The use cases, and the ports through which they reach the world.

mod access_tokens;
mod attempt;
mod candidate;
mod causes;
mod change_mark;
mod cleanup;
mod cut_off;
mod delegate;
mod explain;
mod flights;
mod import;
mod introspect;
mod logout;
mod mint;
mod ports;
mod refresh;
mod renew;
mod revoke;
mod single_use;
mod start;
mod verify;

pub use access_tokens::AccessTokens;
pub use attempt::{Attempt, RefreshError, Trail};
pub use candidate::IMPORTED;
pub use causes::Causes;
pub use change_mark::{Marked, begin_change, has_begun_change, marked};
pub use cleanup::{Cleaner, Over, Place, Swept};
pub use delegate::{Delegate, Delegation, DelegationError, UserCheck};
pub use explain::{
    ExplainError, Explainer, Explanation, Finding, OwnRecords, Records, RecordsError, TokenKind,
};
pub use flights::Flights;
pub use import::{Adoption, Importer, LegacySession, NotAdopted};
pub use introspect::{Active, Introspector};
pub use logout::{LogoutError, Logouter};
pub use mint::{Exchange, Grant, Minter, TakenClaim};
pub use ports::{
    Change, DirectoryError, Holder, Holders, IdentityProvider, LegacyText, LegacyToken, Presented,
    ProviderError, ProviderGrant, ProviderLogin, RateLimiter, RefreshTokenCodec, Rotation,
    SessionError, SessionImport, SessionStore, SignError, Throttled, TokenCodec, UserDirectory,
};
pub use refresh::{RefreshMode, Refresher};
pub use renew::Renewer;
pub use revoke::{CutOffError, Revoker};
pub use start::{Login, StartError, Started, Starter};
pub use verify::{Verifier, VerifyError};
