//! Swagger UI.

use crate::harness::process::Place;

use super::run;

#[tokio::test]
async fn swagger_ui_works_in_a_browser_and_offline() {
    let service = Place::new().serve();

    let origin = format!("http://{}", service.address());
    run("docs.js", &[("ORIGIN", &origin)]).await;
}
