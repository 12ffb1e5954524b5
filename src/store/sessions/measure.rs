//! Counting statements, and who waits for them.

use std::time::Instant;

use sea_orm::DbErr;
use tracing::Instrument as _;

use crate::metrics::{DatabaseMetrics, Statement};
use crate::service::SessionError;
use crate::trace;

use super::super::dialect::Dialect;
use super::SqlSessionStore;

impl SqlSessionStore {
    /// From now on its statements are counted.
    pub fn measure(&self, metrics: &DatabaseMetrics) {
        self.standings.measure(metrics.of(Statement::Standing));
        self.by_handle.measure(metrics.of(Statement::FindHandle));
        self.by_id.measure(metrics.of(Statement::FindSession));
        self.beginnings.measure(metrics.of(Statement::Begin));
        self.rotations.measure(metrics.of(Statement::Rotate));
        self.meter.set(metrics.of(Statement::Change)).ok();
    }

    /// Tells the meters how many callers wait.
    pub fn measure_queues(&self) {
        self.standings.measure_queue();
        self.by_handle.measure_queue();
        self.by_id.measure_queue();
        self.beginnings.measure_queue();
        self.rotations.measure_queue();
    }

    /// Runs a statement of one caller's own in time, and counts it.
    pub(super) async fn measured<T>(
        &self,
        work: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, SessionError> {
        let begun = Instant::now();
        let done = self.followed("change", self.in_time(work)).await;
        if let Some(meter) = self.meter.get() {
            meter.ran(1, begun.elapsed(), done.is_err());
        }
        done
    }

    /// Runs a statement of one caller's own within a span of that name.
    pub(super) async fn followed<T>(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<T, SessionError>>,
    ) -> Result<T, SessionError> {
        let span = trace::statement(name, Dialect::of(&self.connection).system());
        let done = work.instrument(span.clone()).await;
        done.inspect_err(|error| {
            let is_late = matches!(error, SessionError::Timeout);
            trace::failed(&span, if is_late { "timeout" } else { "database" });
        })
    }
}
