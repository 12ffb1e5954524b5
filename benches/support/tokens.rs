//! Expired tokens as a legacy backend makes them, each another one.

use std::cell::{Cell, RefCell};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::closed::post;

/// Odd, so that the numbers that it multiplies stay apart; near the golden ratio, so that they lie
/// everywhere.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Signs tokens one after the other.
pub(crate) struct Mint {
    key: Hmac<Sha256>,
    header: String,
    issued: u64,
    now: i64,
    users: u64,
}

impl Mint {
    /// Tokens of so many users that expired a minute before `now`, in seconds since 1970.
    pub(crate) fn new(secret: &str, now: i64, users: u64) -> Self {
        Self {
            key: Hmac::new_from_slice(secret.as_bytes()).unwrap(),
            header: URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
            issued: 0,
            now,
            users,
        }
    }

    /// A token that was not there before.
    pub(crate) fn token(&mut self) -> String {
        self.issued += 1;
        let Self { issued, now, .. } = self;
        let (iat, exp) = (*now - 1860, *now - 60);
        // Neighbours in a table share a page, which is what a real service's callers do not do.
        let user = issued.wrapping_mul(SPREAD) % self.users;
        let payload =
            format!(r#"{{"sub":"user-{user}","iat":{iat},"exp":{exp},"jti":"{issued:016x}"}}"#);
        let signed = format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(payload));
        let signature = self.signature(&signed);
        format!("{signed}.{signature}")
    }

    /// A refresh of a token that was not there before, as bytes.
    pub(crate) fn request(&mut self) -> Vec<u8> {
        post(
            "/api/auth/refresh",
            &format!(r#"{{"token":"{}"}}"#, self.token()),
        )
    }

    /// Whether that token has the signature of the key.
    pub(crate) fn has_signed(&self, token: &str) -> bool {
        let (signed, signature) = token.rsplit_once('.').unwrap_or_default();
        self.signature(signed) == signature
    }

    fn signature(&self, signed: &str) -> String {
        let mut mac = self.key.clone();
        mac.update(signed.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

/// Refreshes that are signed before anybody measures: the clients have a processor to share.
pub(crate) struct Stock {
    pub(crate) mint: RefCell<Mint>,
    requests: RefCell<Vec<Vec<u8>>>,
    /// How many it holds when it is full.
    enough: Cell<usize>,
    /// How many were taken since it was.
    taken: Cell<usize>,
}

impl Stock {
    pub(crate) fn new(mint: Mint) -> Self {
        Self {
            mint: RefCell::new(mint),
            requests: RefCell::default(),
            enough: Cell::default(),
            taken: Cell::default(),
        }
    }

    /// Puts by `least`, or half as many again as were ever taken from one filling to the next.
    pub(crate) fn fill(&self, least: usize) {
        let enough = self.enough.get().max(self.taken.take() * 3 / 2);
        self.enough.set(enough.max(least));
        let mut requests = self.requests.borrow_mut();
        let mut mint = self.mint.borrow_mut();
        while requests.len() < self.enough.get() {
            requests.push(mint.request());
        }
    }

    /// One that was not there before; signed now if there are no more.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.taken.set(self.taken.get() + 1);
        let request = self.requests.borrow_mut().pop();
        request.unwrap_or_else(|| self.mint.borrow_mut().request())
    }
}
