//! The rules and the words of refreshing: pure, no I/O, time as an argument.

mod claims;
mod client_network;
mod clock;
mod contract;
mod policy;
#[cfg(test)]
mod policy_properties;
mod refusal;
mod rules;
mod session;
mod successor;
mod user;

pub use claims::{
    Claim, ClaimSet, JsonText, KeyTrust, Lineage, MAX_SUBJECT_BYTES, SessionId, Subject,
    VerifiedToken,
};
pub use client_network::{ClientAddress, ClientNetwork};
pub use clock::{Clock, IdSource, ManualClock, RandomIds, SystemClock};
pub use contract::{Contract, Handle, Renewal, idle_end};
pub use policy::{Admission, Lease, TokenPolicy};
pub use refusal::{Refusal, Unsupported, Unverified};
pub use rules::{Check, Verdict};
pub use session::{Revocation, Session, SessionName, SessionState, Standing, Step, decide};
pub use successor::{JUDGED_CLAIMS, REMINT_CLAIM, RESERVED_CLAIMS, Reissue};
pub use user::{Lookup, User};
