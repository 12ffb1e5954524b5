//! The admin listener: where it is, and who may use it.

use secrecy::{ExposeSecret, SecretString};

use crate::http::{AdminKey, ListenAddress};
use crate::token::{HmacAlgorithm, Secret, WeakSecret};

use super::keys::Keys;
use super::listen;
use super::vars::Vars;

/// The fewest characters of a key; those of 24 random bytes in base64.
const MIN_CHARACTERS: usize = 32;

/// The settings of the admin listener.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// Where it is.
    pub listen: ListenAddress,
    /// What its callers have to know; without a key there is no admin listener.
    pub key: Option<AdminKey>,
    /// What opens the metrics and nothing else.
    pub metrics_key: Option<AdminKey>,
}

/// The settings; the keys must be none of the secrets that sign tokens, and the address another than
/// `public`.
pub(super) fn read(vars: &mut Vars, keys: Option<&Keys>, public: &ListenAddress) -> AdminSettings {
    const NAME: &str = "ADMIN_API_KEY";
    const METRICS: &str = "METRICS_API_KEY";
    let text = vars.secret(NAME, "ADMIN_API_KEY_FILE");
    let metrics_text = vars.secret(METRICS, "METRICS_API_KEY_FILE");
    match (&text, &metrics_text) {
        (None, Some(_)) => vars.problem(METRICS, "opens nothing without ADMIN_API_KEY"),
        (Some(text), Some(metrics)) if text.expose_secret() == metrics.expose_secret() => {
            let what = "must not be ADMIN_API_KEY: whoever reads metrics could log in as anybody";
            vars.problem(METRICS, what);
        }
        (_, _) => {}
    }
    let mut fit = |name, text| fit(vars, name, text, keys);
    let (key, metrics_key) = (fit(NAME, text), fit(METRICS, metrics_text));
    let listen = listen::address(vars, "ADMIN_LISTEN_ADDR", 9000);
    // Port 0 is a free one, each time another.
    if key.is_some() && listen == *public && !listen.is_any_port() {
        vars.problem("ADMIN_LISTEN_ADDR", "must be another than LISTEN_ADDR");
    }
    AdminSettings {
        listen,
        key,
        metrics_key,
    }
}

/// The key of that text, if it may be one.
fn fit(
    vars: &mut Vars,
    name: &'static str,
    text: Option<SecretString>,
    keys: Option<&Keys>,
) -> Option<AdminKey> {
    let text = text?;
    match judge(text.expose_secret(), keys) {
        Ok(()) => Some(AdminKey::of_text(text.expose_secret())),
        Err(what) => {
            vars.problem(name, what);
            None
        }
    }
}

/// Whether a secret that callers send is fit for it; says nothing of it if not.
pub(super) fn judge(text: &str, keys: Option<&Keys>) -> Result<(), &'static str> {
    if text.len() < MIN_CHARACTERS {
        return Err("expected 32 characters or more, such as those of `openssl rand -base64 48`");
    }
    // What else there is gets lost in a header.
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("expected ASCII without spaces, as it is sent in a header");
    }
    let same = |secret: &Secret| {
        let decoded = Secret::of_setting(text);
        secret.expose_bytes() == text.as_bytes()
            || decoded.is_ok_and(|decoded| decoded.expose_bytes() == secret.expose_bytes())
    };
    if keys.is_some_and(|keys| keys.secrets().any(same)) {
        return Err("must not be a secret of tokens: whoever has it could sign them");
    }
    match WeakSecret::find(&Secret::of_text(text), HmacAlgorithm::Hs256) {
        None => Ok(()),
        Some(WeakSecret::Known) => Err("stands in public documentation; anybody can use it"),
        Some(WeakSecret::Monotonous | WeakSecret::Short { .. }) => {
            Err("repeats a few characters; anybody can guess it")
        }
    }
}
