//! The `Allow` header of 405 (RFC 9110 §15.5.6).

use std::collections::BTreeMap;

use poem::http::HeaderValue;

use super::docs::Documents;
use super::oauth::metadata::WELL_KNOWN;
use super::pages;

/// The methods of what is not in the document.
const PAGE: HeaderValue = HeaderValue::from_static("GET, HEAD");

/// Which methods each path has, as the OpenAPI document says.
#[derive(Default)]
pub(super) struct AllowedMethods(BTreeMap<String, HeaderValue>);

impl AllowedMethods {
    pub(super) fn of(documents: &Documents) -> Self {
        let document: serde_json::Value =
            serde_json::from_str(documents.text()).unwrap_or_default();
        let mut paths = BTreeMap::new();
        for (path, operations) in document
            .get("paths")
            .and_then(|p| p.as_object())
            .into_iter()
            .flatten()
        {
            let methods = operations
                .as_object()
                .into_iter()
                .flat_map(|methods| methods.keys());
            let mut names: Vec<_> = methods.map(|method| method.to_ascii_uppercase()).collect();
            if names.iter().any(|name| name == "GET") {
                names.push("HEAD".to_owned());
            }
            if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
                paths.insert(path.clone(), value);
            }
        }
        for page in ["/docs", "/openapi.json", "/openapi.yaml"] {
            paths.insert(page.to_owned(), PAGE);
        }
        Self(paths)
    }

    pub(super) fn of_path(&self, path: &str) -> Option<HeaderValue> {
        let is_metadata = path.strip_prefix(WELL_KNOWN);
        if pages::has(path)
            || path.starts_with("/problems/")
            || is_metadata.is_some_and(|it| it.starts_with('/'))
        {
            return Some(PAGE);
        }
        self.entry(path).map(|(_, methods)| methods.clone())
    }

    /// The path as the document has it.
    pub(super) fn route(&self, path: &str) -> Option<&str> {
        self.entry(path).map(|(template, _)| template.as_str())
    }

    fn entry(&self, path: &str) -> Option<(&String, &HeaderValue)> {
        let templates = || self.0.iter().find(|(template, _)| fits(template, path));
        self.0.get_key_value(path).or_else(templates)
    }
}

/// Whether `path` is one of those that the template, such as `/sessions/{id}`, stands for.
fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template
            .zip(path)
            .all(|(wanted, part)| wanted == part || wanted.starts_with('{'))
}
