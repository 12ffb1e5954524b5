//! What each part of a refresh takes by itself, on one thread.
//!
//! `cargo bench --bench micro` runs all of them, and compares with the run before; `-- verify` runs
//! those whose name has that in it.
#![expect(
    clippy::unwrap_used,
    reason = "a measurement that fails may say so by a panic"
)]

use std::hint::black_box;
use std::sync::Arc;

use chrono::TimeDelta;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use poem::http::{Method, StatusCode};
use poem::{Endpoint as _, Request};
use remint::app::minters;
use remint::domain::{Claim, Clock as _, Lineage, Refusal, Reissue, VerifiedToken};
use remint::service::{Minter, TokenCodec};
use remint::testing::{Assembly, TestService};
use serde_json::json;
use tokio::runtime::Runtime;

/// The user of every token.
const USER: &str = "alice";

criterion_group!(parts, verify, judge, mint, route, render);
criterion_main!(parts);

/// A service on a temporary file, and a token of it that expired an hour ago.
struct Scene {
    runtime: Runtime,
    service: Assembly,
    minter: Arc<Minter>,
    token: String,
}

impl Scene {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        let service = TestService::builder().user(USER).assemble();
        let service = runtime.block_on(service).unwrap();
        Self {
            minter: minters(&service.config).unwrap().main,
            token: service
                .token(USER)
                .claim("role", "admin")
                .expired_for(TimeDelta::hours(1))
                .sign(),
            runtime,
            service,
        }
    }

    fn verified(&self) -> VerifiedToken {
        let codec = &self.minter.access_tokens;
        codec.verify_ignoring_expiry(&self.token).unwrap()
    }
}

/// A token parsed and its signature checked; one that is forged, too.
fn verify(criterion: &mut Criterion) {
    let scene = Scene::new();
    let codec: &dyn TokenCodec = &*scene.minter.access_tokens;
    let forged = scene.service.token(USER).signed_with("another").sign();
    assert!(scene.verified().claims.unwrap().contains("role"));
    assert!(codec.verify_ignoring_expiry(&forged).is_err());

    criterion.bench_function("verify", |bencher| {
        bencher.iter(|| codec.verify_ignoring_expiry(black_box(&scene.token)));
    });
    criterion.bench_function("verify/forged", |bencher| {
        bencher.iter(|| codec.verify_ignoring_expiry(black_box(&forged)));
    });
}

/// The rules about a verified token; the last one refuses, too.
fn judge(criterion: &mut Criterion) {
    let scene = Scene::new();
    let (policy, now) = (&scene.minter.policy, scene.service.clock.now());
    let (token, late) = (scene.verified(), now + policy.refresh_window);
    let admission = policy.judge_refresh(&token, now).unwrap();
    assert_eq!(admission.subject.user_key(), USER);
    let refusal = policy.judge_refresh(&token, late).unwrap_err();
    assert_eq!(refusal, Refusal::RefreshWindowOver);

    criterion.bench_function("judge", |bencher| {
        bencher.iter(|| policy.judge_refresh(black_box(&token), now));
    });
    criterion.bench_function("judge/too late", |bencher| {
        bencher.iter(|| policy.judge_refresh(black_box(&token), late));
    });
}

/// The claims of a successor put together, and signed.
fn mint(criterion: &mut Criterion) {
    let scene = Scene::new();
    let Minter {
        access_tokens,
        policy,
        dropped_claims,
        ..
    } = &*scene.minter;
    let (old, now) = (scene.verified(), scene.service.clock.now());
    let claims = old.claims.as_ref().unwrap();
    let old = policy.judge_refresh(&old, now).unwrap().lineage;
    let lineage = Lineage {
        generation: old.generation + 1,
        ..old
    };
    let successor = || {
        let reissue = Reissue {
            is_login: false,
            old: black_box(claims),
            dropped: dropped_claims,
            overwritten: Vec::new(),
            lease: policy.lease(policy.session_end(lineage.started_at), now),
            lineage,
        };
        let token_id = access_tokens.token_id(reissue.token_id_input());
        access_tokens.sign(&reissue.claims(&token_id)).unwrap()
    };
    let signed = access_tokens.verify_ignoring_expiry(&successor()).unwrap();
    assert_eq!(signed.lineage, Claim::Is(lineage));

    criterion.bench_function("mint", |bencher| bencher.iter(successor));
}

/// A refresh as a whole, but for the socket and the log: every layer, and SQLite on a file.
fn route(criterion: &mut Criterion) {
    let scene = Scene::new();
    let body = json!({"token": scene.token}).to_string();
    let refresh = || post(&body);
    let (status, answer) = scene.runtime.block_on(scene.ask(refresh()));
    assert_eq!(status, StatusCode::OK);
    assert!(answer.starts_with(r#"{"access_token":"#));

    scene.measure(criterion, "route", refresh);
}

/// An answer that asks nobody: a problem in full, and one without a body.
fn render(criterion: &mut Criterion) {
    let scene = Scene::new();
    let refused = || post(r#"{"token":"none"}"#);
    let healthy = || Request::builder().uri_str("/healthz").finish();
    let (status, answer) = scene.runtime.block_on(scene.ask(refused()));
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(answer.contains(r#""code":"invalid_token""#));
    let (status, _) = scene.runtime.block_on(scene.ask(healthy()));
    assert_eq!(status, StatusCode::OK);

    scene.measure(criterion, "render/problem", refused);
    scene.measure(criterion, "render/healthy", healthy);
}

impl Scene {
    async fn ask(&self, request: Request) -> (StatusCode, String) {
        let response = self.service.app.endpoint.get_response(request).await;
        let status = response.status();
        (status, response.into_body().into_string().await.unwrap())
    }

    fn measure(&self, criterion: &mut Criterion, name: &str, request: impl Fn() -> Request) {
        criterion.bench_function(name, |bencher| {
            let mut bencher = bencher.to_async(&self.runtime);
            bencher.iter_batched(&request, |request| self.ask(request), BatchSize::SmallInput);
        });
    }
}

fn post(body: &str) -> Request {
    let request = Request::builder().method(Method::POST);
    request
        .uri_str("/api/auth/refresh")
        .content_type("application/json")
        .body(body.to_owned())
}
