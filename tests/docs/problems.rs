//! The pages that explain problems, which are chapters of the book as well.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use poem::http::Method;

use crate::harness::{ADMIN, Answer, TestApp, request, spawn_with};

/// The codes whose chapters are in the book.
fn chapters() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/problems");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let names = files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned());
    names.filter(|name| name != "index").collect()
}

/// Asks both listeners.
async fn ask(app: &TestApp, method: Method, path: &str) -> [Answer; 2] {
    let request = || request(method.clone(), path).finish();
    [app.send(request()).await, app.send_admin(request()).await]
}

/// Where the links of a page lead to.
fn links(page: &str) -> BTreeSet<String> {
    let links = page.split("<a href=\"").skip(1);
    links
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_list_leads_to_each_chapter_and_nowhere_else() {
    let app = spawn_with(&[ADMIN]).await;

    for list in ask(&app, Method::GET, "/problems/").await {
        assert_eq!(list.status, 200);
        let mut links = links(&list.body);
        assert!(links.remove("./"));
        assert_eq!(links, chapters());
    }
}

#[tokio::test]
async fn a_page_loads_and_runs_nothing() {
    let app = spawn_with(&[ADMIN]).await;
    let mut pages = vec!["/problems/".to_owned()];
    pages.extend(chapters().iter().map(|code| format!("/problems/{code}")));

    for page in pages {
        for answer in ask(&app, Method::GET, &page).await {
            assert_eq!(answer.status, 200, "{page}");
            let policy = answer.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
            assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
            for forbidden in ["<script", "href=\"http", "style=\"", " src=", "url("] {
                assert!(!answer.body.contains(forbidden), "{forbidden}: {page}");
            }
        }
    }
}

#[tokio::test]
async fn a_link_of_a_page_leads_to_another() {
    let app = spawn_with(&[ADMIN]).await;

    for code in chapters() {
        let page = app.send(request(Method::GET, &format!("/problems/{code}")).finish());
        for link in links(&page.await.body) {
            let is_known = link == "./" || chapters().contains(&link);
            assert!(is_known, "{link} of {code}");
        }
    }
}

#[tokio::test]
async fn a_page_is_there_to_be_read_alone() {
    let app = spawn_with(&[ADMIN]).await;

    for (method, path, status) in [
        (Method::HEAD, "/problems/", 200),
        (Method::HEAD, "/problems/token_reused", 200),
        (Method::POST, "/problems/", 405),
        (Method::DELETE, "/problems/token_reused", 405),
        (Method::GET, "/problems/nothing", 404),
        (Method::GET, "/problems/token_reused/more", 404),
    ] {
        for answer in ask(&app, method.clone(), path).await {
            let allow = (status == 405).then_some("GET, HEAD");
            let seen = (answer.status, answer.header("allow"));
            assert_eq!(seen, (status, allow), "{method} {path}");
        }
    }
}
