use secrecy::ExposeSecret;

use super::{SECRET, problem, read};
use crate::config::{Config, ConfigError, Keys, Purpose};
use crate::token::Secret;

fn text(secret: &Secret) -> &str {
    std::str::from_utf8(secret.expose_bytes()).unwrap()
}

fn secrets(keys: &Keys) -> Vec<&str> {
    keys.previous.iter().map(|key| text(&key.secret)).collect()
}

/// A file with that text, and its path.
fn file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn of_a_file_one_newline_at_the_end_is_not_part_of_the_secret() {
    for (end, kept) in [
        ("", ""),
        ("\n", ""),
        ("\r\n", ""),
        ("\n\n", "\n"),
        (" \n", " "),
    ] {
        let (_folder, path) = file(&format!("{SECRET}{end}"));

        let keys = read(&[("JWT_SECRET_KEY_FILE", &path)])
            .unwrap()
            .keys
            .unwrap();

        assert_eq!(text(&keys.current.secret), format!("{SECRET}{kept}"));
    }
}

#[test]
fn each_secret_can_be_in_a_file() {
    let (_folder, url) = file("postgres://service@db/users\n");
    let (_folder, list) = file(&format!("{SECRET}1, {SECRET}2\n"));
    let settings = [
        ("DATABASE_URL_FILE", url.as_str()),
        ("USERS_DATABASE_URL_FILE", &url),
        ("JWT_PREVIOUS_SECRET_KEYS_FILE", &list),
    ];

    let config = read(&settings).unwrap();

    for database in [config.database, config.users_database.unwrap()] {
        assert_eq!(database.url.expose_secret(), "postgres://service@db/users");
    }
    assert_eq!(config.keys.unwrap().previous.len(), 2);
}

#[test]
fn a_secret_and_its_file_exclude_each_other_and_a_file_must_be_readable() {
    let (folder, path) = file(SECRET);
    let folder = folder.path().to_str().unwrap();

    let both = problem(&[("JWT_SECRET_KEY", SECRET), ("JWT_SECRET_KEY_FILE", &path)]);
    assert_eq!(
        both,
        "JWT_SECRET_KEY: set this or JWT_SECRET_KEY_FILE, not both"
    );

    let unreadable = problem(&[("JWT_SECRET_KEY_FILE", folder)]);
    let named = format!("JWT_SECRET_KEY_FILE: the file {folder} could not be read: ");
    assert!(unreadable.starts_with(&named), "{unreadable}");
}

#[test]
fn what_may_be_a_secret_in_the_place_of_a_path_is_not_quoted() {
    for secret in [SECRET, "/c2VjcmV0", "/c2VjcmV0/Y29udGVudA==", "//c2VjcmV0"] {
        let unreadable = problem(&[("JWT_SECRET_KEY_FILE", secret)]);

        assert!(unreadable.starts_with("JWT_SECRET_KEY_FILE: the file could not be read: "));
        assert!(!unreadable.contains(secret), "{unreadable}");
    }
}

#[test]
fn previous_keys_come_between_commas_or_as_a_json_list() {
    let [first, second] = [format!("{SECRET}1"), format!("{SECRET}2")];
    let plain = format!(" {first} ,{second},");
    let json = format!(
        r#"["{first}", {{"secret": "{second}", "kid": "old", "until": "2026-12-31T01:00:00+01:00"}}]"#
    );

    for list in [&plain, &json] {
        let keys = read(&[("JWT_PREVIOUS_SECRET_KEYS", list)])
            .unwrap()
            .keys
            .unwrap();
        assert_eq!(secrets(&keys), [&first, &second]);
    }

    let keys = read(&[("JWT_PREVIOUS_SECRET_KEYS", &json)])
        .unwrap()
        .keys
        .unwrap();
    let [plain, long] = keys.previous.as_slice() else {
        panic!("{keys:?}");
    };
    assert!(plain.key_id.is_none() && plain.valid_until.is_none());
    assert_eq!(long.key_id.as_deref(), Some("old"));
    assert_eq!(
        long.valid_until.unwrap().to_rfc3339(),
        "2026-12-31T00:00:00+00:00"
    );
}

#[test]
fn a_list_of_previous_keys_that_is_wrong_is_refused_without_being_repeated() {
    let shape = "JWT_PREVIOUS_SECRET_KEYS: expected a JSON list of secrets and of \
                 {\"secret\", \"kid\", \"until\"}";
    let time = "JWT_PREVIOUS_SECRET_KEYS: until must be a time such as 2026-12-31T00:00:00Z";
    for (list, expected) in [
        (format!(r#"["{SECRET}""#), shape),
        (format!(r#"[["{SECRET}"]]"#), shape),
        (
            format!(r#"[{{"secret": "{SECRET}", "expires": "soon"}}]"#),
            shape,
        ),
        (format!(r#"[{{"kid": "{SECRET}"}}]"#), shape),
        (
            format!(r#"[{{"secret": "{SECRET}", "until": "{SECRET}"}}]"#),
            time,
        ),
    ] {
        assert_eq!(problem(&[("JWT_PREVIOUS_SECRET_KEYS", &list)]), expected);
    }
}

#[test]
fn a_secret_as_long_as_the_hash_is_long_enough() {
    for (algorithm, needed) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
        let cut = |bytes| SECRET.get(..bytes).unwrap();
        let (enough, short) = (cut(needed), cut(needed - 1));
        let settings = |secret| [("JWT_ALGORITHM", algorithm), ("JWT_SECRET_KEY", secret)];

        read(&settings(enough)).unwrap();

        let refused = problem(&settings(short));
        let expected = format!(
            "JWT_SECRET_KEY: {} bytes are too few: {algorithm} needs {needed}",
            needed - 1
        );
        assert!(refused.starts_with(&expected), "{refused}");
    }
}

#[test]
fn previous_secrets_must_be_good_too() {
    let refused = problem(&[("JWT_PREVIOUS_SECRET_KEYS", "old")]);

    assert!(
        refused.starts_with("JWT_PREVIOUS_SECRET_KEYS: 3 bytes are too few"),
        "{refused}"
    );
}

#[test]
fn weak_secrets_that_are_allowed_are_warnings_and_an_empty_one_is_not_allowed() {
    let allowed = ("JWT_ALLOW_WEAK_SECRET", "true");
    let published = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";

    let config = read(&[
        allowed,
        ("JWT_SECRET_KEY", published),
        ("JWT_PREVIOUS_SECRET_KEYS", "legacy"),
    ]);
    let empty = problem(&[allowed, ("JWT_PREVIOUS_SECRET_KEYS", r#"[""]"#)]);

    let warnings = config.unwrap().warnings;
    assert!(warnings[0].starts_with("JWT_SECRET_KEY: this secret is published"));
    assert!(warnings[1].starts_with("JWT_PREVIOUS_SECRET_KEYS: 6 bytes are too few"));
    assert!(
        empty.starts_with("JWT_PREVIOUS_SECRET_KEYS: 0 bytes are too few"),
        "{empty}"
    );
}

#[test]
fn without_a_secret_tables_can_be_read_and_no_token_made() {
    let database = Config::from_vars([], Purpose::Database).unwrap();
    let ConfigError(tokens) = Config::from_vars([], Purpose::Tokens).unwrap_err();

    assert!(database.keys.is_none());
    assert_eq!(tokens.len(), 1);
    assert!(
        tokens[0].starts_with("JWT_SECRET_KEY: required"),
        "{tokens:?}"
    );
}

#[test]
fn a_secret_that_only_looks_long_is_weak() {
    let published = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7 ";

    for weak in [
        published,
        &"a".repeat(64),
        &" ".repeat(64),
        &"abcdefg".repeat(9),
    ] {
        assert!(problem(&[("JWT_SECRET_KEY", weak)]).starts_with("JWT_SECRET_KEY: this secret"));
    }
}

#[test]
fn secrets_can_be_written_in_base64() {
    let previous = (
        "JWT_PREVIOUS_SECRET_KEYS",
        "base64:YSBsZWdhY3kgc2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXM=",
    );
    let current = format!("base64:{}", "c2VjcmV0IG9mIHRoZSBiYWNrZW5k".repeat(2));

    let keys = read(&[("JWT_SECRET_KEY", &current), previous])
        .unwrap()
        .keys
        .unwrap();
    let broken = problem(&[("JWT_SECRET_KEY", "base64:{not base64}")]);

    assert_eq!(
        text(&keys.current.secret),
        "secret of the backend".repeat(2)
    );
    assert_eq!(secrets(&keys), ["a legacy secret of thirty-two bytes"]);
    assert_eq!(broken, "JWT_SECRET_KEY: what follows base64: is not base64");
}
