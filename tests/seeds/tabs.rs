//! The examples for the browser, and three tabs that share one credential.

use remint::domain::Contract;
use serde_json::{Value, json};

use crate::harness::{TestApp, spawn, spawn_with};

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

#[tokio::test]
async fn the_envelope_example_refreshes_in_a_browser_and_goes_to_the_login_in_the_end() {
    let Some(browser) = Browser::find() else {
        return;
    };
    let app = spawn().await;
    let token = app.start(Contract::Envelope, "alice").await.refresh_token;
    // Leaving for the login page is all that the example does with a refusal.
    let script = format!(
        "{example}\nlocalStorage.setItem('refreshToken', '{token}');\n\
         const fresh = await refreshAccessToken();\n\
         const stored = localStorage.getItem('accessToken');\n\
         localStorage.setItem('refreshToken', 'spent');\n\
         addEventListener('pagehide', () => navigator.sendBeacon('/report', \
         JSON.stringify({{fresh, stored}})));\n\
         await refreshAccessToken();",
        example = include_str!("examples/envelope.js"),
        token = token.unwrap(),
    );

    let report = serve(&app, &script, None).await.visit(&browser).await;

    assert_eq!(report["fresh"], report["stored"]);
    let fresh = report["fresh"].as_str().unwrap();
    assert_eq!(app.verify(fresh).await.status, 204);
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

#[tokio::test]
async fn three_tabs_that_share_a_stored_uuid_all_stay_logged_in() {
    let app = spawn().await;
    let token = app.start(Contract::Envelope, "alice").await.refresh_token;
    let refresh = format!(
        "{example}\nif (!location.search) localStorage.setItem('refreshToken', '{token}');\n\
         const refresh = async () => await refreshAccessToken() ? 'in' : 'out';",
        example = include_str!("examples/envelope.js"),
        token = token.unwrap(),
    );

    let Some(results) = three_tabs(&app, &refresh, None).await else {
        return;
    };

    assert_eq!(results, vec![json!("in"); 15]);
}

#[tokio::test]
async fn three_tabs_that_share_a_stored_pair_all_stay_logged_in() {
    let app = spawn().await;
    let pair = app.start(Contract::TokenPair, "alice").await;
    let first = json!({"Token": pair.access_token, "RefreshToken": pair.refresh_token});
    let refresh = format!(
        "if (!location.search) localStorage.setItem('pair', '{first}');\n\
         const refresh = async () => {{\n\
           const body = localStorage.getItem('pair');\n\
           const response = await fetch('/api/auth/refresh', {{method: 'POST', body, \
           headers: {{'Content-Type': 'application/json'}}}});\n\
           if (response.ok) localStorage.setItem('pair', await response.text());\n\
           return response.status;\n\
         }};"
    );

    let Some(statuses) = three_tabs(&app, &refresh, None).await else {
        return;
    };

    assert_eq!(statuses, vec![json!(200); 15]);
}

#[tokio::test]
async fn three_tabs_that_share_a_token_of_single_use_all_stay_logged_in() {
    let app = spawn_with(&[("REFRESH_MODE", "single_use")]).await;
    let refresh = format!(
        "if (!location.search) localStorage.setItem('token', '{token}');\n{example}\n\
         const refresh = async () => {{\n\
           localStorage.setItem('token', await refreshToken(localStorage.getItem('token')));\n\
           return 'in';\n\
         }};",
        token = app.expired_token(),
        example = include_str!("examples/expired_token.js"),
    );

    let Some(results) = three_tabs(&app, &refresh, None).await else {
        return;
    };

    assert_eq!(results, vec![json!("in"); 15]);
}
