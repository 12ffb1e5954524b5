//! Takes the module as it is but for its locks, which are to be those of the tests.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/store/gather/mod.rs");

/// What is written elsewhere, and what for.
const CHANGES: [(&str, &str); 2] = [
    ("use std::sync::{", "use shuttle::sync::{"),
    ("#[cfg(test)]\nmod tests;\n", ""),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={MODULE}");
    let mut text = fs::read_to_string(MODULE)?;
    for (ours, theirs) in CHANGES {
        if text.matches(ours).count() != 1 {
            return Err(format!("{MODULE} has no single {ours:?}").into());
        }
        text = text.replace(ours, theirs);
    }
    // What is included has no documentation of its own.
    let lines = text.lines().filter(|line| !line.starts_with("//!"));
    let text = lines.collect::<Vec<_>>().join("\n");

    let folder = env::var_os("OUT_DIR").ok_or("no OUT_DIR")?;
    fs::write(Path::new(&folder).join("gather.rs"), text)?;
    Ok(())
}
