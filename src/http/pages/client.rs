//! `/client.js`: the client for browsers, a module that pages of any origin may load.
//!
//! It is there whether or not there are pages for people: frontends depend on it.

use poem::endpoint::make_sync;
use poem::http::{HeaderValue, header};
use poem::{Endpoint, Request, Route};

use super::{File, Ready};

/// The module, and its types.
const FILES: [File; 2] = [
    File {
        path: "/client.js",
        text: include_str!("../../../web/client/remint.js"),
    },
    File {
        path: "/client.d.ts",
        text: include_str!("../../../web/client/remint.d.ts"),
    },
];

/// Each file at its path.
pub(in crate::http) fn client() -> Route {
    FILES.into_iter().fold(Route::new(), |routes, file| {
        routes.at(file.path, poem::get(serve(file)))
    })
}

/// Whether that is where a file is.
pub(super) fn has(path: &str) -> bool {
    FILES.iter().any(|file| file.path == path)
}

fn serve(file: File) -> impl Endpoint + 'static {
    let ready = Ready::of(file);
    make_sync(move |request: Request| {
        let mut response = ready.answer(&request);
        let headers = response.headers_mut();
        // Nothing in it is anybody's own, and browsers load a module of another origin only so.
        let anybody = HeaderValue::from_static("*");
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, anybody);
        let elsewhere = HeaderValue::from_static("cross-origin");
        headers.insert("cross-origin-resource-policy", elsewhere);
        response
    })
}
