//! The audit log in a file of its own.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use serde_json::Value;

use crate::harness::process::{Place, Service};
use crate::server::post_refresh;

const FILE: &str = "audit.log";

/// A service whose audit log is in a file, with `settings`.
fn place(settings: &[(&str, &str)]) -> Place {
    let place = Place::new().with("AUDIT_LOG_FILE", FILE);
    let with = |place: Place, (name, value): &(&str, &str)| place.with(name, value);
    settings.iter().fold(place, with)
}

/// A refresh that is refused, which the audit log tells.
fn refuse(service: &Service) {
    assert_eq!(post_refresh(service, r#"{"token":"x"}"#).status(), 401);
}

fn stop(service: &mut Service) {
    service.signal("TERM");
    assert_eq!(service.end().code(), Some(0));
}

/// The lines of that file of the place, each of which must be a whole one.
fn events(place: &Place, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(place.path().join(file)).unwrap();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn its_lines_are_in_the_file_alone_and_others_are_not() {
    let place = place(&[("LOG_FORMAT", "json"), ("LOG_LEVEL", "info")]);
    let mut service = place.serve();

    refuse(&service);
    stop(&mut service);

    let events = events(&place, FILE);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["target"], "remint::audit");
    assert_eq!(events[0]["outcome"], "invalid_token");
    assert_eq!(service.count("remint::audit"), 0);
    let mode = fs::metadata(place.path().join(FILE)).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

#[test]
fn what_is_logged_of_it_is_the_same_as_elsewhere() {
    for (level, count) in [("error", 1), ("off", 1), ("info,remint::audit=error", 0)] {
        let place = place(&[("LOG_LEVEL", level)]);
        let mut service = place.serve_unseen("true");

        refuse(&service);
        stop(&mut service);

        assert_eq!(events(&place, FILE).len(), count, "{level}");
    }
}

#[test]
fn a_file_that_was_moved_away_is_let_go_at_sighup_without_the_loss_of_a_line() {
    let place = place(&[]);
    let mut service = place.serve();
    refuse(&service);

    fs::rename(place.path().join(FILE), place.path().join("audit.1")).unwrap();
    refuse(&service);
    service.signal("HUP");
    service.line_with("the file of the audit log was opened again");
    refuse(&service);
    stop(&mut service);

    let (before, after) = (events(&place, "audit.1"), events(&place, FILE));
    assert_eq!(before.len() + after.len(), 3);
    assert!(!after.is_empty(), "{before:?}");
}

#[test]
fn a_name_that_leads_nowhere_at_sighup_leaves_it_where_it_was() {
    let place = place(&[("AUDIT_LOG_FILE", "logs/audit.log")]);
    fs::create_dir(place.path().join("logs")).unwrap();
    let mut service = place.serve();

    fs::rename(place.path().join("logs"), place.path().join("old")).unwrap();
    service.signal("HUP");
    let line = service.line_with("the audit log stays in the file before");
    refuse(&service);
    stop(&mut service);

    assert!(
        line.contains("No such file") && line.contains("ERROR"),
        "{line}"
    );
    assert_eq!(events(&place, "old/audit.log").len(), 1);
}

#[test]
fn a_file_that_cannot_be_opened_stops_the_start() {
    for (file, why) in [("none/audit.log", "No such file"), (".", "Is a directory")] {
        let place = place(&[("AUDIT_LOG_FILE", file)]);

        let (serve, doctor) = (place.run(&["serve"]), place.run(&["doctor"]));

        assert_eq!((serve.code, doctor.code), (Some(1), Some(1)));
        let error = format!("remint: AUDIT_LOG_FILE: {file} cannot be opened: {why}");
        assert!(serve.stderr.starts_with(&error), "{serve:?}");
        assert!(doctor.stdout.contains("BAD"), "{doctor:?}");
        assert!(doctor.stdout.contains(why), "{doctor:?}");
    }
}

#[test]
fn the_doctor_leaves_no_file_behind() {
    let place = place(&[]);

    let output = place.run(&["doctor"]);

    assert!(output.stdout.contains("in audit.log"), "{output:?}");
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn the_doctor_leaves_a_link_as_it_is_whether_its_end_is_there_or_not() {
    for (target, good) in [("logs/audit.log", true), ("none/audit.log", false)] {
        let place = place(&[]);
        fs::create_dir(place.path().join("logs")).unwrap();
        symlink(target, place.path().join(FILE)).unwrap();

        let output = place.run(&["doctor"]);

        assert_eq!(output.stdout.contains("in audit.log"), good, "{output:?}");
        let link = fs::read_link(place.path().join(FILE)).unwrap();
        assert_eq!(link.to_str(), Some(target));
        assert!(!place.path().join(target).exists());
    }
}

#[test]
fn a_pipe_is_refused_whether_somebody_reads_it_or_not() {
    let place = place(&[]);
    let pipe = place.path().join(FILE);
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let mut options = File::options();

    for reader in [None, options.read(true).write(true).open(&pipe).ok()] {
        for command in ["serve", "doctor"] {
            let output = place.run(&[command]);

            let said = format!("{}{}", output.stdout, output.stderr);
            assert_eq!(output.code, Some(1), "{command}, {reader:?}");
            assert!(said.contains("it is no file, but a pipe"), "{said}");
        }
    }
}

#[test]
fn the_outputs_of_the_process_are_as_good_as_a_file() {
    for device in ["/dev/stdout", "/dev/stderr", "/dev/null"] {
        let place = place(&[("AUDIT_LOG_FILE", device)]);

        let doctor = place.run(&["doctor"]);
        let mut service = place.serve();
        refuse(&service);
        stop(&mut service);

        assert!(doctor.stdout.contains(device), "{doctor:?}");
        assert_eq!(service.count("cannot be written"), 0, "{device}");
    }
}

#[test]
fn a_full_disk_is_said_once_and_so_is_its_end() {
    let place = place(&[]);
    let file = place.path().join(FILE);
    symlink("/dev/full", &file).unwrap();
    let mut service = place.serve();
    refuse(&service);
    service.line_with("the audit log cannot be written");
    refuse(&service);

    fs::remove_file(&file).unwrap();
    service.signal("HUP");
    service.line_with("was opened again");
    refuse(&service);
    let line = service.line_with("the audit log is written again");
    stop(&mut service);

    let line: Value = serde_json::from_str(&line).unwrap();
    let lost = usize::try_from(line["lost"].as_u64().unwrap()).unwrap();
    assert_eq!(lost + events(&place, FILE).len(), 3);
    assert_eq!(service.count("cannot be written"), 1);
}
