use poem::endpoint::make;
use poem::http::Uri;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use super::super::{AdmissionSettings, CookieSettings, OAuthClient, OAuthSettings, SameSite};
use super::*;
use crate::domain::{RandomIds, SessionId, SystemClock};
use crate::metrics::{Metrics, Words};
use crate::service::{RateLimiter, Throttled, begin_change};

fn frame<E: Endpoint>(inner: E) -> Frame<E> {
    counted(inner, &Metrics::default())
}

/// The same, whose answers are counted.
fn counted<E: Endpoint>(inner: E, metrics: &Metrics) -> Frame<E> {
    let settings = HttpSettings {
        cors_allowed_origins: vec!["https://app.example.com".to_owned()],
        cookies: CookieSettings {
            refresh_name: "refresh_token".to_owned(),
            access_name: "access_token".to_owned(),
            domain: None,
            same_site: SameSite::Lax,
            secure: true,
        },
        trusted_proxies: TrustedProxies::default(),
        body_deadline: Duration::from_secs(1),
        request_deadline: Duration::from_secs(1),
        ui: false,
        example_token: None,
        admission: AdmissionSettings {
            max_concurrent: 1,
            max_queued: 0,
        },
        oauth: OAuthSettings {
            client: OAuthClient::Public(None),
            issuer: None,
        },
    };
    let words = Words {
        contracts: audit::contracts(),
        outcomes: audit::outcomes(),
        keys: Vec::new(),
    };
    let surroundings = Surroundings {
        answers: Arc::new(Answers::new(metrics, &words).unwrap()),
        readiness: Arc::default(),
        ids: Arc::new(RandomIds),
        clock: Arc::new(SystemClock),
        throttle: Throttle::of_failures(Arc::new(Unlimited)),
        admission: None,
    };
    Frame::new(inner, surroundings, AllowedMethods::default(), settings)
}

struct Unlimited;

#[async_trait::async_trait]
impl RateLimiter for Unlimited {
    async fn exchange(&self, _: SessionId, _: Option<u64>) -> Result<(), Throttled> {
        Ok(())
    }

    async fn failure(&self, _: ClientNetwork) -> Result<(), Throttled> {
        Ok(())
    }

    async fn request(&self, _: ClientNetwork) -> Result<(), Throttled> {
        Ok(())
    }
}

#[tokio::test]
async fn a_panic_is_answered_as_any_other_failure_and_the_next_request_as_ever() {
    let frame = frame(make(|request: Request| async move {
        assert_eq!(request.uri().path(), "/good", "not good");
        Ok::<_, poem::Error>("fine")
    }));
    let get = |path| {
        let request = Request::builder().uri(Uri::from_static(path));
        let request = request.header("origin", "https://app.example.com");
        frame.get_response(request.finish())
    };

    let (failed, next) = (get("/bad").await, get("/good").await);

    assert_eq!(failed.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        failed.header("content-type"),
        Some("application/problem+json")
    );
    assert!(failed.header("x-request-id").is_some());
    assert!(failed.header("access-control-allow-origin").is_some());
    let body = failed.into_body().into_string().await.unwrap();
    assert!(
        body.contains(r#""code":"internal""#) && !body.contains("not good"),
        "{body}"
    );
    assert_eq!(next.into_body().into_string().await.unwrap(), "fine");
}

#[tokio::test]
async fn every_cookie_of_an_answer_reaches_a_listed_origin() {
    let frame = frame(make(|_| async {
        let response = Response::builder().header("set-cookie", "a=1");
        Ok::<_, poem::Error>(response.header("set-cookie", "b=2").finish())
    }));
    let request = Request::builder().header("origin", "https://app.example.com");

    let answer = frame.get_response(request.finish()).await;

    let cookies = answer.headers().get_all("set-cookie").iter();
    assert_eq!(cookies.collect::<Vec<_>>(), ["a=1", "b=2"]);
    let allowed = answer.header("access-control-allow-credentials");
    assert_eq!(allowed, Some("true"));
}

#[tokio::test]
async fn what_the_framework_says_of_a_failure_stays_inside() {
    let frame = frame(make(|_| async {
        let status = StatusCode::BAD_GATEWAY;
        Err::<(), _>(poem::Error::from_string("db.internal:5432 refused", status))
    }));

    let answer = frame.get_response(Request::default()).await;

    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = answer.into_body().into_string().await.unwrap();
    assert!(!body.contains("db.internal"), "{body}");
}

/// Whether the work on a request goes on after its caller has gone, and is counted.
async fn is_finished(changes: bool) -> bool {
    let (begun, go_on, metrics) = (Notify::new(), Arc::new(Notify::new()), Metrics::default());
    let (begun, waits) = (Arc::new(begun), Arc::clone(&go_on));
    let begins = Arc::clone(&begun);
    let frame = counted(
        make(move |_| {
            let (begins, waits) = (Arc::clone(&begins), Arc::clone(&waits));
            async move {
                if changes {
                    begin_change();
                }
                begins.notify_one();
                waits.notified().await;
                Ok::<_, poem::Error>("done")
            }
        }),
        &metrics,
    );

    tokio::select! {
        _ = frame.call(Request::default()) => panic!("it waits"),
        () = begun.notified() => {}
    }
    go_on.notify_one();

    let unattended = frame.0.surroundings.readiness.unattended();
    unattended.close();
    unattended.wait().await;
    let text = metrics.text().unwrap();
    text.contains("outcome=\"served\"} 1")
}

#[tokio::test]
async fn a_change_that_was_begun_is_finished_though_its_caller_went_away_and_nothing_else_is() {
    assert!(is_finished(true).await);
    assert!(!is_finished(false).await);
}

#[tokio::test]
async fn a_change_that_panicked_is_not_begun_again() {
    let unattended = TaskTracker::new();
    let work = async {
        begin_change();
        panic!("in the middle");
    };
    let finished = Finished::new(work, &unattended);

    let ended = AssertUnwindSafe(finished).catch_unwind().await;

    assert!(ended.is_err());
    assert!(unattended.is_empty());
}
