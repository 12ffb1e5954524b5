//! `remint completions`

use clap::{Args as ClapArgs, CommandFactory as _};
use clap_complete::{Shell, generate};

use super::Cli;
use super::terminal::{Outcome, say};

const WHERE_TO: &str = "\
Where they go, for one user:
  bash  remint completions bash > ~/.local/share/bash-completion/completions/remint
  zsh   remint completions zsh > ~/.zfunc/_remint   (and fpath+=~/.zfunc before compinit in ~/.zshrc)
  fish  remint completions fish > ~/.config/fish/completions/remint.fish
Or for a look at them now:
  source <(remint completions bash)";

#[derive(ClapArgs)]
#[command(after_help = WHERE_TO)]
pub(super) struct Args {
    /// Which one
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Outcome {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "remint", &mut script);
    say(String::from_utf8(script)?.trim_end());
    Ok(())
}
