//! The examples of the documents that remint comes from, run as they stand there, apart from host,
//! port and credential: `curl` in a shell, `fetch` in a browser.

mod browser;
mod curl;
mod site;
mod tabs;
