//! The settings that are lists or URLs.

use std::net::IpAddr;

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};

use crate::http::TrustedProxies;

use super::vars::{Vars, split};

/// A URL of a database that can be opened; says nothing of it if it cannot, for it may hold a
/// password.
pub(super) fn database_url(
    vars: &mut Vars,
    name: &'static str,
    url: Option<SecretString>,
) -> Option<SecretString> {
    let url = url?;
    let text = url.expose_secret();
    if let Some(rest) = text.strip_prefix("mariadb:") {
        return Some(SecretString::from(format!("mysql:{rest}")));
    }
    let known = ["sqlite:", "postgres:", "postgresql:", "mysql:"];
    if known.iter().any(|scheme| text.starts_with(scheme)) {
        return Some(url);
    }
    vars.problem(
        name,
        "expected sqlite://…, postgres://…, mysql://… or mariadb://…",
    );
    None
}

/// `column:claim,column:claim`; a column alone is a claim of the same name.
pub(super) fn claim_columns(vars: &mut Vars) -> Vec<(String, String)> {
    let pairs = vars.list("USERS_CLAIM_COLUMNS").into_iter().map(|pair| {
        let (column, claim) = pair.split_once(':').unwrap_or((&pair, &pair));
        (column.trim().to_owned(), claim.trim().to_owned())
    });
    let pairs: Vec<_> = pairs.collect();
    if pairs
        .iter()
        .any(|(column, claim)| column.is_empty() || claim.is_empty())
    {
        vars.problem(
            "USERS_CLAIM_COLUMNS",
            "expected column:claim pairs between commas",
        );
    }
    pairs
}

/// Notes the claims that no setting may touch.
pub(super) fn refuse_reserved(vars: &mut Vars, name: &str, claims: &[String]) {
    for claim in claims
        .iter()
        .filter(|claim| super::tokens::is_reserved(claim))
    {
        vars.problem(name, format!("{claim} is written by remint itself"));
    }
}

/// Origins as browsers write them: scheme, host, and port where it is not the scheme's own.
pub(super) fn origins(vars: &mut Vars) -> Vec<String> {
    let origins = vars.list("CORS_ALLOWED_ORIGINS");
    for origin in &origins {
        if !is_origin(origin) {
            let what = format!(
                "{origin} is not an origin as browsers write it: https://app.example.com, in lower \
                 case, without a path and without the scheme's own port; * is not supported, \
                 because answers carry credentials"
            );
            vars.problem("CORS_ALLOWED_ORIGINS", what);
        }
    }
    origins
}

/// Byte for byte: what a browser writes otherwise would never match.
fn is_origin(origin: &str) -> bool {
    let schemes = [("http://", ":80"), ("https://", ":443")];
    schemes.into_iter().any(|(scheme, own_port)| {
        origin.strip_prefix(scheme).is_some_and(|host| {
            let strange = |c: char| !c.is_ascii() || c.is_ascii_uppercase() || "/*?#@".contains(c);
            !host.is_empty() && !host.contains(strange) && !host.ends_with(own_port)
        })
    })
}

/// Addresses and networks, and whether whoever comes by a Unix socket is one of them.
pub(super) fn trusted_proxies(vars: &mut Vars) -> TrustedProxies {
    let mut trusted = TrustedProxies::default();
    for part in split(&vars.optional("TRUSTED_PROXIES").unwrap_or_default()) {
        // As nginx writes it, or as `LISTEN_ADDR` might make one guess.
        if part == "unix" || part == "unix:" {
            trusted.unix = true;
            continue;
        }
        let network = part
            .parse()
            .or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
        if let Ok(network) = network {
            trusted.networks.push(network);
        } else {
            let what =
                format!("{part} is neither an address nor a network such as 10.0.0.0/8, nor unix");
            vars.problem("TRUSTED_PROXIES", what);
        }
    }
    trusted
}
