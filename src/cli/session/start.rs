//! `remint session start`

use clap::Args as ClapArgs;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use serde_json::json;

use crate::app::{App, Surroundings};
use crate::config::Purpose;
use crate::domain::{Contract, JsonText, Subject};
use crate::service::{Login, Started};

use super::super::settings::Settings;
use super::super::terminal::{Outcome, say};
use super::super::token::claim;

/// What each contract sends to be refreshed.
const ABOUT_CONTRACTS: &str = "\
The contracts, by what their frontends send:
  expired_token  POST /api/auth/refresh {\"token\": ACCESS}
  cookie         POST /api/auth/refresh with the cookie refresh_token=REFRESH
  token_pair     POST /api/auth/refresh {\"Token\": ACCESS, \"RefreshToken\": REFRESH}
  envelope       POST /api/refresh {\"refreshToken\": REFRESH}
  refresh_token  POST /auth/refresh {\"refresh_token\": REFRESH}
  oauth2         POST /oauth/token grant_type=refresh_token&refresh_token=REFRESH (a form)";

#[derive(ClapArgs)]
#[command(after_help = ABOUT_CONTRACTS)]
pub(in crate::cli) struct Args {
    /// The user's key in the users table
    user: String,
    /// What the user's frontend speaks
    #[arg(long, value_parser = contracts(), value_name = "WORD")]
    contract: Contract,
    /// Write the user's key into the tokens as a number
    #[arg(long)]
    integer: bool,
    /// Add a claim; a value that is not JSON is taken as a string
    #[arg(long = "claim", value_parser = claim, value_name = "NAME=JSON")]
    claims: Vec<(String, JsonText)>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn contracts() -> impl clap::builder::TypedValueParser<Value = Contract> {
    let words = PossibleValuesParser::new(Contract::ALL.map(Contract::word));
    words.map(|word| Contract::of_word(&word).unwrap_or(Contract::ExpiredToken))
}

pub(super) async fn run(settings: &Settings, args: Args) -> Outcome {
    let user = if args.integer {
        let number = args.user.parse();
        Subject::Integer(number.map_err(|_| format!("{} is not an integer", args.user))?)
    } else {
        Subject::Text(args.user)
    };
    let config = settings.config(Purpose::Tokens)?;
    let app = App::build(&config, Surroundings::default()).await?;
    let login = Login {
        contract: args.contract,
        user,
        claims: args.claims,
    };
    let started = app.starter.start(login).await?;
    if args.json {
        print_json(args.contract, &started);
    } else {
        print(&started);
    }
    Ok(())
}

fn print(started: &Started) {
    let grant = &started.grant;
    say(format!("Session        {}", started.session));
    say(format!("Access token   {}", grant.access_token));
    say(format!("Good for       {} seconds", grant.expires_in));
    if let Some(token) = &grant.refresh_token {
        say(format!("Refresh token  {token}"));
        say(format!(
            "Good for       {} seconds",
            grant.session_expires_in
        ));
    }
}

/// The names are those of the admin listener.
fn print_json(contract: Contract, started: &Started) {
    let grant = &started.grant;
    let mut reply = json!({
        "session_id": started.session.to_string(),
        "contract": contract.word(),
        "access_token": grant.access_token,
        "expires_in": grant.expires_in,
    });
    if let (Some(token), Some(reply)) = (&grant.refresh_token, reply.as_object_mut()) {
        reply.insert("refresh_token".to_owned(), json!(token));
        let seconds = json!(grant.session_expires_in);
        reply.insert("refresh_expires_in".to_owned(), seconds);
    }
    say(reply.to_string());
}
