//! The service over HTTP: finds the credential in a request, writes the outcome. Decides nothing.

mod admin;
mod admission;
mod allowed_methods;
mod audit;
mod bearer;
mod body;
mod client_address;
mod contract;
mod cookie;
mod cors;
mod cross_site;
mod docs;
mod example;
mod frame;
mod health;
mod json_reply;
mod logout;
mod oauth;
mod operations;
mod own_address;
mod pages;
mod problem;
mod problem_page;
mod refresh;
mod server;
mod throttle;
mod traced;
mod verify;

use std::sync::Arc;
use std::time::Duration;

use poem::{Endpoint, Response};
use poem_openapi::{LicenseObject, OpenApi, OpenApiService, ServerObject, Tags};

use crate::domain::{Clock, Contract, IdSource};
use crate::metrics::Answers;
use crate::service::{
    Delegate, Logouter, RateLimiter, Refresher, Renewer, SessionStore, UserDirectory, Verifier,
};

use self::admission::Admission;
use self::contract::cookie::{CookieApi, CookieRefresh};
use self::contract::envelope::EnvelopeApi;
use self::contract::refresh_token::RefreshTokenApi;
use self::contract::token_pair::TokenPairApi;
pub use self::cookie::{CookieSettings, SameSite};
use self::cross_site::CrossSiteGuard;
use self::oauth::metadata::WELL_KNOWN;
use self::operations::{DocumentOf, Operations};
use self::pages::Pages;
use self::throttle::Throttle;

pub use self::client_address::TrustedProxies;
pub use admin::{AdminKey, AdminParts, admin_endpoint};
pub use admission::AdmissionSettings;
pub use audit::{contracts, outcomes};
pub use health::Readiness;
pub use oauth::{ClientSecret, Issuer, NotAnIssuer, OAuthClient, OAuthSettings};
pub use pages::{PageContract, PageSettings};
pub use server::{
    ListenAddress, Listener, NotAListenAddress, ServerSettings, Tls, TlsError, TlsFiles, serve,
};

/// What the endpoints are made of.
pub struct Parts {
    /// Exchanges tokens.
    pub refresher: Arc<Refresher>,
    /// Exchange refresh tokens, one for each contract that is offered.
    pub renewers: Vec<Arc<Renewer>>,
    /// Exchanges those of the contract `refresh_token`, where an identity provider gives them out.
    pub delegate: Option<Arc<Delegate>>,
    /// Ends sessions.
    pub logouter: Arc<Logouter>,
    /// Checks tokens.
    pub verifier: Arc<Verifier>,
    /// Asked whether it answers, for `/readyz`.
    pub directory: Arc<dyn UserDirectory>,
    /// Asked as well.
    pub sessions: Arc<dyn SessionStore>,
    /// Bounds how often something is asked or tried.
    pub limits: Arc<dyn RateLimiter>,
    /// Tells the time, for answers that say when they were given.
    pub clock: Arc<dyn Clock>,
    /// Names requests.
    pub ids: Arc<dyn IdSource>,
    /// Counts answers.
    pub answers: Arc<Answers>,
    /// Whether the service is draining.
    pub readiness: Arc<Readiness>,
    /// What the page at `/` says of tokens.
    pub page: PageSettings,
    /// The rest.
    pub settings: HttpSettings,
}

impl Parts {
    /// What exchanges the refresh tokens of that contract, if it is offered.
    fn renewer(&self, contract: Contract) -> Option<Arc<Renewer>> {
        let mut renewers = self.renewers.iter();
        renewers
            .find(|renewer| renewer.minter.contract() == contract)
            .cloned()
    }
}

/// How requests are read and answered.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The cookies that carry tokens.
    pub cookies: CookieSettings,
    /// The origins whose scripts may read answers, such as `https://app.example.com`.
    pub cors_allowed_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For`, `-Host` and `-Proto` are believed.
    pub trusted_proxies: TrustedProxies,
    /// How long the body of a request may take to arrive.
    pub body_deadline: Duration,
    /// How long a request may take as a whole.
    pub request_deadline: Duration,
    /// How many requests are worked on at a time.
    pub admission: AdmissionSettings,
    /// Who may ask by OAuth 2.0.
    pub oauth: OAuthSettings,
    /// Whether there are pages for people at `/`.
    pub ui: bool,
    /// A token that Swagger UI shows as the example; only the demo has one that works.
    pub example_token: Option<String>,
}

#[derive(Tags)]
enum Tag {
    /// Exchange an expired token for a fresh one, or end the session.
    Refresh,
    /// Exchange, revoke and look at tokens by OAuth 2.0.
    OAuth,
    /// Check a token, for a reverse proxy.
    Verify,
}

/// Every public endpoint, with the document that describes it.
pub fn endpoint(parts: Parts) -> impl Endpoint<Output = Response> + use<> {
    let elsewhere = parts.delegate.as_ref().map(|_| Contract::RefreshToken);
    let surroundings = frame::Surroundings {
        ids: Arc::clone(&parts.ids),
        clock: Arc::clone(&parts.clock),
        throttle: Throttle::of_everything(Arc::clone(&parts.limits)),
        answers: Arc::clone(&parts.answers),
        readiness: Arc::clone(&parts.readiness),
        admission: Some(Admission::new(&parts.settings, elsewhere)),
    };
    let settings = parts.settings.clone();
    let facts = parts.page.json(&settings);
    let metadata = oauth::metadata(&parts).below_well_known();
    let apis = apis(parts);
    let service = OpenApiService::new(DocumentOf::new(&apis), "remint", env!("CARGO_PKG_VERSION"))
        .description(include_str!("description.md"))
        .license(LicenseObject::new("MIT OR Apache-2.0"))
        .server(ServerObject::new("/").description("The service that serves this document"));

    let documents = docs::Documents::of(&service, settings.example_token.as_deref());
    let allowed = allowed_methods::AllowedMethods::of(&documents);
    let routes = problem_page::add_to(documents.add_to(pages::client()))
        .at(format!("{WELL_KNOWN}/*path"), poem::get(metadata));
    let pages = Pages::before(routes, settings.ui, pages::PUBLIC).knowing(facts);
    let operations = Operations::of(apis, pages);
    frame::Frame::new(operations, surroundings, allowed, settings)
}

/// The endpoints of the document.
fn apis(parts: Parts) -> impl OpenApi + use<> {
    let settings = &parts.settings;
    let guard = || CrossSiteGuard::new(&settings.cors_allowed_origins, &settings.trusted_proxies);
    let cookie_refresh = Arc::new(CookieRefresh {
        renewer: parts.renewer(Contract::Cookie),
        settings: settings.cookies.clone(),
        guard: guard(),
    });
    let token_pair = TokenPairApi {
        renewer: parts.renewer(Contract::TokenPair),
    };
    let refresh_token = RefreshTokenApi {
        renewer: parts.renewer(Contract::RefreshToken),
        delegate: parts.delegate.clone(),
    };
    (
        refresh::RefreshApi {
            refresher: Arc::clone(&parts.refresher),
            cookie: Arc::clone(&cookie_refresh),
            refresh_token: refresh_token.clone(),
            token_pair: token_pair.clone(),
        },
        CookieApi(cookie_refresh),
        token_pair,
        refresh_token,
        EnvelopeApi {
            renewer: parts.renewer(Contract::Envelope),
            clock: Arc::clone(&parts.clock),
        },
        oauth::apis(&parts),
        logout::LogoutApi {
            logouter: parts.logouter,
            cookies: settings.cookies.clone(),
            guard: guard(),
        },
        verify::VerifyApi {
            verifier: parts.verifier,
            cookie_name: settings.cookies.access_name.clone(),
        },
        health::HealthApi {
            directory: parts.directory,
            sessions: parts.sessions,
            readiness: parts.readiness,
        },
    )
}
