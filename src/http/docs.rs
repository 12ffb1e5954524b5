//! The OpenAPI document and Swagger UI, made once at start and shared by every answer.

use bytes::Bytes;
use poem::endpoint::make_sync;
use poem::http::header;
use poem::{Endpoint, Response, Route, get};
use poem_openapi::{OpenApi, OpenApiService};

use super::example::EXAMPLE_TOKEN;

/// The document in its three forms.
pub(super) struct Documents {
    json: String,
    yaml: String,
    page: String,
}

impl Documents {
    /// The documents of `service`, with `example` where there is a token that really works.
    pub(super) fn of<T: OpenApi>(service: &OpenApiService<T, ()>, example: Option<&str>) -> Self {
        let example = example.unwrap_or(EXAMPLE_TOKEN);
        let [json, yaml, page] = [
            service.spec(),
            service.spec_yaml(),
            service.swagger_ui_html(),
        ]
        .map(|document| document.replace(EXAMPLE_TOKEN, example));
        // Browsers ask for an icon that is not there unless the page says that it has none.
        let head = "<title>remint</title><link rel=\"icon\" href=\"data:,\">";
        let page = page.replacen("<title>Swagger UI</title>", head, 1);
        Self { json, yaml, page }
    }

    /// The document as text.
    pub(super) fn text(&self) -> &str {
        &self.json
    }

    /// The same routes, and those of the documents.
    pub(super) fn add_to(self, routes: Route) -> Route {
        routes
            .at("/docs", get(serve(self.page, "text/html; charset=utf-8")))
            .at("/openapi.json", get(serve(self.json, "application/json")))
            // RFC 9512.
            .at("/openapi.yaml", get(serve(self.yaml, "application/yaml")))
    }
}

/// Answers with a handle on the one copy: poem's own endpoint copies 1.6 MB for each request.
fn serve(document: String, content_type: &'static str) -> impl Endpoint + 'static {
    let document = Bytes::from(document);
    make_sync(move |_| {
        Response::builder()
            .content_type(content_type)
            .header(header::CACHE_CONTROL, "no-cache")
            .body(document.clone())
    })
}
