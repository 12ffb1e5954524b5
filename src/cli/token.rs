//! `remint token`

use chrono::TimeDelta;
use clap::Args as ClapArgs;
use serde_json::Value;

use crate::app;
use crate::config::Purpose;
use crate::domain::{Clock, JsonText, SystemClock};

use super::settings::Settings;
use super::terminal::{Outcome, say};

#[derive(ClapArgs)]
pub(super) struct Args {
    /// Whom the token is about: the user's key in the users table
    #[arg(long, value_name = "KEY")]
    sub: String,
    /// Make a token that expired so long ago, such as 1h or 7days; without it the token is live
    #[arg(long, value_parser = ago, value_name = "DURATION")]
    expired_for: Option<TimeDelta>,
    /// Add a claim, or replace one; a value that is not JSON is taken as a string
    #[arg(long = "claim", value_parser = claim, value_name = "NAME=JSON")]
    claims: Vec<(String, JsonText)>,
}

/// Expiries further back than this are a slip of the finger, and some cannot be counted.
const LONGEST_AGO: TimeDelta = TimeDelta::days(36_525);

fn ago(duration: &str) -> Result<TimeDelta, String> {
    let expected = "expected a duration such as 90s, 1h or 2d";
    let ago = humantime::parse_duration(duration).map_err(|_| expected)?;
    let ago = TimeDelta::from_std(ago)
        .ok()
        .filter(|ago| *ago <= LONGEST_AGO);
    ago.ok_or_else(|| "expected at most 100years".to_owned())
}

/// A claim of the command line.
pub(super) fn claim(pair: &str) -> Result<(String, JsonText), String> {
    let (name, value) = pair.split_once('=').ok_or("expected name=value")?;
    let text = match serde_json::from_str::<Value>(value) {
        Ok(_) => value.to_owned(),
        Err(_) => Value::from(value).to_string(),
    };
    Ok((name.to_owned(), JsonText::from_valid(text)))
}

pub(super) fn run(settings: &Settings, args: &Args) -> Outcome {
    let config = settings.config(Purpose::Tokens)?;
    let codec = app::codec(&config)?;
    let now = SystemClock.now();
    let mut claims = app::legacy_claims(&config, &args.sub, args.expired_for, now);
    for (name, value) in &args.claims {
        claims.put(name, value.clone());
    }
    say(codec.sign(&claims)?);
    Ok(())
}
