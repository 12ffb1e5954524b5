//! Pages for people: the files of `web/`, embedded, as they stand there.
//!
//! *Why nothing inline.* People paste live tokens here. So nothing runs or is fetched that is not a file
//! of this service, and the policy that says so has no exception that a mistake could use.

mod client;
mod settings;

use std::collections::BTreeMap;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use poem::error::MethodNotAllowedError;
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response, Result};
use sha2::{Digest, Sha256};

pub(super) use client::client;
pub use settings::{PageContract, PageSettings};

/// Where everything is that the pages are made of.
const FOLDER: &str = "/ui/";

/// Where the page finds what it must know.
const SETTINGS: &str = "/ui/page/settings.json";

/// What the pages may do: read their own files and ask this service, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// A file of `web/`.
#[derive(Clone, Copy)]
pub(super) struct File {
    path: &'static str,
    text: &'static str,
}

/// The file of that name below `web/`, at the same name below `/ui/`.
macro_rules! file {
    ($name:literal) => {
        File {
            path: concat!("/ui/", $name),
            text: include_str!(concat!("../../../web/", $name)),
        }
    };
}

/// What the pages of both listeners use.
const SHARED: &[File] = &[
    file!("shared/base.css"),
    file!("shared/dom.js"),
    file!("shared/icon.svg"),
    file!("shared/tabs.js"),
    file!("shared/theme.js"),
    file!("shared/time.js"),
];

/// The page of the public listener, which is at `/`.
pub(super) const PUBLIC: &[File] = &[
    File {
        path: "/",
        text: include_str!("../../../web/page/index.html"),
    },
    file!("page/answers.js"),
    file!("page/checks.js"),
    file!("page/code.js"),
    file!("page/contracts.js"),
    file!("page/diagram.js"),
    file!("page/json.js"),
    file!("page/looking.js"),
    file!("page/main.js"),
    file!("page/page.css"),
    file!("page/refreshing.js"),
    file!("page/rules.js"),
    file!("page/token.js"),
    file!("page/walk.js"),
];

/// The page of the admin listener, which is at `/` there.
pub(super) const ADMIN: &[File] = &[
    File {
        path: "/",
        text: include_str!("../../../web/admin/index.html"),
    },
    file!("admin/admin.css"),
    file!("admin/explain.js"),
    file!("admin/figures.js"),
    file!("admin/key.js"),
    file!("admin/main.js"),
    file!("admin/plot.js"),
    file!("admin/sessions.js"),
    file!("admin/watch.js"),
];

/// Files, and whatever is behind them.
///
/// *Why no routes.* The framework's router prefers what takes every path to what takes `/` alone.
pub(super) struct Pages<E> {
    files: BTreeMap<&'static str, Ready>,
    inner: E,
}

/// A file as it is answered.
struct Ready {
    body: Bytes,
    media_type: &'static str,
    tag: HeaderValue,
}

impl<E> Pages<E> {
    /// Those files and the shared ones before `inner`; nothing where there are no pages.
    pub(super) fn before(inner: E, is_on: bool, files: &[File]) -> Self {
        let files = SHARED.iter().chain(files).filter(|_| is_on);
        Self {
            files: files.map(|file| (file.path, Ready::of(*file))).collect(),
            inner,
        }
    }

    /// The same with what the page must know, as JSON.
    pub(super) fn knowing(mut self, settings: String) -> Self {
        if !self.files.is_empty() {
            let file = Ready::new(settings.into(), "application/json");
            self.files.insert(SETTINGS, file);
        }
        self
    }
}

impl<E: Endpoint> Endpoint for Pages<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        match self.files.get(request.uri().path()) {
            None => Ok(self.inner.call(request).await?.into_response()),
            Some(file) if request.method() == Method::GET => Ok(file.answer(&request)),
            Some(_) => Err(MethodNotAllowedError.into()),
        }
    }
}

/// Whether a page, or a part of one, may be at that path.
pub(super) fn has(path: &str) -> bool {
    path == "/" || path.starts_with(FOLDER) || client::has(path)
}

impl Ready {
    fn of(file: File) -> Self {
        let body = Bytes::from_static(file.text.as_bytes());
        Self::new(body, media_type(file.path))
    }

    fn new(body: Bytes, media_type: &'static str) -> Self {
        let tag = tag(&body);
        Self {
            body,
            media_type,
            tag,
        }
    }

    /// The file, or that the browser has it already.
    fn answer(&self, request: &Request) -> Response {
        let mut response = if is_known(request, &self.tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Response::builder()
                .content_type(self.media_type)
                .body(self.body.clone())
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.tag.clone());
        for (name, value) in [
            // A newer binary has newer files, which must not meet older ones of a cache.
            (header::CACHE_CONTROL, "no-cache"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::REFERRER_POLICY, "no-referrer"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
            headers.insert(name, HeaderValue::from_static("same-origin"));
        }
        response
    }
}

/// Whether the browser has the version of that tag (RFC 9110 §13.1.2).
fn is_known(request: &Request, tag: &HeaderValue) -> bool {
    let lines = request.headers().get_all(header::IF_NONE_MATCH);
    let mut tags = lines
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        // A proxy that compresses what it passes on weakens the tag.
        .map(|known| known.trim().trim_start_matches("W/"));
    tags.any(|known| known.as_bytes() == tag.as_bytes())
}

/// Names this version of a file.
fn tag(text: &[u8]) -> HeaderValue {
    let tag = format!("\"{:.16}\"", HEXLOWER.encode(&Sha256::digest(text)));
    HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""))
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        // RFC 9239; browsers run a module as nothing else.
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        Some((_, "ts")) => "text/plain; charset=utf-8",
        _ => "text/html; charset=utf-8",
    }
}
