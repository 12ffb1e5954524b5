//! `remint session import`

mod format;
mod lines;
mod progress;
#[cfg(test)]
mod properties;
mod reading;
mod row;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::thread;

use clap::Args as ClapArgs;
use tokio::sync::mpsc;

use crate::app;
use crate::config::{Config, Purpose};
use crate::domain::{Clock, Contract, Renewal, SystemClock};
use crate::service::{Importer, SessionError, SessionImport};
use crate::store::SqlSessionStore;

use super::super::serve::Signals;
use super::super::settings::Settings;
use super::super::terminal::{Failure, Outcome, note, table};
use format::Format;
use progress::Progress;
use reading::{Chunk, ReadError, Reading};

/// What is said about the file below the options.
const ABOUT_FILE: &str = "\
The file is CSV with a header line, or has a JSON object on each line:
  user        whose it is: the key in the users table (in JSON a number stays one in new tokens)
  contract    cookie, envelope, oauth2, refresh_token or token_pair; or all of them by --contract
  token       the refresh token, exactly as the frontend sends it; or instead of it
  sha256      its SHA-256 in hexadecimal digits, so that the file holds no tokens
  expires_at  a time with its offset (2027-01-31T00:00:00Z), or the seconds since 1970
  issued_at   when it was issued, in the same way; if left out, now
  claims      a JSON object of what access tokens are to say beside; may be left out

Sessions that are there already stay as they are, whatever has become of them: so the same command
goes on where it stopped before, and adds what is new. Bad lines are named and left out, and then
the exit code is 1.";

#[derive(ClapArgs)]
#[command(after_help = ABOUT_FILE)]
pub(in crate::cli) struct Args {
    /// The file, or - for the standard input
    file: PathBuf,
    /// The contract of all lines; none may name another
    #[arg(long, value_name = "WORD", value_parser = contract)]
    contract: Option<Contract>,
    /// The format; if not said, the file's name or its first line tells
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Check every line and write nothing; the database is not even opened
    #[arg(long)]
    dry_run: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// A contract whose refresh tokens can be imported.
fn contract(word: &str) -> Result<Contract, &'static str> {
    Contract::of_word(word)
        .filter(|contract| contract.renewal() != Renewal::None)
        .ok_or("expected cookie, envelope, oauth2, refresh_token or token_pair")
}

/// How many chunks may wait for the database.
const CHUNKS_AHEAD: usize = 2;

/// Said where the import would be in vain.
const NOT_ACCEPTED: &str = "ACCEPT_IMPORTED_TOKENS is not true: the service would refuse every \
    imported token; set it here and for the service (--dry-run checks a file without it)";

pub(in crate::cli) async fn run(settings: &Settings, args: Args) -> Outcome {
    let config = settings.config(Purpose::Tokens)?;
    if !config.accepts_imported && !args.dry_run {
        return Err(NOT_ACCEPTED.into());
    }
    let importer = Importer {
        contracts: app::minters(&config)?.all(),
        elsewhere: app::elsewhere(&config),
        now: SystemClock.now(),
    };
    if let Some(contract) = args.contract {
        importer.minter(contract)?;
    }
    let source = Source::open(&args)?;
    let reading = Reading {
        importer,
        format: source.format,
        contract: args.contract,
    };
    let sessions = if args.dry_run {
        None
    } else {
        Some(open(&config).await?)
    };

    let mut totals = Totals::default();
    let mut progress = Progress::new(source.length);
    let ended = import(source.input, reading, sessions, &mut totals, &mut progress).await;
    progress.end();
    let line = totals.line;
    match ended {
        Err(cause) if line == 0 => return Err(cause.into()),
        Err(cause) => {
            totals.print(&args);
            let rest = "is done, and the same command goes on from there";
            return Err(format!("{cause}; everything up to line {line} {rest}").into());
        }
        Ok(()) => totals.print(&args),
    }
    if totals.bad > 0 {
        return Err(Failure::Said);
    }
    Ok(())
}

async fn open(config: &Config) -> Result<SqlSessionStore, Failure> {
    let database = app::open_own_database(config).await?;
    Ok(SqlSessionStore::new(
        database,
        config.database.query_deadline,
    ))
}

/// Where the lines come from.
struct Source {
    input: Box<dyn BufRead + Send>,
    format: Option<Format>,
    length: Option<u64>,
}

impl Source {
    fn open(args: &Args) -> Result<Self, Failure> {
        if args.file.as_os_str() == "-" {
            return Ok(Self {
                input: Box::new(BufReader::new(io::stdin())),
                format: args.format,
                length: None,
            });
        }
        let name = args.file.display();
        let file = File::open(&args.file).map_err(|error| format!("{name}: {error}"))?;
        let metadata = file.metadata()?;
        let is_open_to_others = metadata.permissions().mode() & 0o077 != 0;
        if metadata.is_file() && is_open_to_others {
            note(format!(
                "{name} holds credentials, and others may read it: chmod 600"
            ));
        }
        Ok(Self {
            input: Box::new(BufReader::new(file)),
            format: args.format.or_else(|| Format::of_name(&args.file)),
            length: metadata.is_file().then_some(metadata.len()),
        })
    }
}

/// Why an import ended before the end of its file.
#[derive(Debug, thiserror::Error)]
enum Stop {
    /// The file or its header.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A bug.
    #[error("the file could not be read")]
    Reader,
    /// The database.
    #[error("{0}{cause}", cause = cause(.0))]
    Sessions(#[from] SessionError),
    /// Somebody wants it.
    #[error("interrupted")]
    Signal,
}

/// What the database said, for whoever has to mend it.
fn cause(error: &SessionError) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(String::new, |source| format!(": {source}"))
}

/// Reads and writes at the same time.
async fn import(
    input: Box<dyn BufRead + Send>,
    reading: Reading,
    sessions: Option<SqlSessionStore>,
    totals: &mut Totals,
    progress: &mut Progress,
) -> Result<(), Stop> {
    let mut signals = Signals::new().map_err(ReadError::from)?;
    // A thread of its own: the runtime would wait for one of its own, and a terminal that nobody
    // types into never ends.
    let (sender, mut chunks) = mpsc::channel(CHUNKS_AHEAD);
    let reader = thread::spawn(move || {
        reading.read(input, |chunk| {
            let sent = sender.blocking_send(chunk);
            sent.map_err(|_| ReadError::Unwanted)
        })
    });
    loop {
        let chunk = tokio::select! {
            biased;
            () = signals.next() => return Err(Stop::Signal),
            chunk = chunks.recv() => chunk,
        };
        let Some(chunk) = chunk else {
            return Ok(reader.join().map_err(|_| Stop::Reader)??);
        };
        for (line, bad) in &chunk.bad {
            progress.note(format!("line {line}: {bad}"));
        }
        let new = match &sessions {
            Some(sessions) => sessions.begin_absent(&chunk.sessions).await?,
            None => chunk.sessions.len() as u64,
        };
        totals.add(&chunk, new);
        progress.advance(chunk.line, chunk.bytes);
    }
}

/// What an import came to.
#[derive(Default)]
struct Totals {
    imported: u64,
    present: u64,
    expired: u64,
    too_old: u64,
    undated: u64,
    bad: u64,
    /// The last line that is done.
    line: u64,
}

impl Totals {
    fn add(&mut self, chunk: &Chunk, new: u64) {
        self.imported += new;
        self.present += chunk.sessions.len() as u64 - new;
        self.expired += chunk.expired + chunk.too_old;
        self.too_old += chunk.too_old;
        self.undated += chunk.undated;
        self.bad += chunk.bad.len() as u64;
        self.line = chunk.line;
    }

    fn print(&self, args: &Args) {
        let counts = [self.imported, self.present, self.expired, self.bad];
        let header = if args.dry_run {
            ["Importable", "There already", "Expired already", "Bad"]
        } else {
            ["Imported", "There already", "Expired already", "Bad"]
        };
        table(&header, &[counts.to_vec()], args.json);
        if self.too_old > 0 {
            note(format!(
                "{} of the expired ones began more than SESSION_MAX_MINUTES ago",
                self.too_old
            ));
        }
        if self.undated > 0 {
            note(format!(
                "{} without issued_at count as issued now: a logout or a change of password \
                 before now does not end them",
                self.undated
            ));
        }
    }
}
