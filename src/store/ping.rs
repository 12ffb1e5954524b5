//! Whether a database answers.

use async_trait::async_trait;
use sea_orm::DbErr;

use super::batched::BatchStatement;
use super::connections::Connections;

/// Asks once for all who want to know at the same time: nobody turns probes away, so that many of
/// them would keep everybody else from the connections.
pub(super) struct Ping(pub(super) Connections);

#[async_trait]
impl BatchStatement for Ping {
    type Question = ();
    type Answer = ();

    const CHANGES: bool = false;

    fn connection(&self) -> &Connections {
        &self.0
    }

    async fn run(
        &self,
        connection: &Connections,
        questions: &[()],
    ) -> Result<Vec<Result<(), DbErr>>, DbErr> {
        connection.ping().await?;
        Ok(questions.iter().map(|()| Ok(())).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use futures_util::future::{Either, join_all, select};
    use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, TransactionTrait as _};

    use super::super::batched::Batched;
    use super::*;

    #[tokio::test]
    async fn many_who_ask_whether_it_answers_keep_nobody_from_the_connections() {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        let database = Database::connect(options).await.unwrap();
        let connections = Connections::from(database.clone());
        let ping = Batched::new(Ping(connections.clone()), Duration::from_mins(1));
        let held = database.begin().await.unwrap();
        let mut pings = Box::pin(join_all((0..9).map(|_| ping.ask(()))));
        assert!((&mut pings).now_or_never().is_none());
        let mut statement = connections.execute_unprepared("SELECT 1");
        assert!((&mut statement).now_or_never().is_none());

        held.rollback().await.unwrap();

        let first = select(pings, statement).await;
        assert!(matches!(first, Either::Right((Ok(_), _))));
    }
}
