//! The use cases, and the ports through which they reach the world.

mod ports;
mod refresh;
mod verify;

pub use ports::{DirectoryError, SignError, TokenCodec, UserDirectory};
pub use refresh::{Attempt, Grant, RefreshError, Refresher, Trail};
pub use verify::{Verifier, VerifyError};
