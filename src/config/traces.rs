//! The collector of traces, in the words of OpenTelemetry.

use std::str::FromStr;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};

use crate::telemetry::{EXPORTS_TRACES, Sampling, TraceSettings};

use super::vars::{Vars, split};

const BASE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const TRACES_HEADERS: &str = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";
const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
const RATIO: &str = "OTEL_TRACES_SAMPLER_ARG";

/// What the other names of protocols are told.
const PROTOCOL: &str = "only http/protobuf is spoken, mostly at port 4318";

/// Said where a key travels for all to read.
const PLAIN_HTTP: &str = "over plain HTTP anybody on the way to the collector can read them";

/// The settings; none where there is no endpoint, or `OTEL_SDK_DISABLED` turns all of it off. A
/// binary that was built without has a problem with an endpoint.
pub(super) fn read(vars: &mut Vars, warnings: &mut Vec<String>) -> Option<TraceSettings> {
    let is_off = vars.optional("OTEL_SDK_DISABLED");
    let (base, traces) = (vars.optional(BASE), vars.optional(TRACES));
    let protocol = vars.optional("OTEL_EXPORTER_OTLP_PROTOCOL");
    let headers = secret_headers(vars);
    let service_name = vars.optional("OTEL_SERVICE_NAME");
    let resource = vars.optional(RESOURCE);
    let sampler = vars.optional("OTEL_TRACES_SAMPLER");
    let ratio = vars.optional(RATIO);
    if is_off.is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return None;
    }
    let (name, address) = match (base, traces) {
        (_, Some(traces)) => (TRACES, traces),
        (Some(base), None) => (BASE, format!("{}/v1/traces", base.trim_end_matches('/'))),
        (None, None) => return None,
    };
    if !EXPORTS_TRACES {
        let what = "this binary cannot export traces; build it with --features otlp, or set \
                    OTEL_SDK_DISABLED=true";
        vars.problem(name, what);
        return None;
    }
    if protocol.is_some_and(|protocol| protocol != "http/protobuf") {
        vars.problem("OTEL_EXPORTER_OTLP_PROTOCOL", PROTOCOL);
    }
    let endpoint = endpoint(vars, name, &address);
    let headers = headers.map(|(name, text)| (name, headers_of(vars, name, &text)));
    let resource = resource.map_or_else(Vec::new, |text| attributes(vars, &text));
    let sampling = sampling(vars, sampler.as_deref(), ratio.as_deref());
    let endpoint = endpoint?;
    let (name, headers) = headers.unwrap_or_default();
    if !headers.is_empty() && is_overheard(&endpoint) {
        warnings.push(format!("{name}: {PLAIN_HTTP}"));
    }
    let named = resource.iter().find(|(name, _)| name == "service.name");
    let named = named.map(|(_, value)| value.clone());
    Some(TraceSettings {
        endpoint,
        headers,
        service_name: service_name
            .or(named)
            .unwrap_or_else(|| "remint".to_owned()),
        resource,
        sampling,
    })
}

fn endpoint(vars: &mut Vars, name: &str, address: &str) -> Option<Uri> {
    let uri = address.parse::<Uri>().unwrap_or_default();
    let is_whole = matches!(uri.scheme_str(), Some("http" | "https"));
    let has_password = uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'));
    if !is_whole || uri.host().unwrap_or_default().is_empty() || has_password {
        // Not the value: it may hold a password.
        vars.problem(name, "expected an address such as http://127.0.0.1:4318");
        return None;
    }
    Some(uri)
}

fn is_overheard(endpoint: &Uri) -> bool {
    let host = endpoint.host().unwrap_or_default();
    endpoint.scheme_str() == Some("http") && !["127.0.0.1", "[::1]", "localhost"].contains(&host)
}

/// Names and percent-encoded values, as W3C Baggage has them; none if one of them is not.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |part: String| {
        let (name, value) = part.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        let name = name.trim();
        (!name.is_empty()).then(|| (name.to_owned(), value.into_owned()))
    };
    split(text).into_iter().map(pair).collect()
}

/// Those of traces, or else those of everything; with the name that they have.
fn secret_headers(vars: &mut Vars) -> Option<(&'static str, SecretString)> {
    let base = vars.secret(HEADERS, "OTEL_EXPORTER_OTLP_HEADERS_FILE");
    let traces = vars.secret(TRACES_HEADERS, "OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE");
    let traces = traces.map(|text| (TRACES_HEADERS, text));
    traces.or(base.map(|text| (HEADERS, text)))
}

fn headers_of(vars: &mut Vars, name: &str, text: &SecretString) -> HeaderMap {
    let header = |(name, value): (String, String)| {
        let name = HeaderName::from_str(&name).ok()?;
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        Some((name, value))
    };
    let pairs = pairs(text.expose_secret());
    let headers = pairs.and_then(|pairs| pairs.into_iter().map(header).collect());
    headers.unwrap_or_else(|| {
        vars.problem(name, "expected names and values: api-key=…,x-tenant=…");
        HeaderMap::new()
    })
}

fn attributes(vars: &mut Vars, text: &str) -> Vec<(String, String)> {
    pairs(text).unwrap_or_else(|| {
        let example = "deployment.environment.name=production,service.namespace=shop";
        vars.problem(RESOURCE, format!("expected names and values: {example}"));
        Vec::new()
    })
}

fn sampling(vars: &mut Vars, sampler: Option<&str>, ratio: Option<&str>) -> Sampling {
    let sampler = sampler.unwrap_or("parentbased_always_on");
    let own = sampler.strip_prefix("parentbased_");
    let parent_based = own.is_some();
    let ratio = match own.unwrap_or(sampler) {
        "always_on" => 1.0,
        "always_off" => 0.0,
        "traceidratio" => match ratio.map_or(Ok(1.0), str::parse) {
            Ok(ratio) if (0.0..=1.0).contains(&ratio) => ratio,
            _ => {
                vars.problem(RATIO, "expected a number from 0 to 1");
                1.0
            }
        },
        _ => {
            let what = "expected always_on, always_off or traceidratio, or one of them after \
                        parentbased_";
            vars.problem("OTEL_TRACES_SAMPLER", what);
            1.0
        }
    };
    Sampling {
        ratio,
        parent_based,
    }
}
