//! The file of the audit stream.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::{error, warn};

/// A file that lines are appended to, one write each.
///
/// What it cannot take is lost, which the log says once, and again when it is over: a full disk
/// ends no session and keeps nobody waiting.
#[derive(Clone)]
pub struct AuditFile(Arc<Shared>);

struct Shared {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    file: File,
    /// How many lines were lost since the last one that was written.
    lost: u64,
    /// Whether the last one broke off.
    is_torn: bool,
}

/// The file could not be opened for appending.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be opened: {source}", path.display())]
pub struct NotOpened {
    path: PathBuf,
    source: io::Error,
}

impl AuditFile {
    /// Opens the file, or makes it for nobody else to read.
    pub fn open(path: &Path) -> Result<Self, NotOpened> {
        let state = State {
            file: append_to(path)?,
            lost: 0,
            is_torn: false,
        };
        Ok(Self(Arc::new(Shared {
            path: path.to_owned(),
            state: Mutex::new(state),
        })))
    }

    /// From now on lines go into the file that has the name now; into the one before if there is
    /// none and none can be made.
    pub fn reopen(&self) -> Result<(), NotOpened> {
        let file = append_to(&self.0.path)?;
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.file = file;
        state.is_torn = false;
        Ok(())
    }

    /// Whether the file could be opened; leaves none behind where there is none.
    pub fn try_out(path: &Path) -> Result<(), NotOpened> {
        let is_new = !path.exists();
        drop(append_to(path)?);
        if is_new {
            std::fs::remove_file(path).map_err(|source| NotOpened {
                path: path.to_owned(),
                source,
            })?;
        }
        Ok(())
    }
}

fn append_to(path: &Path) -> Result<File, NotOpened> {
    let mut options = OpenOptions::new();
    let opened = options.append(true).create(true).mode(0o600).open(path);
    opened.map_err(|source| NotOpened {
        path: path.to_owned(),
        source,
    })
}

impl State {
    /// Writes a line; how many were lost before it.
    fn append(&mut self, line: &[u8]) -> io::Result<u64> {
        if self.is_torn {
            self.write_whole(b"\n")?;
        }
        self.write_whole(line)?;
        Ok(std::mem::take(&mut self.lost))
    }

    fn write_whole(&mut self, line: &[u8]) -> io::Result<()> {
        let mut rest = line;
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    self.is_torn = !rest.is_empty();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Write for AuditFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = state.append(line);
        if outcome.is_err() {
            state.lost += 1;
        }
        let is_first = state.lost == 1;
        drop(state);
        match outcome {
            Ok(0) => {}
            Ok(lost) => warn!(lost, "the audit log is written again (AUDIT_LOG_FILE)"),
            Err(error) if is_first => error!(
                %error,
                "the audit log cannot be written; its lines are lost until it can (AUDIT_LOG_FILE)"
            ),
            Err(_) => {}
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
