//! The use cases, and the ports through which they reach the world.

mod cleanup;
mod logout;
mod ports;
mod refresh;
mod revoke;
mod single_use;
mod verify;

pub use cleanup::Cleaner;
pub use logout::Logouter;
pub use ports::{
    Change, DirectoryError, Ended, Rotation, SessionError, SessionStore, SignError, TokenCodec,
    UserDirectory,
};
pub use refresh::{Attempt, Grant, RefreshError, RefreshMode, Refresher, Trail};
pub use revoke::Revoker;
pub use verify::{Verifier, VerifyError};
