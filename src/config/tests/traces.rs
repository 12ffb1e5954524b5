use http::HeaderValue;

use super::{problem, read};
use crate::telemetry::EXPORTS_TRACES;

const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/");

#[test]
fn without_an_endpoint_or_where_all_is_turned_off_nothing_is_exported() {
    assert!(read(&[]).unwrap().traces.is_none());
    assert!(
        read(&[("OTEL_TRACES_SAMPLER", "x")])
            .unwrap()
            .traces
            .is_none()
    );
    let off = ("OTEL_SDK_DISABLED", "TRUE");
    assert!(read(&[ENDPOINT, off]).unwrap().traces.is_none());
}

#[test]
fn a_binary_without_traces_does_not_start_with_an_endpoint() {
    if EXPORTS_TRACES {
        assert!(read(&[ENDPOINT]).is_ok());
        return;
    }
    let expected = "OTEL_EXPORTER_OTLP_ENDPOINT: this binary cannot export traces; build it with \
                    --features otlp, or set OTEL_SDK_DISABLED=true";
    assert_eq!(problem(&[ENDPOINT]), expected);
}

#[test]
fn the_path_of_traces_is_added_to_the_one_address_and_not_to_the_other() {
    if !EXPORTS_TRACES {
        return;
    }
    let whole = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://c.example/x");
    for (settings, expected) in [
        (&[ENDPOINT][..], "http://127.0.0.1:4318/v1/traces"),
        (&[ENDPOINT, whole], "https://c.example/x"),
    ] {
        let traces = read(settings).unwrap().traces.unwrap();
        assert_eq!(traces.endpoint.to_string(), expected);
    }
}

#[test]
fn samplers_have_the_names_of_opentelemetry() {
    if !EXPORTS_TRACES {
        return;
    }
    for (name, ratio, expected) in [
        ("", "", (1.0, true)),
        ("always_on", "", (1.0, false)),
        ("parentbased_always_off", "0.5", (0.0, true)),
        ("traceidratio", "0.25", (0.25, false)),
        ("parentbased_traceidratio", "", (1.0, true)),
    ] {
        let sampler = ("OTEL_TRACES_SAMPLER", name);
        let ratio = ("OTEL_TRACES_SAMPLER_ARG", ratio);
        let traces = read(&[ENDPOINT, sampler, ratio]).unwrap().traces.unwrap();
        let sampling = (traces.sampling.ratio, traces.sampling.parent_based);
        assert_eq!(sampling, expected, "{name}");
    }
}

#[test]
fn what_cannot_be_meant_is_a_problem_that_quotes_no_secret() {
    if !EXPORTS_TRACES {
        return;
    }
    let ratio = ("OTEL_TRACES_SAMPLER", "traceidratio");
    for (settings, expected) in [
        (
            vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")],
            "expected an address",
        ),
        (
            vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:secret@b")],
            "expected an address",
        ),
        (
            vec![ENDPOINT, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
            "only http/protobuf",
        ),
        (
            vec![ENDPOINT, ("OTEL_EXPORTER_OTLP_HEADERS", "secret")],
            "expected names and values",
        ),
        (
            vec![ENDPOINT, ("OTEL_EXPORTER_OTLP_HEADERS", "a b=secret")],
            "expected names and values",
        ),
        (
            vec![ENDPOINT, ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "secret")],
            "TRACES_HEADERS: expected names and values",
        ),
        (
            vec![ENDPOINT, ("OTEL_RESOURCE_ATTRIBUTES", "secret")],
            "expected names and values",
        ),
        (
            vec![ENDPOINT, ("OTEL_TRACES_SAMPLER", "secret")],
            "expected always_on",
        ),
        (
            vec![ENDPOINT, ratio, ("OTEL_TRACES_SAMPLER_ARG", "1.5")],
            "a number from 0 to 1",
        ),
        (
            vec![ENDPOINT, ratio, ("OTEL_TRACES_SAMPLER_ARG", "NaN")],
            "a number from 0 to 1",
        ),
    ] {
        let problem = problem(&settings);
        assert!(problem.contains(expected), "{problem}");
        assert!(!problem.contains("secret"), "{problem}");
    }
}

#[test]
fn a_key_shows_nowhere_and_is_warned_of_where_anybody_can_read_it() {
    if !EXPORTS_TRACES {
        return;
    }
    let names = [
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    ];
    for (name, (url, warnings)) in names.into_iter().flat_map(|name| {
        [
            (name, ("http://127.0.0.1:4318", 0)),
            (name, ("https://c", 0)),
            (name, ("http://c", 1)),
        ]
    }) {
        let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", url), (name, "api-key=hush")];
        let config = read(&settings).unwrap();

        let heard = config.warnings.iter();
        let heard = heard.filter(|line| line.starts_with(&format!("{name}: ")));
        assert_eq!(heard.count(), warnings, "{url}");
        assert!(!format!("{config:?}").contains("hush"));
        assert_eq!(config.traces.unwrap().headers["api-key"], "hush");
    }
}

#[test]
fn the_headers_of_traces_take_the_place_of_those_of_everything() {
    if !EXPORTS_TRACES {
        return;
    }
    let base = ("OTEL_EXPORTER_OTLP_HEADERS", "x-a=1,x-b=2");
    let own = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-b=3");

    let traces = read(&[ENDPOINT, base, own]).unwrap().traces.unwrap();

    let headers = traces.headers.iter();
    let headers: Vec<_> = headers
        .map(|(name, value)| (name.as_str(), value))
        .collect();
    assert_eq!(headers, [("x-b", &HeaderValue::from_static("3"))]);
}
