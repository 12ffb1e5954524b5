//! A binary that was built without.

use crate::harness::process::Place;

#[test]
fn a_binary_without_traces_says_how_to_build_one_with_them_or_do_without() {
    let place = Place::new().with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");

    let output = place.run(&["serve"]);

    assert_eq!(output.code, Some(1));
    let complaint = "OTEL_EXPORTER_OTLP_ENDPOINT: this binary cannot export traces; build it with \
                     --features otlp, or set OTEL_SDK_DISABLED=true";
    assert!(output.stderr.contains(complaint), "{output:?}");
    let place = place.with("OTEL_SDK_DISABLED", "true");
    place.serve();
}
