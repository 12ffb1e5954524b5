use secrecy::ExposeSecret;

use super::{problem, read};
use crate::domain::RESERVED_CLAIMS;

#[test]
fn databases_are_known_by_their_scheme() {
    for (url, opened) in [
        ("sqlite://remint.db", "sqlite://remint.db"),
        ("postgres://db/x", "postgres://db/x"),
        ("postgresql://db/x", "postgresql://db/x"),
        ("mysql://db/x", "mysql://db/x"),
        ("mariadb://db/x", "mysql://db/x"),
    ] {
        let config = read(&[("DATABASE_URL", url), ("USERS_DATABASE_URL", url)]).unwrap();
        for database in [config.database, config.users_database.unwrap()] {
            assert_eq!(database.url.expose_secret(), opened);
        }
    }
    for url in [
        "mssql://db/x",
        "remint.db",
        "http://db/x",
        "Postgres://db/x",
    ] {
        assert!(problem(&[("DATABASE_URL", url)]).starts_with("DATABASE_URL: expected sqlite:"));
    }
}

#[test]
fn origins_are_as_browsers_write_them() {
    let good = "https://app.example.com, http://localhost:3000,https://[::1]:8443";
    let config = read(&[("CORS_ALLOWED_ORIGINS", good)]).unwrap();
    assert_eq!(config.http.cors_allowed_origins.len(), 3);

    for origin in [
        "*",
        "null",
        "https://*.example.com",
        "app.example.com",
        "https://",
        "https://a.example/",
        "https://a.example/x",
        "ftp://a.example",
        "https://a@b.example",
        "https://müller.example",
        "https://App.example.com",
        "https://a.example:443",
        "http://a.example:80",
    ] {
        let refused = problem(&[("CORS_ALLOWED_ORIGINS", origin)]);
        let expected = format!("CORS_ALLOWED_ORIGINS: {origin} is not an origin");
        assert!(refused.starts_with(&expected), "{refused}");
    }
}

#[test]
fn whoever_comes_by_a_unix_socket_can_be_a_trusted_proxy() {
    for list in ["unix", "10.0.0.0/8, unix:"] {
        let trusted = read(&[("TRUSTED_PROXIES", list)]).unwrap().http;
        assert!(trusted.trusted_proxies.unix, "{list}");
    }
}

#[test]
fn a_listener_is_at_an_address_or_at_a_unix_socket() {
    for address in ["[::1]:80", "unix:/run/remint.sock", "unix:remint.sock"] {
        let config = read(&[("LISTEN_ADDR", address)]).unwrap();
        assert_eq!(config.listen.address.to_string(), address);
    }
    let long = format!("unix:/{}", "a".repeat(103));
    for wrong in ["localhost:80", "/run/remint.sock", "unix:", &long] {
        assert!(problem(&[("LISTEN_ADDR", wrong)]).contains("LISTEN_ADDR"));
    }
}

#[test]
fn the_mode_of_unix_sockets_is_octal() {
    let mode = |text| {
        read(&[("LISTEN_SOCKET_MODE", text)])
            .unwrap()
            .listen
            .socket_mode
    };

    assert_eq!((mode(""), mode("666"), mode("0600")), (0o660, 0o666, 0o600));
    for wrong in ["rw", "1777", "68", "-1"] {
        assert!(problem(&[("LISTEN_SOCKET_MODE", wrong)]).contains("octal"));
    }
}

#[test]
fn trusted_proxies_are_addresses_and_networks() {
    let list = "10.0.0.0/8, 192.0.2.1, fd00::/8,2001:db8::1";
    let trusted = read(&[("TRUSTED_PROXIES", list)])
        .unwrap()
        .http
        .trusted_proxies;

    let networks: Vec<_> = trusted.networks.iter().map(ToString::to_string).collect();
    assert_eq!(
        networks,
        ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8", "2001:db8::1/128"]
    );
    assert!(!trusted.unix);
    for wrong in [
        "10.0.0.0/33",
        "10.0.0",
        "proxy.example",
        "fd00::/129",
        "unix:/run",
    ] {
        assert!(problem(&[("TRUSTED_PROXIES", wrong)]).contains(wrong));
    }
}

#[test]
fn claims_that_remint_writes_itself_can_neither_be_overwritten_nor_dropped() {
    let pairs = read(&[("USERS_CLAIM_COLUMNS", "role, mail : email")]).unwrap();
    let expected = [("role", "role"), ("mail", "email")];
    let expected = expected.map(|(column, claim)| (column.to_owned(), claim.to_owned()));
    assert_eq!(pairs.directory.claim_columns, expected);

    for claim in RESERVED_CLAIMS {
        let column = format!("x:{claim}");
        for (name, value) in [
            ("USERS_CLAIM_COLUMNS", column.as_str()),
            ("JWT_DROP_CLAIMS", claim),
        ] {
            let expected = format!("{name}: {claim} is written by remint itself");
            assert_eq!(problem(&[(name, value)]), expected);
        }
    }
    for (name, value) in [("USERS_CLAIM_COLUMNS", "x:uid"), ("JWT_DROP_CLAIMS", "uid")] {
        let refused = problem(&[(name, value), ("JWT_SUBJECT_CLAIM", "uid")]);
        assert!(refused.contains("the subject cannot be"), "{refused}");
    }
    for pairs in [":role", "role:", ":"] {
        assert!(problem(&[("USERS_CLAIM_COLUMNS", pairs)]).ends_with("pairs between commas"));
    }
}
