//! The admin listener: a login backend starts sessions, an operator ends them, Prometheus reads
//! figures.
//!
//! *Who can use it.* Who sends the key, in a header. No browser does that by itself, and a page of
//! another origin may not: it would have to ask first (CORS), and here nobody is told yes. A page
//! whose name was made to point here (DNS rebinding) needs no yes, and still has no key: there is
//! no cookie, and the page at `/` keeps the key in its own memory, where no other origin looks. So the
//! documents and that page, which have nothing in them, are open, and everything else is closed, see
//! [`gate`].

mod body;
mod cut_offs;
mod explanation;
mod explanations;
mod figures;
mod gate;
mod guarded;
mod hand_over;
mod key;
mod listing;
mod login;
mod sessions;
mod start;
mod user;

use std::sync::Arc;

use poem::{Endpoint, EndpointExt, Response, Route};
use poem_openapi::{LicenseObject, OpenApiService, ServerObject, Tags};

use crate::domain::{Clock, IdSource};
use crate::metrics::{Answers, Metrics};
use crate::service::{Explainer, RateLimiter, Revoker, SessionStore, Starter, UserDirectory};

use super::allowed_methods::AllowedMethods;
use super::pages::{self, Pages};
use super::throttle::Throttle;
use super::{HttpSettings, Readiness, body as request_body, docs, frame, health, problem_page};
use gate::Gate;

pub(super) use gate::REFUSED;
pub use key::AdminKey;

/// What the endpoints of the admin listener are made of.
pub struct AdminParts {
    /// Starts sessions.
    pub starter: Arc<Starter>,
    /// Ends sessions.
    pub revoker: Arc<Revoker>,
    /// Explains tokens.
    pub explainer: Arc<Explainer>,
    /// Asked whether it answers, for `/readyz`.
    pub directory: Arc<dyn UserDirectory>,
    /// Asked as well; and lists sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Bounds how often a wrong key is tried.
    pub limits: Arc<dyn RateLimiter>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Names requests.
    pub ids: Arc<dyn IdSource>,
    /// Counts answers.
    pub answers: Arc<Answers>,
    /// What `/metrics` shows.
    pub metrics: Arc<Metrics>,
    /// Whether the service is draining.
    pub readiness: Arc<Readiness>,
    /// What callers have to know.
    pub key: AdminKey,
    /// What opens `/metrics` and nothing else.
    pub metrics_key: Option<AdminKey>,
    /// How requests are read; its origins are those of the public listener.
    pub settings: HttpSettings,
}

#[derive(Tags)]
enum Tag {
    /// Start a session at the login; list, and end them.
    Sessions,
    /// End everything that a user has up to a moment.
    #[oai(rename = "Cut-offs")]
    CutOffs,
    /// Say why a token would be exchanged or refused.
    Explanations,
    /// Figures for Prometheus.
    Metrics,
}

/// What the log calls the contract of requests that are of none.
const ADMIN: &str = "admin";

/// Every endpoint of the admin listener, with the document that describes it.
pub fn admin_endpoint(parts: AdminParts) -> impl Endpoint<Output = Response> + use<> {
    let AdminParts {
        starter,
        revoker,
        explainer,
        directory,
        sessions,
        limits,
        clock,
        ids,
        answers,
        metrics,
        readiness,
        key,
        metrics_key,
        settings,
    } = parts;
    let surroundings = frame::Surroundings {
        ids,
        clock: Arc::clone(&clock),
        throttle: Throttle::of_failures(limits),
        answers,
        readiness: Arc::clone(&readiness),
        // Operators get through when nobody else does.
        admission: None,
    };
    let apis = (
        sessions::SessionsApi {
            starter,
            revoker: Arc::clone(&revoker),
            sessions: Arc::clone(&sessions),
            clock,
            cookies: settings.cookies.clone(),
        },
        cut_offs::CutOffsApi {
            revoker,
            directory: Arc::clone(&directory),
        },
        explanations::ExplanationsApi { explainer },
        figures::MetricsApi { metrics },
        health::HealthApi {
            directory,
            sessions,
            readiness,
        },
    );
    let service = OpenApiService::new(apis, "remint admin", env!("CARGO_PKG_VERSION"))
        .description(include_str!("description.md"))
        .license(LicenseObject::new("MIT OR Apache-2.0"))
        .server(ServerObject::new("/").description("The listener that serves this document"));

    let documents = docs::Documents::of(&service, None);
    let allowed = AllowedMethods::of(&documents);
    let routes = problem_page::add_to(documents.add_to(Route::new()))
        .nest("/", service)
        .data(request_body::BodyDeadline(settings.body_deadline));
    let settings = HttpSettings {
        cors_allowed_origins: Vec::new(),
        ..settings
    };
    let gate = Gate::new(routes, key, metrics_key);
    // The page has nothing in it either: it asks people for the key.
    let pages = Pages::before(gate, settings.ui, pages::ADMIN);
    frame::Frame::new(pages, surroundings, allowed, settings)
}
