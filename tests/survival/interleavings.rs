//! Every order in which uses of one session can reach the database: luck rarely finds the narrow
//! gaps between two statements.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use remint::app;
use remint::config::Config;
use remint::domain::{Contract as Name, RandomIds, SessionId};
use remint::limits::InProcessLimits;
use remint::service::{
    AccessTokens, Logouter, Minter, Refresher, Renewer, Revoker, SessionStore, UserDirectory,
};
use remint::store::SqlSessionStore;
use serde_json::json;

use super::contract::{Contract, ExpiredToken, Login, verify};
use super::door::Door;
use super::started::{self, Started};
use super::stepwise::{Apart, Orders, Stepwise, Ungated};
use super::{ALICE, CONTRACTS, rounds, settings};
use crate::harness::{TestApp, config, jwt, spawn_with};

/// A contract of each way through the service: the others differ in what is sent.
const WAYS: [&dyn Contract; 4] = [
    &Started::TokenPair,
    &Started::RefreshToken,
    &ExpiredToken::SingleUse,
    &ExpiredToken::Stateless,
];

/// The service, and the parts of one contract.
struct Scene {
    app: TestApp,
    config: Config,
    minter: Arc<Minter>,
    directory: Arc<dyn UserDirectory>,
    contract: &'static dyn Contract,
    sessions: Arc<dyn SessionStore>,
}

async fn scene(contract: &'static dyn Contract) -> Scene {
    let settings = settings(contract);
    let app = spawn_with(&settings).await;
    let config = config(app.database_url(), &settings);
    let directory = app::open_directory(&config, &app.database).await.unwrap();
    let sessions = SqlSessionStore::new(app.database.clone(), Duration::from_secs(30));
    let mut minters = app::minters(&config).unwrap().all().into_iter();
    let is_meant = |minter: &Arc<Minter>| minter.contract() == contract.name();
    Scene {
        minter: minters.find(is_meant).unwrap(),
        directory: Arc::new(Ungated(Arc::new(directory))),
        sessions: Arc::new(sessions),
        app,
        config,
        contract,
    }
}

impl Scene {
    async fn log_in(&self, number: usize) -> String {
        let issued_at = self.app.now().timestamp();
        let login = Login {
            user: ALICE,
            number,
            issued_at,
        };
        self.contract.log_in(&mut Door::of(&self.app), login).await
    }

    /// A refresh with `kept`.
    fn refresh(&self, kept: &str) -> Stepwise {
        match self.contract.name() {
            Name::ExpiredToken => self.refresh_expired(kept),
            Name::Cookie | Name::Envelope | Name::OAuth2 | Name::RefreshToken | Name::TokenPair => {
                self.renew(kept)
            }
        }
    }

    fn renew(&self, kept: &str) -> Stepwise {
        let [access, refresh] = started::tokens(kept);
        let access = (self.contract.name() == Name::TokenPair).then_some(access);
        Stepwise::new(&self.sessions, |sessions| {
            let renewer = self.renewer(sessions);
            async move {
                let granted = renewer.renew(&refresh, access.as_deref()).await.outcome;
                let granted = granted.ok()?;
                let refresh = granted.refresh_token.unwrap_or(refresh);
                Some(started::kept([&granted.access_token, &refresh]))
            }
        })
    }

    fn renewer(&self, sessions: Arc<dyn SessionStore>) -> Renewer {
        Renewer {
            minter: Arc::clone(&self.minter),
            directory: Arc::clone(&self.directory),
            sessions,
            limits: Arc::new(InProcessLimits::off(self.app.clock.clone())),
            clock: self.app.clock.clone(),
            ids: Arc::new(RandomIds),
            grace: self.config.grace,
            accepts_imported: false,
        }
    }

    fn refresh_expired(&self, token: &str) -> Stepwise {
        let token = token.to_owned();
        Stepwise::new(&self.sessions, |sessions| {
            let refresher = Refresher {
                minter: Arc::clone(&self.minter),
                holders: Arc::new(Apart {
                    directory: Arc::clone(&self.directory),
                    sessions: Arc::clone(&sessions),
                }),
                directory: Arc::clone(&self.directory),
                sessions,
                limits: Arc::new(InProcessLimits::off(self.app.clock.clone())),
                clock: self.app.clock.clone(),
                mode: self.config.mode,
            };
            async move {
                let granted = refresher.refresh(&token).await.outcome;
                granted.ok().map(|grant| grant.access_token)
            }
        })
    }

    /// What ends the session of `kept`.
    fn end(&self, end: End, kept: &str) -> Stepwise {
        let id = self.session(&self.contract.access_token(kept));
        let credential = match self.contract.name() {
            Name::ExpiredToken => kept.to_owned(),
            Name::Cookie | Name::Envelope | Name::OAuth2 | Name::RefreshToken | Name::TokenPair => {
                let [_, refresh] = started::tokens(kept);
                refresh
            }
        };
        let tokens = AccessTokens::new(Arc::clone(&self.minter), Vec::new());
        let (clock, policy) = (self.app.clock.clone(), self.config.policy.clone());
        let mode = self.config.mode;
        Stepwise::new(&self.sessions, |sessions| {
            let revoker = Revoker {
                sessions: Arc::clone(&sessions),
                clock: clock.clone(),
                policy: policy.clone(),
            };
            let logouter = Logouter {
                tokens,
                renewers: vec![Arc::new(self.renewer(Arc::clone(&sessions)))],
                sessions,
                clock,
                mode,
                delegate: None,
            };
            async move {
                match end {
                    End::Everywhere | End::Logout => {
                        let everywhere = end == End::Everywhere;
                        let ending = logouter.log_out(&credential, everywhere, || {});
                        ending.await.1.unwrap();
                    }
                    End::Operator => drop(revoker.revoke(id).await.unwrap()),
                    End::OperatorForUser => revoker.revoke_user(ALICE).await.unwrap(),
                }
                None
            }
        })
    }

    fn session(&self, token: &str) -> SessionId {
        let verified = self.minter.access_tokens.verify_ignoring_expiry(token);
        verified.unwrap().session
    }

    /// A new session: its login, and what that was exchanged for `refreshes` times.
    async fn begin(&self, number: usize, refreshes: usize) -> Vec<String> {
        self.app.advance(SECOND);
        let mut tokens = vec![self.log_in(number).await];
        for _ in 0..refreshes {
            tokens.push(self.exchange(tokens.last().unwrap()).await.unwrap());
        }
        tokens
    }

    /// What `kept` is exchanged for, or the code of the refusal.
    async fn exchange(&self, kept: &str) -> Result<String, String> {
        let call = self.contract.present(kept);
        let answer = Door::of(&self.app).call(&call).await.unwrap();
        let next = self.contract.keep(kept, &answer);
        next.ok_or_else(|| self.contract.code(&answer))
    }

    async fn assert_over(&self, tokens: &[String], order: &str) {
        let revoked = "session_revoked";
        let refusal = self.contract.refusal(revoked).to_owned();
        for token in tokens {
            assert_eq!(self.verdict(token).await, revoked, "{order}");
            assert_eq!(self.exchange(token).await, Err(refusal.clone()), "{order}");
        }
    }

    /// What the verify endpoint says.
    async fn verdict(&self, kept: &str) -> String {
        Door::of(&self.app)
            .call(&verify(&self.contract.access_token(kept)))
            .await
            .unwrap()
            .code()
    }
}

/// What ends sessions in several statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Everywhere,
    Logout,
    Operator,
    OperatorForUser,
}

impl End {
    /// How many refreshes it meets. A second one makes a hundred times as many orders, which for
    /// the longest of the ends would take hours.
    fn tabs(self) -> usize {
        match self {
            Self::Everywhere => 1,
            Self::Logout | Self::Operator | Self::OperatorForUser => rounds(2, 1),
        }
    }
}

/// All uses see another time.
const SECOND: TimeDelta = TimeDelta::seconds(1);

/// Which of a session's tokens is refreshed, and which ends it.
const POSITIONS: [(usize, usize); 4] = [(0, 0), (1, 1), (0, 1), (1, 0)];

/// In every order of refreshes and the end: once the end has answered, nobody is given anything,
/// and nothing that was given out is good.
async fn nothing_slips_through(contract: &'static dyn Contract, end: End) {
    let scene = scene(contract).await;
    for (refreshed, ended) in POSITIONS {
        // All that a user has can be ended from another session as well.
        for elsewhere in [false, true] {
            if !elsewhere || end == End::Everywhere {
                try_every_order(&scene, end, (refreshed, ended), elsewhere).await;
            }
        }
    }
}

async fn try_every_order(scene: &Scene, end: End, position: (usize, usize), elsewhere: bool) {
    let (refreshed, ended) = position;
    let mut orders = Orders::default();
    loop {
        let number = 2 * orders.tried;
        let other = scene.begin(number + 1, ended).await;
        let mut tokens = scene.begin(number, refreshed.max(ended)).await;
        let ends = if elsewhere { &other } else { &tokens };
        let mut uses = vec![scene.end(end, &ends[ended])];
        uses.extend((0..end.tabs()).map(|_| scene.refresh(&tokens[refreshed])));

        let given = orders.run(uses, || scene.app.advance(SECOND)).await;

        let order = format!(
            "{:?} {position:?} {elsewhere} {:?}",
            scene.contract,
            orders.last()
        );
        let mut late = given.iter().skip_while(|(one, _)| *one != 0);
        assert!(late.all(|(_, given)| given.is_none()), "late: {order}");
        tokens.extend(given.into_iter().filter_map(|(_, given)| given));
        scene.assert_over(&tokens, &order).await;
        if !orders.go_on() {
            break;
        }
    }
    assert!(orders.tried > 5);
}

#[tokio::test]
async fn no_order_lets_a_refresh_outlive_a_logout() {
    for contract in WAYS {
        nothing_slips_through(contract, End::Logout).await;
    }
}

#[tokio::test]
async fn no_order_lets_a_refresh_outlive_a_logout_everywhere() {
    for contract in WAYS {
        nothing_slips_through(contract, End::Everywhere).await;
    }
}

#[tokio::test]
async fn no_order_lets_a_refresh_outlive_an_operator() {
    for contract in WAYS {
        nothing_slips_through(contract, End::Operator).await;
        nothing_slips_through(contract, End::OperatorForUser).await;
    }
}

#[tokio::test]
async fn in_every_order_two_tabs_get_the_same_successor() {
    for contract in CONTRACTS {
        let scene = scene(contract).await;
        for refreshes in [0, 1] {
            try_every_order_of_tabs(&scene, refreshes).await;
        }
    }
}

async fn try_every_order_of_tabs(scene: &Scene, refreshes: usize) {
    let mut orders = Orders::default();
    loop {
        let tokens = scene.begin(orders.tried, refreshes).await;
        let tabs = (0..rounds(3, 2)).map(|_| scene.refresh(&tokens[refreshes]));

        let given = orders
            .run(tabs.collect(), || scene.app.advance(SECOND))
            .await;

        let order = orders.last();
        let given: Vec<_> = given.into_iter().map(|(_, given)| given).collect();
        let token = given[0].as_ref().unwrap();
        assert!(
            given.iter().all(|other| other.as_ref() == Some(token)),
            "{order:?}"
        );
        let generation = &jwt::payload(&scene.contract.access_token(token))["remint"]["gen"];
        assert_eq!(generation, &json!(refreshes + 1), "{order:?}");
        if !orders.go_on() {
            break;
        }
    }
    assert!(orders.tried > 5);
}
