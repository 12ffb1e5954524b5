//! `remint openapi`, and the document in the repository.

use crate::harness::process::Place;

const ADMIN_JSON: &str = include_str!("../../openapi/admin.json");
const ADMIN_YAML: &str = include_str!("../../openapi/admin.yaml");
const JSON: &str = include_str!("../../openapi/openapi.json");
const YAML: &str = include_str!("../../openapi/openapi.yaml");

#[test]
fn the_documents_in_the_repository_are_those_of_this_version() {
    let place = Place::bare();

    let (default, json, yaml) = (
        place.run(&["openapi"]),
        place.run(&["openapi", "--format", "json"]),
        place.run(&["openapi", "--format", "yaml"]),
    );

    let how = "write it with `remint openapi --output openapi/openapi.json` and `--format yaml`";
    assert!(default.stdout == JSON && json.stdout == JSON, "{how}");
    assert!(yaml.stdout == YAML, "{how}");
}

#[test]
fn so_are_those_of_the_admin_listener() {
    let place = Place::bare();

    let json = place.run(&["openapi", "--admin"]);
    let yaml = place.run(&["openapi", "--admin", "--format", "yaml"]);

    let how =
        "write it with `remint openapi --admin --output openapi/admin.json` and `--format yaml`";
    assert!(
        json.stdout == ADMIN_JSON && yaml.stdout == ADMIN_YAML,
        "{how}"
    );
}

#[test]
fn the_document_can_be_written_to_a_file_whatever_the_settings() {
    let place = Place::bare()
        .with("JWT_SECRET_KEY", "short")
        .with("USERS_TABEL", "x");

    let output = place.run(&["openapi", "--output", "document.json"]);

    assert_eq!((output.code, output.stdout.as_str()), (Some(0), ""));
    assert_eq!(place.files(), ["document.json"]);
    let written = std::fs::read_to_string(place.path().join("document.json")).unwrap();
    assert!(written == JSON);
}
