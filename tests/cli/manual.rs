//! `remint man` and `remint completions`.

use std::collections::BTreeSet;
use std::process::Command;

use crate::harness::process::{Output, Place};
use crate::harness::servers::daemon::path_to;

/// The commands that the help of `words` lists.
fn commands(place: &Place, words: &[&str]) -> Vec<String> {
    let help = place.run(&[words, &["--help"]].concat()).stdout;
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.map_while(|line| line.strip_prefix("  "));
    let names = lines.filter(|line| !line.starts_with(' '));
    let names = names.filter_map(|line| line.split(' ').next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// The file of each command, and of each below it.
fn expected_pages(place: &Place) -> BTreeSet<String> {
    let mut pages = BTreeSet::from(["remint.1".to_owned()]);
    for command in commands(place, &[]) {
        pages.insert(format!("remint-{command}.1"));
        let below = commands(place, &[&command]).into_iter();
        pages.extend(below.map(|below| format!("remint-{command}-{below}.1")));
    }
    pages
}

#[test]
fn every_command_has_a_page_that_man_shows_without_a_warning() {
    let Some(path) = path_to("man page", "man", "man-db").unwrap() else {
        return;
    };
    let place = Place::bare();
    let expected = expected_pages(&place);

    let output = place.run(&["man", "--output", "."]);

    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(BTreeSet::from_iter(place.files()), expected);
    assert!(expected.contains("remint-session-import.1"));
    for page in expected {
        let mut man = Command::new("man");
        let man = man.env("PATH", &path).current_dir(place.path());
        let shown = man.args(["--warnings", "-l", &page]).output().unwrap();
        assert_eq!(String::from_utf8(shown.stderr).unwrap(), "", "{page}");
        assert!(shown.stdout.len() > 200, "{page}");
    }
}

#[test]
fn the_page_of_the_program_goes_to_the_standard_output() {
    let page = Place::bare().run(&["man"]).stdout;

    assert!(page.contains(".TH remint 1 "), "{page}");
    assert!(page.contains("\nremint\\-serve(1)\n"), "{page}");
}

#[test]
fn a_folder_that_is_not_there_is_an_error_that_names_it() {
    let output = Place::bare().run(&["man", "--output", "nowhere"]);

    assert_eq!(output.code, Some(1));
    let message = "remint: nowhere could not be written: ";
    assert!(output.stderr.starts_with(message), "{output:?}");
}

/// What bash offers for the last of these words.
fn completed(script: &Output, words: &[&str]) -> Vec<String> {
    let line = format!(
        "{}\nCOMP_WORDS=({}); COMP_CWORD={}; _remint remint '{}' '{}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        script.stdout,
        words.join(" "),
        words.len() - 1,
        words[words.len() - 1],
        words[words.len() - 2],
    );
    let bash = Command::new("bash").args(["-c", &line]).output().unwrap();
    assert_eq!(String::from_utf8(bash.stderr).unwrap(), "");
    let text = String::from_utf8(bash.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_options_and_words() {
    let script = Place::bare().run(&["completions", "bash"]);

    assert_eq!(completed(&script, &["remint", "he"]), ["health", "help"]);
    assert_eq!(completed(&script, &["remint", "health", "--l"]), ["--live"]);
    let contract = ["remint", "session", "start", "--contract", "token"];
    assert_eq!(completed(&script, &contract), ["token_pair"]);
}

#[test]
fn the_other_shells_have_scripts_as_well() {
    let place = Place::bare();

    for (shell, start) in [
        ("elvish", "\nuse builtin;"),
        ("fish", "# Print an optspec"),
        ("powershell", "\nusing namespace"),
        ("zsh", "#compdef remint"),
    ] {
        let script = place.run(&["completions", shell]);
        assert!(script.stdout.starts_with(start), "{script:?}");
    }
}
