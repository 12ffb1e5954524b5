//! The crate `oauth2`.

use std::convert::Infallible;

use oauth2::basic::{BasicClient, BasicErrorResponse, BasicErrorResponseType, BasicTokenResponse};
use oauth2::{
    AccessToken, ClientId, ClientSecret, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    IntrospectionUrl, RefreshToken, RequestTokenError, RevocationUrl, StandardRevocableToken,
    TokenIntrospectionResponse as _, TokenResponse as _, TokenUrl,
};
use remint::domain::Contract;

use crate::harness::logs;
use crate::harness::servers::Engine::{Postgres, Sqlite};

use super::super::door::Door;
use super::super::site::Site;
use super::{CONFIDENTIAL, ID, PUBLIC, SECRET, refresh_token};

type Error = RequestTokenError<Infallible, BasicErrorResponse>;

/// A client that knows where the endpoints are.
struct Client<'a> {
    site: &'a Site,
    library: BasicClient<EndpointNotSet, EndpointNotSet, EndpointSet, EndpointSet, EndpointSet>,
}

impl<'a> Client<'a> {
    fn new(site: &'a Site, secret: Option<&str>) -> Self {
        // It sends nothing to a URL without `s`, which is where a proxy would stand.
        let url = |path: &str| format!("https://remint.example/oauth/{path}");
        let mut library = BasicClient::new(ClientId::new(ID.to_owned()))
            .set_token_uri(TokenUrl::new(url("token")).unwrap())
            .set_revocation_url(RevocationUrl::new(url("revoke")).unwrap())
            .set_introspection_url(IntrospectionUrl::new(url("introspect")).unwrap());
        if let Some(secret) = secret {
            library = library.set_client_secret(ClientSecret::new(secret.to_owned()));
        }
        logs::never(SECRET);
        Self { site, library }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Infallible> {
        Ok(self.site.send(request).await)
    }

    async fn refresh(&self, token: &str) -> Result<BasicTokenResponse, Error> {
        let token = RefreshToken::new(token.to_owned());
        let request = self.library.exchange_refresh_token(&token);
        let reply = request.request_async(&|request| self.send(request)).await?;
        logs::never(reply.access_token().secret());
        logs::never(next(&reply));
        Ok(reply)
    }

    async fn revoke(&self, token: StandardRevocableToken) {
        let request = self.library.revoke_token(token).unwrap();
        let done = request.request_async(&|request| self.send(request)).await;
        done.unwrap();
    }

    /// Whether the token is active, and whose it is.
    async fn introspect(&self, token: &str) -> (bool, Option<String>) {
        let token = AccessToken::new(token.to_owned());
        let request = self.library.introspect(&token);
        let reply = request.request_async(&|request| self.send(request)).await;
        let reply = reply.unwrap();
        (reply.active(), reply.sub().map(str::to_owned))
    }
}

/// The refresh token of the next exchange.
fn next(reply: &BasicTokenResponse) -> &str {
    reply.refresh_token().unwrap().secret()
}

/// What the service said, as the library understood it.
fn told(result: Result<BasicTokenResponse, Error>) -> BasicErrorResponseType {
    match result {
        Err(RequestTokenError::ServerResponse(error)) => error.error().clone(),
        other => panic!("{other:?}"),
    }
}

/// What is no refusal.
fn unavailable() -> BasicErrorResponseType {
    BasicErrorResponseType::Extension("temporarily_unavailable".to_owned())
}

#[tokio::test]
async fn refresh_tokens_and_expired_jwts_are_exchanged_again_and_again() {
    for kind in [PUBLIC, CONFIDENTIAL] {
        let site = Site::open(Sqlite, kind.settings).await.unwrap();
        let client = Client::new(&site, kind.secret);
        let credentials = site.credentials(Contract::OAuth2);
        for name in ["refreshToken", "accessToken"] {
            let token = credentials[name].as_str().unwrap();

            let first = client.refresh(token).await.unwrap();
            let second = client.refresh(next(&first)).await.unwrap();

            for reply in [first, second] {
                let access_token = reply.access_token().secret();
                assert_eq!(site.lets_in(access_token).await, 200, "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_refresh_that_is_sent_again_has_the_same_answer() {
    let site = Site::open(Sqlite, &[]).await.unwrap();
    let client = Client::new(&site, None);
    let token = refresh_token(&site);

    let lost = client.refresh(&token).await.unwrap();
    let again = client.refresh(&token).await.unwrap();

    assert_eq!(next(&lost), next(&again));
}

#[tokio::test]
async fn refusals_are_told_from_each_other_and_from_an_outage() {
    let Some(site) = Site::open(Postgres, CONFIDENTIAL.settings).await else {
        return;
    };
    let token = refresh_token(&site);
    let client = Client::new(&site, Some(SECRET));
    let stranger = Client::new(&site, Some("another"));
    let door = Door::to(&site.database).await;

    let refused = told(client.refresh("garbage").await);
    let turned_away = told(stranger.refresh(&token).await);
    door.shut().await;
    let outage = told(client.refresh(&token).await);
    door.open().await;

    assert_eq!(refused, BasicErrorResponseType::InvalidGrant);
    assert_eq!(turned_away, BasicErrorResponseType::InvalidClient);
    assert_eq!(outage, unavailable());
    assert!(client.refresh(&token).await.is_ok());
}

#[tokio::test]
async fn coming_too_often_is_no_refusal() {
    let once = [("RATE_LIMIT_PER_MINUTE", "1")];
    let site = Site::open(Sqlite, &once).await.unwrap();
    let client = Client::new(&site, None);
    let reply = client.refresh(&refresh_token(&site)).await.unwrap();

    let too_soon = told(client.refresh(next(&reply)).await);

    assert_eq!(too_soon, unavailable());
}

#[tokio::test]
async fn revoked_tokens_are_refused_and_no_longer_active() {
    let site = Site::open(Sqlite, CONFIDENTIAL.settings).await.unwrap();
    let client = Client::new(&site, Some(SECRET));
    let reply = client.refresh(&refresh_token(&site)).await.unwrap();
    let access_token = reply.access_token().secret();

    let before = client.introspect(access_token).await;
    let revocable = StandardRevocableToken::from(reply.refresh_token().unwrap());
    client.revoke(revocable).await;
    let after = client.introspect(access_token).await;

    assert_eq!(before, (true, Some("alice".to_owned())));
    assert_eq!(after, (false, None));
    let refused = told(client.refresh(next(&reply)).await);
    assert_eq!(refused, BasicErrorResponseType::InvalidGrant);
}
