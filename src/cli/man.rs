//! `remint man`

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::{Args as ClapArgs, Command, CommandFactory as _};
use clap_mangen::Man;

use super::Cli;
use super::terminal::{Outcome, note, say};

const HOW_TO: &str = "\
To read it:
  remint man | man -l -
To install all of them:
  remint man --output /usr/local/share/man/man1";

/// What the library calls the section with the text after the help.
const EXTRA: &str = ".SH EXTRA\n";

/// The same as it stands, for its columns, and with a name that man pages know.
const NOTES: &str = ".SH NOTES\n.nf\n";

#[derive(ClapArgs)]
#[command(after_help = HOW_TO)]
pub(super) struct Args {
    /// Write the pages of all commands into this folder, which must be there
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Outcome {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = args.output else {
        say(page(&command)?.trim_end());
        return Ok(());
    };
    write_all(&command, &folder)
        .map_err(|error| format!("{} could not be written: {error}", folder.display()))?;
    note(format!("wrote the pages into {}", folder.display()));
    Ok(())
}

/// Writes the pages of `command` and of those below it.
fn write_all(command: &Command, folder: &Path) -> io::Result<()> {
    let name = Man::new(command.clone()).get_filename();
    fs::write(folder.join(name), page(command)?)?;
    let mut below = command.get_subcommands();
    below.try_for_each(|below| write_all(below, folder))
}

/// The page of one command.
fn page(command: &Command) -> io::Result<String> {
    let man = Man::new(command.clone())
        .source(concat!("remint ", env!("CARGO_PKG_VERSION")))
        .manual("remint");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if command.get_after_help().is_some() {
        let mut notes = Vec::new();
        man.render_extra_section(&mut notes)?;
        page.extend(text(notes)?.replace(EXTRA, NOTES).bytes());
        page.extend(b".fi\n");
    }
    text(page)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(io::Error::other)
}
