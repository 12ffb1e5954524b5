//! The unit, as systemd itself sees it.

use std::fs;
use std::process::{Command, Output};

use super::file;
use crate::harness::servers::daemon::path_to;

/// Runs `systemd-analyze` on the unit in a folder of its own, with the binary of the tests; none where it is
/// not installed.
fn analyze(unit: &str, arguments: &[&str]) -> Option<Output> {
    let path = path_to("unit", "systemd-analyze", "systemd").unwrap()?;
    let folder = tempfile::tempdir().unwrap();
    let unit = unit.replace("/usr/local/bin/remint", env!("CARGO_BIN_EXE_remint"));
    fs::write(folder.path().join("remint.service"), unit).unwrap();
    let mut command = Command::new("systemd-analyze");
    let command = command.env("PATH", path).args(arguments);
    let command = command.arg(folder.path().join("remint.service"));
    Some(command.output().unwrap())
}

/// The most that a unit may be exposed, in tenths.
const EXPOSURE: &str = "--threshold=15";

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let unit = file("systemd/remint.service");
    let misspelt = unit.replace("ProtectClock", "ProtectClocks");

    let Some(output) = analyze(&unit, &["verify", "--man=no"]) else {
        return;
    };
    let complaint = analyze(&misspelt, &["verify", "--man=no"]).unwrap();

    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(output.status.success());
    let complaint = String::from_utf8(complaint.stderr).unwrap();
    assert!(complaint.contains("ProtectClocks"), "{complaint}");
}

#[test]
fn the_unit_exposes_little() {
    let unit = file("systemd/remint.service");
    let open = unit.replace("ProtectSystem=strict", "ProtectSystem=no");
    let open = open.replace("SystemCallFilter=", "#");
    let arguments = ["security", "--offline=true", "--no-pager", EXPOSURE];

    let Some(output) = analyze(&unit, &arguments) else {
        return;
    };
    let exposed = analyze(&open, &arguments).unwrap();

    assert!(output.status.success(), "{output:?}");
    assert!(!exposed.status.success());
}
