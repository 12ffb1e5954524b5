//! Where connections come from: an address and a port, or a Unix socket.

use std::fmt;
use std::fs::{self, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use poem::Addr;
use poem::web::{LocalAddr, RemoteAddr};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixSocket, UnixStream};
use tokio_util::either::Either;
use tracing::debug;

use super::tls::Tls;

/// How many connections the kernel keeps until they are accepted; as for TCP.
const BACKLOG: u32 = 1024;

/// What an address of a Unix socket begins with, as at nginx.
const UNIX: &str = "unix:";

/// The most bytes of a Unix socket's path, on all systems.
const MAX_PATH_BYTES: usize = 103;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// At an address and a port.
    Tcp(SocketAddr),
    /// At a file.
    Unix(PathBuf),
}

/// A text is no [`ListenAddress`].
#[derive(Debug, thiserror::Error)]
pub enum NotAListenAddress {
    /// There is no path, or one that no socket can have.
    #[error("the path of a Unix socket has 1 to {MAX_PATH_BYTES} bytes")]
    Path,
    /// It is something else.
    #[error("expected an address and a port, or a Unix socket")]
    Unknown,
}

impl FromStr for ListenAddress {
    type Err = NotAListenAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix(UNIX) {
            Some(path) if (1..=MAX_PATH_BYTES).contains(&path.len()) => Ok(Self::Unix(path.into())),
            Some(_) => Err(NotAListenAddress::Path),
            None => text
                .parse()
                .map(Self::Tcp)
                .map_err(|_| NotAListenAddress::Unknown),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

impl ListenAddress {
    /// Whether it is another place each time that it is listened at.
    pub fn is_any_port(&self) -> bool {
        matches!(self, Self::Tcp(address) if address.port() == 0)
    }

    /// Whether nobody of another machine can come there.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

/// Accepts connections.
pub struct Listener {
    socket: Socket,
    pub(super) tls: Option<Tls>,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

/// A connection, by either way.
pub(super) type Stream = Either<TcpStream, UnixStream>;

/// A connection, and whose it is.
pub(super) struct Accepted {
    pub(super) stream: Stream,
    pub(super) local: LocalAddr,
    pub(super) remote: RemoteAddr,
}

impl Listener {
    /// Listens at `address`, where a Unix socket gets `mode`.
    ///
    /// With `tls` it speaks HTTPS; a Unix socket, which nobody on a way can listen to, does not.
    pub async fn bind(address: &ListenAddress, mode: u32, tls: Option<&Tls>) -> io::Result<Self> {
        Ok(match address {
            ListenAddress::Tcp(address) => Self {
                socket: Socket::Tcp(TcpListener::bind(address).await?),
                tls: tls.cloned(),
            },
            ListenAddress::Unix(path) => Self {
                socket: bind_unix(path, mode).await?,
                tls: None,
            },
        })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<ListenAddress> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().map(ListenAddress::Tcp),
            Socket::Unix(_, file) => Ok(ListenAddress::Unix(file.path.clone())),
        }
    }

    /// The start of the URL of what is there; empty where no URL leads there.
    pub fn url(&self) -> io::Result<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Ok(match self.address()? {
            ListenAddress::Tcp(address) => format!("{scheme}://{address}"),
            ListenAddress::Unix(_) => String::new(),
        })
    }

    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        let (stream, local, remote) = match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Small answers must not wait for the client's acknowledgement of earlier ones.
                if let Err(error) = stream.set_nodelay(true) {
                    debug!(%error, "TCP_NODELAY could not be set");
                }
                let local = stream.local_addr().unwrap_or(peer);
                (Either::Left(stream), local.into(), peer.into())
            }
            Socket::Unix(listener, _) => {
                let (stream, peer) = listener.accept().await?;
                let peer = Addr::from(peer);
                (Either::Right(stream), peer.clone(), peer)
            }
        };
        Ok(Accepted {
            stream,
            local: LocalAddr(local),
            remote: RemoteAddr(remote),
        })
    }
}

async fn bind_unix(path: &Path, mode: u32) -> io::Result<Socket> {
    remove_stale(path).await?;
    let socket = UnixSocket::new_stream()?;
    socket.bind(path)?;
    let file = SocketFile::of(path)?;
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    // Only now can anybody connect, so nobody can whom the mode keeps out.
    let listener = socket.listen(BACKLOG)?;
    // Before that, somebody who starts at the same time takes it for one that a dead process left.
    if identity(&fs::symlink_metadata(path)?) != file.identity {
        let what = "another process that starts has taken it";
        return Err(io::Error::new(ErrorKind::AddrInUse, what));
    }
    Ok(Socket::Unix(listener, file))
}

/// Removes what a process has left that was killed; nothing else.
async fn remove_stale(path: &Path) -> io::Result<()> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !found.file_type().is_socket() {
        let what = "there is a file of that name, which is no socket";
        return Err(io::Error::new(ErrorKind::AlreadyExists, what));
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
        Ok(_) => {
            let what = "another process listens on it";
            Err(io::Error::new(ErrorKind::AddrInUse, what))
        }
    }
}

/// The file of a socket, which goes with it; unless somebody has put another in its place.
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            identity: identity(&fs::symlink_metadata(path)?),
        })
    }
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let found = fs::symlink_metadata(&self.path);
        if found.is_ok_and(|found| identity(&found) == self.identity)
            && let Err(error) = fs::remove_file(&self.path)
        {
            debug!(%error, "the Unix socket could not be removed");
        }
    }
}
