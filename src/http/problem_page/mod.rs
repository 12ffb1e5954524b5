//! The pages that explain problems, where the `type` of a problem points to: chapters of the book.
//!
//! *Why rendered here.* Whoever meets a problem has the service at hand, and not always the book. One
//! text serves both.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use poem::http::header::CONTENT_SECURITY_POLICY;
use poem::web::{Html, Path};
use poem::{IntoResponse, Response, Route, get, handler};
use pulldown_cmark::{CowStr, Event, Parser, Tag, TagEnd, html};
use sha2::{Digest as _, Sha256};

use super::problem::Code;

/// The chapter that lists them all.
const LIST: &str = include_str!("../../../docs/problems/index.md");

const STYLE: &str = include_str!("page.css");

/// Nothing but the page's own style, which it names by its hash: no script, no other request.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
});

/// The same routes, and those of the pages.
pub(super) fn add_to(routes: Route) -> Route {
    let routes = routes.at("/problems/", get(all));
    routes.at("/problems/:code", get(of_code))
}

/// The page of one code.
#[handler]
fn of_code(Path(code): Path<String>) -> poem::Result<Response> {
    let known = Code::ALL.iter().find(|known| known.word() == code);
    let code = known.ok_or(poem::error::NotFoundError)?;
    Ok(page(code.title(), code.chapter()))
}

/// The page that leads to them.
#[handler]
fn all() -> Response {
    page("Problems", LIST)
}

fn page(title: &str, chapter: &str) -> Response {
    let mut body = String::new();
    html::push_html(&mut body, events(chapter));
    Html(format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} – remint</title><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head>\
         <body><nav><a href=\"./\">All problems</a></nav><main>\n{body}</main></body></html>\n"
    ))
    .with_header(CONTENT_SECURITY_POLICY, POLICY.as_str())
    .into_response()
}

/// What the chapter consists of. Links to another problem lead to its page, those to the rest of the
/// book, which is not here, are plain text.
fn events(chapter: &str) -> impl Iterator<Item = Event<'_>> {
    let mut is_link = true;
    Parser::new(chapter).filter_map(move |mut event| {
        if let Event::Start(Tag::Link { dest_url, .. }) = &mut event {
            let address = address(dest_url);
            is_link = address.is_some();
            *dest_url = address?;
        }
        let is_end = matches!(event, Event::End(TagEnd::Link));
        (is_link || !is_end).then_some(event)
    })
}

/// Where a link of a chapter leads to on the service, if it does.
fn address(link: &str) -> Option<CowStr<'static>> {
    let word = link.strip_suffix(".md")?;
    let is_problem = Code::ALL.iter().any(|code| code.word() == word);
    is_problem.then(|| word.to_owned().into())
}

#[cfg(test)]
mod tests {
    use poem_openapi::types::ToJSON as _;

    use super::*;

    #[test]
    fn every_chapter_begins_with_what_the_answer_says() {
        for code in Code::ALL {
            let action = code.action().to_json_string();
            let begin = format!(
                "# {}\n\n`{}`, status {}, action `{}`.\n",
                code.title(),
                code.word(),
                code.status(),
                action.trim_matches('"')
            );

            assert!(code.chapter().starts_with(&begin), "{begin}");
        }
    }

    #[test]
    fn every_chapter_has_a_word_for_each_who_meets_the_problem() {
        let expected = ["What it means", "In the frontend", "In operation"];
        for code in Code::ALL {
            let headings = code.chapter().lines();
            let headings: Vec<_> = headings
                .filter_map(|line| line.strip_prefix("## "))
                .collect();

            assert_eq!(headings, expected, "{}", code.word());
        }
    }

    #[test]
    fn the_list_leads_to_every_problem() {
        for code in Code::ALL {
            let link = format!("[`{0}`]({0}.md)", code.word());

            assert_eq!(LIST.matches(&link).count(), 1, "{link}");
        }
    }

    #[test]
    fn links_lead_to_what_the_service_has() {
        let mut body = String::new();

        let chapter = "[a](not_found.md), [b](../settings.md#jwt_secret_key), [c](nothing.md)";
        html::push_html(&mut body, events(chapter));

        assert_eq!(body, "<p><a href=\"not_found\">a</a>, b, c</p>\n");
    }
}
