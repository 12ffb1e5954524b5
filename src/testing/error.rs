//! What can go wrong before there is an answer.

use crate::app::BuildError;
use crate::config::ConfigError;
use crate::service::{CutOffError, StartError};
use crate::store::{ConnectError, OwnUsersError};

/// Why something could not be set up or asked. A refusal by the service is an
/// [`Answer`](super::Answer), not an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// The service could not be put together.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The settings contradict each other, or cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database of the statements is out of reach.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// No cut-off was set.
    #[error(transparent)]
    CutOff(#[from] CutOffError),
    /// The temporary folder, the port or the thread of the service could not be had.
    #[error("the machine does not let the service start: {0}")]
    Machine(#[from] std::io::Error),
    /// There is no admin listener.
    #[error("there is no admin listener; the builder's `admin` starts one")]
    NoAdmin,
    /// The listener is none that a URL leads to.
    #[error("LISTEN_ADDR and ADMIN_LISTEN_ADDR: expected an address and a port")]
    NoPort,
    /// The request could not be sent, or its answer not be read.
    #[error("no answer to {request}: {source}")]
    Request {
        /// The method and the path.
        request: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No session was started.
    #[error(transparent)]
    Session(#[from] StartError),
    /// A statement could not be carried out.
    #[error("the statement failed: {0}")]
    Statement(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The service is gone, with the thread that it ran in.
    #[error("the service has stopped")]
    Stopped,
    /// There is no setting of that name.
    #[error("{name}: no such setting; {advice}")]
    UnknownSetting {
        /// The name.
        name: String,
        /// What may have been meant.
        advice: String,
    },
    /// A user could not be added or changed.
    #[error(transparent)]
    User(#[from] OwnUsersError),
}

/// What comes of an attempt to set something up or to ask.
pub type Result<T, E = TestError> = std::result::Result<T, E>;
