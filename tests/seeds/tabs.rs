//! The examples for the browser, and three tabs that share one credential.

use remint::domain::Contract;
use serde_json::{Value, json};

use crate::harness::{TestApp, spawn};

use super::browser::Browser;
use super::site::serve;

async fn refresh_cookie(app: &TestApp) -> Option<String> {
    let grant = app.start(Contract::Cookie, "alice").await;
    let token = grant.refresh_token.unwrap();
    Some(format!("refresh_token={token}; HttpOnly; Secure; Path=/"))
}

#[tokio::test]
async fn the_cookie_example_refreshes_in_a_browser() {
    let Some(browser) = Browser::find() else {
        return;
    };
    let app = spawn().await;
    let bun = include_str!("examples/cookie_bun.js").replace("http://localhost:3000", "");
    for example in [include_str!("examples/cookie.js"), &bun] {
        let script = format!("{example}\nreport(data);");
        let mut site = serve(&app, &script, refresh_cookie(&app).await).await;

        let report = site.visit(&browser).await;

        let success = json!({"success": true, "message": "Token refreshed successfully"});
        assert_eq!(report, success);
    }
}

#[tokio::test]
async fn the_expired_token_example_refreshes_in_a_browser() {
    let Some(browser) = Browser::find() else {
        return;
    };
    let app = spawn().await;
    let example = include_str!("examples/expired_token.js");
    let expired = app.expired_token();
    let script = format!(
        "{example}\nconst fresh = await refreshToken('{expired}');\n\
         const refused = await refreshToken('x').catch((error) => error.message);\n\
         report({{fresh, refused}});"
    );

    let report = serve(&app, &script, None).await.visit(&browser).await;

    assert_eq!(report["refused"], "Token refresh failed");
    assert_eq!(
        app.verify(report["fresh"].as_str().unwrap()).await.status,
        204
    );
}

/// What three tabs saw, each of them refreshing with `refresh` at the same moments.
async fn three_tabs(app: &TestApp, refresh: &str, cookie: Option<String>) -> Option<Vec<Value>> {
    let browser = Browser::find()?;
    let script = format!("{refresh}\n{}", include_str!("tabs.js"));
    let report = serve(app, &script, cookie).await.visit(&browser).await;
    let results = report["results"].as_array();
    Some(results.unwrap_or_else(|| panic!("{report}")).clone())
}

#[tokio::test]
async fn three_tabs_that_share_a_cookie_all_stay_logged_in() {
    let app = spawn().await;
    let refresh = "const refresh = async () => (await fetch('/api/auth/refresh', \
                   {method: 'POST', credentials: 'include'})).status;";

    let cookie = refresh_cookie(&app).await;
    let Some(statuses) = three_tabs(&app, refresh, cookie).await else {
        return;
    };

    assert_eq!(statuses, vec![json!(200); 15]);
}
