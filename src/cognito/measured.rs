//! Counting what an identity provider answers, and following it.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use tracing::{Instrument as _, Span};

use crate::metrics::{ProviderCall, ProviderMeter, ProviderOutcome};
use crate::service::{Change, IdentityProvider, ProviderError, ProviderGrant};
use crate::trace;

/// A provider whose answers are counted.
pub struct Measured {
    /// Who answers.
    pub provider: Arc<dyn IdentityProvider>,
    /// Counts.
    pub meter: ProviderMeter,
}

#[async_trait]
impl IdentityProvider for Measured {
    async fn refresh(&self, refresh_token: &str) -> Result<ProviderGrant, ProviderError> {
        let begun = Instant::now();
        let span = trace::cognito("cognito refresh");
        let call = self.provider.refresh(refresh_token);
        let answer = call.instrument(span.clone()).await;
        let outcome = outcome(answer.as_ref().err());
        note(&span, outcome);
        self.meter
            .answered(ProviderCall::Refresh, outcome, begun.elapsed());
        answer
    }

    async fn revoke(&self, refresh_token: &str) -> Result<Change, ProviderError> {
        let begun = Instant::now();
        let span = trace::cognito("cognito revoke");
        let call = self.provider.revoke(refresh_token);
        let answer = call.instrument(span.clone()).await;
        let outcome = match &answer {
            Ok(Change::Lost) => ProviderOutcome::Refused,
            Ok(Change::Done) => ProviderOutcome::Granted,
            Err(error) => outcome(Some(error)),
        };
        note(&span, outcome);
        self.meter
            .answered(ProviderCall::Revoke, outcome, begun.elapsed());
        answer
    }
}

fn note(span: &Span, outcome: ProviderOutcome) {
    span.record("remint.outcome", outcome.word());
    if outcome == ProviderOutcome::Failed {
        trace::failed(span, outcome.word());
    }
}

fn outcome(error: Option<&ProviderError>) -> ProviderOutcome {
    match error {
        None => ProviderOutcome::Granted,
        Some(ProviderError::Refused | ProviderError::Reused) => ProviderOutcome::Refused,
        Some(
            ProviderError::Misconfigured(_)
            | ProviderError::Timeout
            | ProviderError::Unavailable(_),
        ) => ProviderOutcome::Failed,
    }
}
