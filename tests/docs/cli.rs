//! The reference of the command line, which is what `--help` says.

use std::fmt::Write as _;

use crate::harness::process::Place;

use super::assert_written;

const BEGIN: &str = "# The command line

What `--help` says of each command. Results go to the standard output, everything else to the standard error, and the exit code is the
verdict. `remint doctor` is the first to try, `remint explain TOKEN` the second.
";

/// Writes the section of a command, and those of the commands below it.
fn describe(place: &Place, command: &[&str], page: &mut String) {
    let output = place.run(&[command, &["--help"]].concat());
    assert_eq!(output.code, Some(0), "{output:?}");
    let help = output.stdout.trim_end();
    let level = if command.len() < 2 { "##" } else { "###" };
    let name = [&["remint"], command].concat().join(" ");
    write!(page, "\n{level} {name}\n\n```text\n{help}\n```\n").unwrap();
    let (_, below) = help.split_once("\nCommands:\n").unwrap_or_default();
    let lines = below.lines().take_while(|line| !line.is_empty());
    // What is further in goes on with the line above.
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    let is_command = |name: &&str| {
        below.contains(&format!("\n  {name} ")) || below.starts_with(&format!("  {name} "))
    };
    for name in names.filter(is_command).filter(|name| *name != "help") {
        describe(place, &[command, &[name]].concat(), page);
    }
}

#[test]
fn the_reference_says_what_the_commands_say() {
    let place = Place::bare();
    let mut page = BEGIN.to_owned();

    describe(&place, &[], &mut page);

    assert!(page.matches("\n```text\n").count() > 15, "{page}");
    assert_written("cli.md", &page);
}
