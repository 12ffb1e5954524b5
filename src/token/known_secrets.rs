//! Secrets that everybody knows.
//!
//! The list holds the first eight bytes of SHA-256 of each, so that the binary is no dictionary;
//! the file names the source of each group. By chance a random secret is on the list once in
//! 2⁶⁴ / (entries) starts.

use sha2::{Digest, Sha256};

/// One prefix of 16 hexadecimal digits a line; lines that start with `#` name the source.
const LIST: &str = include_str!("known_secrets.txt");

/// Whether `secret` is published.
pub(super) fn contains(secret: &[u8]) -> bool {
    let hash = Sha256::digest(secret);
    let prefix = hash
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    LIST.lines()
        .any(|line| u64::from_str_radix(line, 16) == Ok(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secrets_of_the_best_known_tutorials_are_on_the_list() {
        let fastapi = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";
        let jwt_io = "a-string-secret-at-least-256-bits-long";
        for secret in [fastapi, jwt_io, "your-256-bit-secret"] {
            assert!(contains(secret.as_bytes()), "{secret}");
            assert!(
                !contains(format!("{secret} ").as_bytes()),
                "{secret} with a space"
            );
        }
    }

    #[test]
    fn every_line_is_a_comment_or_a_prefix_that_stands_once() {
        let mut prefixes: Vec<_> = LIST.lines().filter(|line| !line.starts_with('#')).collect();
        let count = prefixes.len();

        let is_prefix = |line: &&str| line.len() == 16 && u64::from_str_radix(line, 16).is_ok();
        assert!(prefixes.iter().all(is_prefix));

        prefixes.sort_unstable();
        prefixes.dedup();
        assert_eq!(prefixes.len(), count);
    }
}
