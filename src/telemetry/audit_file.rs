//! The file of the audit stream.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{Access, AtFlags, CWD, OFlags, accessat, fcntl_setfl};
use tracing::{error, warn};

/// A file that lines are appended to, one write each.
///
/// What it cannot take is lost, which the log says once, and again when it is over: a full disk
/// ends no session and keeps nobody waiting. One that hangs does: when as many lines wait for it as
/// [`super::init`] lets wait, whoever has the next one waits with them.
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
            file: open(path)?,
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
        let file = open(&self.0.path)?;
        let mut state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.file = file;
        state.is_torn = false;
        Ok(())
    }

    /// Whether the file could be opened, or made where there is none; makes none and changes nothing.
    pub fn try_out(path: &Path) -> Result<(), NotOpened> {
        let outcome = match append_to(path, false) {
            Err(error) if error.kind() == ErrorKind::NotFound => may_make(path),
            outcome => outcome.map(drop),
        };
        outcome.map_err(|source| not_opened(path, source))
    }
}

fn open(path: &Path) -> Result<File, NotOpened> {
    append_to(path, true).map_err(|source| not_opened(path, source))
}

fn not_opened(path: &Path, source: io::Error) -> NotOpened {
    NotOpened {
        path: path.to_owned(),
        source,
    }
}

/// Waits for nobody: a pipe without a reader would have it wait for ever.
fn append_to(path: &Path, makes_it: bool) -> io::Result<File> {
    if fs::metadata(path).is_ok_and(|there| !takes_lines(&there)) {
        let what = "it is no file, but a pipe, a socket or a disk";
        return Err(io::Error::other(what));
    }
    let mut options = OpenOptions::new();
    options.append(true).create(makes_it).mode(0o600);
    let unblocked = OFlags::NONBLOCK.bits().cast_signed();
    let file = options.custom_flags(unblocked).open(path)?;
    // The lines themselves may wait, so that a terminal that is stopped loses none.
    fcntl_setfl(&file, OFlags::APPEND)?;
    Ok(file)
}

/// Whether lines can be left in it. A folder is refused by whoever opens it.
fn takes_lines(there: &Metadata) -> bool {
    let kind = there.file_type();
    kind.is_file() || kind.is_dir() || kind.is_char_device() || is_own_output(there)
}

/// Whether it is what this process writes to anyway, in a container mostly a pipe.
fn is_own_output(there: &Metadata) -> bool {
    let own = ["/dev/stdout", "/dev/stderr"].map(fs::metadata);
    let mut own = own.iter().flatten();
    there.file_type().is_fifo()
        && own.any(|own| (own.dev(), own.ino()) == (there.dev(), there.ino()))
}

/// Whether a file could be made there, which a link may have elsewhere.
fn may_make(path: &Path) -> io::Result<()> {
    let mut path = path.to_owned();
    while let Ok(target) = fs::read_link(&path) {
        path = folder(&path).join(target);
    }
    let access = Access::WRITE_OK | Access::EXEC_OK;
    Ok(accessat(CWD, folder(&path), access, AtFlags::EACCESS)?)
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
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
