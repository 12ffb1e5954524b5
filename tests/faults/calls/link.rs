//! The way from the service to its database, on which any statement can be lost.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::sqlx;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseConnectionType, DbBackend, DbErr, ExecResult,
    MockDatabaseConnection, MockDatabaseTrait, QueryResult, RuntimeErr, Statement, Transaction,
};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

/// What becomes of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is refused.
    Refused,
    /// It is run, and its answer is lost.
    AnswerLost,
    /// The connection breaks before it is run.
    Broken,
    /// The connection breaks after it was run.
    BrokenAfter,
    /// It is refused, and all that follow are.
    Outage,
}

impl Fault {
    pub(super) const ALL: [Self; 5] = [
        Self::Refused,
        Self::AnswerLost,
        Self::Broken,
        Self::BrokenAfter,
        Self::Outage,
    ];

    /// Whether the service may get over it, so that the caller notices nothing.
    pub(super) fn can_be_mended(self) -> bool {
        matches!(self, Self::Broken | Self::BrokenAfter)
    }

    fn is_after_the_fact(self) -> bool {
        matches!(self, Self::AnswerLost | Self::BrokenAfter)
    }

    fn error(self) -> DbErr {
        match self {
            Self::Refused | Self::Outage => DbErr::Exec(RuntimeErr::Internal("refused".to_owned())),
            Self::AnswerLost => DbErr::Custom("the answer was lost".to_owned()),
            Self::Broken | Self::BrokenAfter => {
                let hung_up = sqlx::Error::Io(ErrorKind::ConnectionReset.into());
                DbErr::Query(RuntimeErr::SqlxError(hung_up.into()))
            }
        }
    }
}

/// Says which statement fails next.
#[derive(Debug, Default)]
pub(super) struct Link(Mutex<Plan>);

#[derive(Debug, Default)]
struct Plan {
    /// How many statements are left until then.
    next: Option<(usize, Fault)>,
    has_failed: bool,
}

impl Link {
    /// A way to `database`.
    pub(super) fn to(self: &Arc<Self>, database: &DatabaseConnection) -> DatabaseConnection {
        let way = Way {
            link: Arc::clone(self),
            database: database.clone(),
        };
        let way = MockDatabaseConnection::new(way);
        DatabaseConnectionType::MockDatabaseConnection(Arc::new(way)).into()
    }

    /// The statement after the next `passing` ones fails.
    pub(super) fn arm(&self, passing: usize, fault: Fault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Plan {
            next: Some((passing, fault)),
            has_failed: false,
        };
    }

    /// From now on nothing fails; whether anything has.
    pub(super) fn disarm(&self) -> bool {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *plan).has_failed
    }

    /// What becomes of the statement that is on its way now.
    fn pass(&self) -> Option<Fault> {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (passing, fault) = plan.next.take()?;
        if passing > 0 {
            plan.next = Some((passing - 1, fault));
            return None;
        }
        plan.has_failed = true;
        plan.next = (fault == Fault::Outage).then_some((0, fault));
        Some(fault)
    }
}

#[derive(Debug)]
struct Way {
    link: Arc<Link>,
    database: DatabaseConnection,
}

impl Way {
    fn go<T>(
        &self,
        run: impl AsyncFnOnce(&DatabaseConnection) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let run = || block_in_place(|| Handle::current().block_on(run(&self.database)));
        match self.link.pass() {
            None => run(),
            Some(fault) => {
                if fault.is_after_the_fact() {
                    run()?;
                }
                Err(fault.error())
            }
        }
    }
}

impl MockDatabaseTrait for Way {
    fn execute(&mut self, _: usize, statement: Statement) -> Result<ExecResult, DbErr> {
        self.go(async |database| database.execute_raw(statement).await)
    }

    fn query(&mut self, _: usize, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.go(async |database| database.query_all_raw(statement).await)
    }

    fn ping(&self) -> Result<(), DbErr> {
        self.go(async |database| database.ping().await)
    }

    fn get_database_backend(&self) -> DbBackend {
        self.database.get_database_backend()
    }

    // The stores have no transactions of more than one statement.
    fn begin(&mut self) {}

    fn commit(&mut self) {}

    fn rollback(&mut self) {}

    fn drain_transaction_log(&mut self) -> Vec<Transaction> {
        Vec::new()
    }
}
