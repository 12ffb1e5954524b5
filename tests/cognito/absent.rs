//! A binary that was built without.

use crate::harness::process::Place;
use crate::harness::servers::daemon::leave_out;

#[test]
fn a_binary_without_cognito_says_how_to_build_one_with_it() {
    leave_out("Cognito", "this is built without `--features cognito`").unwrap();
    let place = Place::new()
        .with("COGNITO_REGION", "eu-central-1")
        .with("COGNITO_CLIENT_ID", "client");

    let output = place.run(&["doctor"]);

    assert_eq!(output.code, Some(1));
    let complaint = "COGNITO_CLIENT_ID: this binary cannot ask Cognito; build it with --features";
    assert!(output.stderr.contains(complaint), "{output:?}");
}
