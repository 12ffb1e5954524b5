//! The command line.

mod completions;
mod demo;
mod doctor;
mod explain;
mod health;
mod man;
mod migrate;
mod openapi;
mod reload;
mod serve;
mod session;
mod settings;
mod smoke;
mod terminal;
mod token;
mod user;

use std::collections::BTreeMap;
use std::io;
use std::num::NonZero;
use std::process::ExitCode;
use std::thread::available_parallelism;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use terminal::Failure;

/// Re-signs expired JWTs: safe token refresh for legacy backends and their frontends.
///
/// Settings come from the environment and from the file .env of the current folder, or of the
/// nearest one above; .env.example lists them all. To see it work without setting anything:
/// remint demo
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer requests until told to stop
    Serve,
    /// Show one refresh over real HTTP with sample users and a random secret, then go on serving
    Demo(demo::Args),
    /// Make, remove or list remint's own tables; serve makes them by itself
    #[command(subcommand)]
    Migrate(migrate::Action),
    /// Check settings, secrets, users table, index and clock, and say how to mend them
    Doctor(doctor::Args),
    /// Show what every check says about a token, a refresh token too; changes and issues nothing
    Explain(explain::Args),
    /// Start, import, list, show or revoke sessions
    #[command(subcommand)]
    Session(session::Action),
    /// Print a token for tests, signed with the configured key
    Token(token::Args),
    /// Add, list, activate or deactivate users of the table that remint itself made
    #[command(subcommand)]
    User(user::Action),
    /// Print the OpenAPI document
    Openapi(openapi::Args),
    /// Walk a running service through the main job and its refusals; the exit code tells
    Smoke(smoke::Args),
    /// Ask a running service whether it can serve, for health checks; the exit code tells
    Health(health::Args),
    /// Print the completions of a shell
    Completions(completions::Args),
    /// Print the man page, or write those of all commands
    Man(man::Args),
}

/// How long what still runs when a command ends may take.
const LAST_WORK: Duration = Duration::from_secs(1);

/// What does the work: a thread for each processor. Where there is one, that is this thread, and no time goes to
/// sharing the work with others.
fn runtime(processors: usize) -> io::Result<Runtime> {
    let mut builder = if processors == 1 {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    builder.enable_all().build()
}

/// Runs the command line of this process with `environment`; the exit code is its verdict.
pub fn run(environment: BTreeMap<String, String>) -> ExitCode {
    let command = Cli::parse().command;
    let settings = settings::Settings::new(environment);
    let processors = available_parallelism().map_or(1, NonZero::get);
    let runtime = match runtime(processors) {
        Ok(runtime) => runtime,
        Err(error) => return terminal::fail(&format!("the runtime could not start: {error}")),
    };
    let outcome = runtime.block_on(async {
        match command {
            Command::Serve => serve::run(&settings).await,
            Command::Demo(args) => demo::run(&settings, args).await,
            Command::Migrate(action) => migrate::run(&settings, action).await,
            Command::Doctor(args) => doctor::run(&settings, args).await,
            Command::Explain(args) => explain::run(&settings, args).await,
            Command::Session(action) => session::run(&settings, action).await,
            Command::Token(args) => token::run(&settings, &args),
            Command::User(action) => user::run(&settings, action).await,
            Command::Openapi(args) => openapi::run(args).await,
            Command::Smoke(args) => smoke::run(&settings, args).await,
            Command::Health(args) => health::run(&settings, args).await,
            Command::Completions(args) => completions::run(&args),
            Command::Man(args) => man::run(args),
        }
    });
    // A host's name that is being looked up cannot be given up, only left behind.
    runtime.shutdown_timeout(LAST_WORK);
    match outcome.and_then(|()| terminal::all_said()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Said) => ExitCode::FAILURE,
        Err(Failure::Error(error)) => terminal::fail(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::RuntimeFlavor;

    use super::*;

    #[test]
    fn work_is_shared_where_there_are_processors_to_share_it() {
        let flavor = |processors| runtime(processors).unwrap().handle().runtime_flavor();

        assert_eq!(flavor(1), RuntimeFlavor::CurrentThread);
        assert_eq!(flavor(2), RuntimeFlavor::MultiThread);
    }
}
