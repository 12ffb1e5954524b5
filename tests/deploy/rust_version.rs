//! `rust-version`, which cargo believes without looking at what the dependencies say.

use std::process::Command;

use serde_json::Value;

/// A version as numbers, so that 1.100 is more than 1.99.
fn numbers(version: &str) -> Vec<u32> {
    let parts = version.split('.').map(|part| part.parse().unwrap());
    let mut numbers: Vec<_> = parts.collect();
    numbers.resize(3, 0);
    numbers
}

#[test]
fn no_dependency_needs_a_newer_rust_than_is_stated() {
    let arguments = [
        "metadata",
        "--offline",
        "--locked",
        "--format-version=1",
        "--all-features",
        "--filter-platform=x86_64-unknown-linux-gnu",
    ];
    let mut cargo = Command::new(env!("CARGO"));
    let cargo = cargo
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = cargo.output().unwrap();

    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();

    let stated = env!("CARGO_PKG_RUST_VERSION");
    let resolved: Vec<_> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert!(resolved.len() > 300);
    for package in metadata["packages"].as_array().unwrap() {
        let is_used = resolved.iter().any(|node| node["id"] == package["id"]);
        if let (true, Some(wanted)) = (is_used, package["rust_version"].as_str()) {
            assert!(
                numbers(wanted) <= numbers(stated),
                "{}: {wanted}",
                package["id"]
            );
        }
    }
}
