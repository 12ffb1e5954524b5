//! `remint openapi`

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use poem::http::Uri;
use poem::{Endpoint, Request};

use crate::app::{App, Surroundings};
use crate::config::{Config, Purpose};

use super::terminal::{Outcome, note, say};

#[derive(ClapArgs)]
pub(super) struct Args {
    /// The document of the admin listener instead of the public one
    #[arg(long)]
    admin: bool,
    /// What to write it as
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// Write to this file instead of the standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Json,
    Yaml,
}

/// The document is the same whatever the settings, so it is made with none.
pub(super) async fn run(args: Args) -> Outcome {
    let settings = [
        (
            "ADMIN_API_KEY",
            "not-used-either-nobody-listens-to-requests",
        ),
        ("DATABASE_URL", "sqlite::memory:"),
        (
            "JWT_SECRET_KEY",
            "not used: the document is the same for every key",
        ),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::from_vars(settings, Purpose::Tokens)?;
    let app = App::build(&config, Surroundings::default()).await?;

    let path = match args.format {
        Format::Json => "/openapi.json",
        Format::Yaml => "/openapi.yaml",
    };
    let listener = if args.admin {
        app.admin_endpoint.ok_or("there is no admin listener")?
    } else {
        app.endpoint
    };
    let request = Request::builder().uri(Uri::from_static(path)).finish();
    let document = listener
        .get_response(request)
        .await
        .into_body()
        .into_string()
        .await?;
    match args.output {
        None => say(document.trim_end()),
        Some(path) => {
            std::fs::write(&path, document.trim_end().to_owned() + "\n")
                .map_err(|error| format!("{} could not be written: {error}", path.display()))?;
            note(format!("wrote {}", path.display()));
        }
    }
    Ok(())
}
