//! Hands each use case what it needs.

use std::sync::Arc;

use crate::config::Config;
use crate::domain::{Clock, IdSource};
use crate::http::{self, Readiness};
use crate::metrics::{Answers, Metrics};
use crate::service::{
    AccessTokens, Delegate, Explainer, Flights, Holders, IdentityProvider, Logouter, Minter,
    OwnRecords, RateLimiter, Records, RefreshMode, Refresher, Renewer, Revoker, SessionStore,
    Starter, UserCheck, UserDirectory, Verifier,
};

use super::{Minters, elsewhere};

/// What the use cases are made of.
pub(super) struct Wiring {
    pub(super) minters: Minters,
    pub(super) provider: Option<Arc<dyn IdentityProvider>>,
    pub(super) users: Arc<dyn UserDirectory>,
    pub(super) sessions: Arc<dyn SessionStore>,
    pub(super) holders: Arc<dyn Holders>,
    pub(super) limits: Arc<dyn RateLimiter>,
    pub(super) answers: Arc<Answers>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
}

impl Wiring {
    pub(super) fn parts(&self, config: &Config, readiness: Arc<Readiness>) -> http::Parts {
        let Minters { main, others } = &self.minters;
        let renewer = |minter: &Arc<Minter>| {
            Arc::new(Renewer {
                minter: Arc::clone(minter),
                directory: Arc::clone(&self.users),
                sessions: Arc::clone(&self.sessions),
                limits: Arc::clone(&self.limits),
                clock: Arc::clone(&self.clock),
                ids: Arc::clone(&self.ids),
                grace: config.grace,
                accepts_imported: config.accepts_imported,
            })
        };
        let renewers: Vec<_> = others.iter().map(renewer).collect();
        let tokens = AccessTokens::new(Arc::clone(main), others.clone());
        let delegate = self.delegate(config);
        http::Parts {
            refresher: Arc::new(Refresher {
                minter: Arc::clone(main),
                directory: Arc::clone(&self.users),
                sessions: Arc::clone(&self.sessions),
                holders: Arc::clone(&self.holders),
                limits: Arc::clone(&self.limits),
                clock: Arc::clone(&self.clock),
                mode: config.mode,
            }),
            logouter: Arc::new(Logouter {
                tokens: tokens.clone(),
                renewers: renewers.clone(),
                sessions: Arc::clone(&self.sessions),
                clock: Arc::clone(&self.clock),
                mode: config.mode,
                delegate: delegate.clone(),
            }),
            renewers,
            delegate,
            verifier: Arc::new(Verifier {
                tokens,
                holders: Arc::clone(&self.holders),
                clock: Arc::clone(&self.clock),
            }),
            directory: Arc::clone(&self.users),
            sessions: Arc::clone(&self.sessions),
            limits: Arc::clone(&self.limits),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            answers: Arc::clone(&self.answers),
            readiness,
            page: page(config),
            settings: config.http.clone(),
        }
    }

    pub(super) fn admin_parts(
        &self,
        config: &Config,
        starter: &Arc<Starter>,
        readiness: &Arc<Readiness>,
    ) -> Option<http::AdminParts> {
        Some(http::AdminParts {
            starter: Arc::clone(starter),
            revoker: Arc::new(Revoker {
                sessions: Arc::clone(&self.sessions),
                clock: Arc::clone(&self.clock),
                policy: config.policy.clone(),
            }),
            explainer: Arc::new(self.explainer(config)),
            directory: Arc::clone(&self.users),
            sessions: Arc::clone(&self.sessions),
            limits: Arc::clone(&self.limits),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            answers: Arc::clone(&self.answers),
            metrics: Arc::clone(&self.metrics),
            readiness: Arc::clone(readiness),
            key: config.admin.key.clone()?,
            metrics_key: config.admin.metrics_key.clone(),
            settings: config.http.clone(),
        })
    }

    fn explainer(&self, config: &Config) -> Explainer {
        let records = Arc::new(OwnRecords {
            directory: Arc::clone(&self.users),
            sessions: Arc::clone(&self.sessions),
        });
        explainer(config, &self.minters, records, Arc::clone(&self.clock))
    }

    fn delegate(&self, config: &Config) -> Option<Arc<Delegate>> {
        let settings = config.cognito.as_ref()?;
        let user_check = settings.user_claim.as_ref().map(|_| UserCheck {
            directory: Arc::clone(&self.users),
            sessions: Arc::clone(&self.sessions),
        });
        Some(Arc::new(Delegate {
            provider: self.provider.clone()?,
            flights: Flights::default(),
            user_check,
        }))
    }

    pub(super) fn starter(&self, config: &Config) -> Starter {
        Starter {
            contracts: self.minters.all(),
            elsewhere: elsewhere(config),
            directory: Arc::clone(&self.users),
            sessions: Arc::clone(&self.sessions),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
        }
    }
}

/// What the page says of tokens.
fn page(config: &Config) -> http::PageSettings {
    let contracts = config.contracts.iter();
    let contracts = contracts.map(|settings| http::PageContract {
        contract: settings.contract,
        algorithm: settings.algorithm.name(),
        subject_claim: settings.subject_claim.clone(),
        access_lifetime: settings.access_lifetime,
        refresh_lifetime: settings.refresh_lifetime,
    });
    http::PageSettings {
        policy: config.policy.clone(),
        single_use: config.mode != RefreshMode::Stateless,
        grace: config.grace,
        contracts: contracts.collect(),
    }
}

/// Explains tokens by what `records` say.
pub fn explainer(
    config: &Config,
    minters: &Minters,
    records: Arc<dyn Records>,
    clock: Arc<dyn Clock>,
) -> Explainer {
    Explainer {
        main: Arc::clone(&minters.main),
        others: minters.others.clone(),
        records,
        clock,
        mode: config.mode,
        grace: config.grace,
        accepts_imported: config.accepts_imported,
        elsewhere: elsewhere(config),
    }
}
