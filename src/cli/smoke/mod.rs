//! `remint smoke`: a test script for the main job.

mod client;
mod steps;

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::config::{Config, Purpose};

use super::settings::Settings;
use super::terminal::{Failure, Outcome, note, say, table};
use client::Client;
use steps::{Request, Step};

#[derive(ClapArgs)]
pub(super) struct Args {
    /// Where the service runs: scheme, host and port
    #[arg(value_parser = http_url)]
    url: String,
    /// The key of a user who is active
    #[arg(long, value_name = "KEY")]
    sub: String,
    /// The key of a user who is not, to see that refusal as well
    #[arg(long, value_name = "KEY")]
    inactive_sub: Option<String>,
    /// The certificates to believe in, in PEM, where the service's is not of a public authority
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The address of a service, not of a page of it.
fn http_url(url: &str) -> Result<String, &'static str> {
    let wanted = ["http://", "https://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    wanted
        .then(|| url.to_owned())
        .ok_or("expected an address such as http://127.0.0.1:8000")
}

pub(super) async fn run(settings: &Settings, args: Args) -> Outcome {
    let config = settings.config(Purpose::Tokens)?;
    let json = args.json;
    let rows = tokio::task::spawn_blocking(move || walk(&config, &args)).await??;
    table(&["Step", "Expected", "Got", "Verdict"], &rows, json);
    let went_wrong = |row: &&Vec<String>| row.last().is_some_and(|verdict| verdict != "ok");
    let failed = rows.iter().filter(went_wrong).count();
    if failed > 0 {
        note(format!("{failed} of {} steps went wrong", rows.len()));
        return Err(Failure::Said);
    }
    if !json {
        say(format!("All {} steps went as they should.", rows.len()));
    }
    Ok(())
}

fn walk(config: &Config, args: &Args) -> Result<Vec<Vec<String>>, Failure> {
    let longest = config.policy.access_lifetime.num_seconds();
    let mut client = Client::new(&args.url, args.cacert.as_deref(), longest)?;
    let steps = steps::all(config, &args.sub, args.inactive_sub.as_deref())?;

    let progress = indicatif::ProgressBar::new(steps.len() as u64);
    let mut rows = Vec::new();
    for step in steps {
        rows.push(client.check(&step)?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    if let Some(fresh) = client.fresh.take() {
        let name = "the fresh token is accepted by verify";
        rows.push(client.check(&Step::good(name, Request::Verify(fresh), 204))?);
    }
    Ok(rows)
}
