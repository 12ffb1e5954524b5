//! The cookies that carry tokens.

use crate::http::{CookieSettings, SameSite};

use super::vars::Vars;

/// Said where cookies go over plain HTTP.
const INSECURE: &str = "COOKIE_SECURE: without it browsers send the tokens over plain HTTP, where \
    anybody on the way can read them; false is for trying things out";

/// Names, domain and what browsers may do; what contradicts itself is a problem noted.
pub(super) fn read(vars: &mut Vars, warnings: &mut Vec<String>) -> CookieSettings {
    let secure = vars.flag("COOKIE_SECURE", true);
    if !secure {
        warnings.push(INSECURE.to_owned());
    }
    let domain = domain(vars);
    let same_site = same_site(vars);
    if same_site == SameSite::None && !secure {
        let what = "browsers take none only with COOKIE_SECURE=true";
        vars.problem("COOKIE_SAME_SITE", what);
    }
    let mut checked = |variable, default| {
        let name = name(vars, variable, default);
        if let Some(what) = contradiction(&name, domain.is_some(), secure) {
            vars.problem(variable, what);
        }
        name
    };
    let refresh_name = checked("REFRESH_COOKIE_NAME", "refresh_token");
    let access_name = checked("ACCESS_COOKIE_NAME", "access_token");
    if refresh_name == access_name {
        let what = "must be another than REFRESH_COOKIE_NAME";
        vars.problem("ACCESS_COOKIE_NAME", what);
    }
    CookieSettings {
        refresh_name,
        access_name,
        domain,
        same_site,
        secure,
    }
}

/// A token of RFC 9110 §5.6.2, which is what RFC 6265 §4.1.1 makes of a cookie's name.
fn name(vars: &mut Vars, variable: &'static str, default: &str) -> String {
    let name = vars.text(variable, default);
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.chars().all(is_token) {
        return name;
    }
    let what = "expected letters, digits, - and _, without spaces";
    vars.problem(variable, what);
    default.to_owned()
}

/// Why browsers would drop a cookie of that name, which promises what the settings break.
fn contradiction(name: &str, has_domain: bool, secure: bool) -> Option<&'static str> {
    // Browsers take the prefixes in any case, or servers that do could be deceived.
    let name = name.to_ascii_lowercase();
    if name.starts_with("__host-") && has_domain {
        return Some("__Host- promises that there is no domain, but COOKIE_DOMAIN is set");
    }
    let promises_https = ["__host-", "__secure-", "__http-"];
    let promises = promises_https.iter().any(|prefix| name.starts_with(prefix));
    (promises && !secure).then_some("the prefix promises HTTPS, but COOKIE_SECURE is false")
}

/// A domain of at least two labels; the dot that was once written before it means nothing.
fn domain(vars: &mut Vars) -> Option<String> {
    const NAME: &str = "COOKIE_DOMAIN";
    let domain = vars.optional(NAME)?;
    let domain = domain.strip_prefix('.').unwrap_or(&domain);
    let labels: Vec<&str> = domain.split('.').collect();
    let is_address = labels.last()?.bytes().all(|byte| byte.is_ascii_digit());
    if labels.len() > 1 && domain.len() <= 253 && !is_address && labels.into_iter().all(is_label) {
        return Some(domain.to_owned());
    }
    let what = "expected a domain such as example.com, without a scheme, a port or a path; leave \
        it out for localhost, an address, or if only one host is to get the cookies";
    vars.problem(NAME, what);
    None
}

fn is_label(label: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let has_edge = label.starts_with('-') || label.ends_with('-');
    (1..=63).contains(&label.len()) && !has_edge && label.bytes().all(is_good)
}

fn same_site(vars: &mut Vars) -> SameSite {
    match vars.text("COOKIE_SAME_SITE", "lax").as_str() {
        "lax" => SameSite::Lax,
        "strict" => SameSite::Strict,
        "none" => SameSite::None,
        _ => {
            vars.problem("COOKIE_SAME_SITE", "expected lax, strict or none");
            SameSite::Lax
        }
    }
}
