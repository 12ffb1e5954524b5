//! What is exported of requests, and where to.
//!
//! *Why a cargo feature.* Few have a collector, and its crates would make each first build longer.
//! Without the feature `otlp` the settings are still known, to say what is missing.

use http::uri::Authority;
use http::{HeaderMap, Uri};

/// Whether this binary can export traces.
pub const EXPORTS_TRACES: bool = cfg!(feature = "otlp");

/// A collector, and what it gets.
#[derive(Debug, Clone)]
pub struct TraceSettings {
    /// Where spans are sent to, by OTLP over HTTP.
    pub endpoint: Uri,
    /// What is sent along, such as a key; shown nowhere.
    pub headers: HeaderMap,
    /// What traces call this service.
    pub service_name: String,
    /// What else they say of it.
    pub resource: Vec<(String, String)>,
    /// Which requests.
    pub sampling: Sampling,
}

impl TraceSettings {
    /// Where the collector is, without what may be secret of its address.
    pub fn collector(&self) -> &str {
        self.endpoint.authority().map_or("", Authority::as_str)
    }
}

/// Which requests are followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Which part of them, from 0 to 1.
    pub ratio: f64,
    /// Whether a caller that follows its own, or does not, decides before that.
    pub parent_based: bool,
}
