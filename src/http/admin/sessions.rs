//! `/admin/sessions`

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use tracing::error;
use uuid::Uuid;

use crate::domain::{Clock, SessionId, Subject};
use crate::service::{Causes, Change, Revoker, SessionError, SessionStore, Starter, Trail};

use super::super::audit::{Audit, Audited};
use super::super::body::{Body, InputError};
use super::super::cookie::CookieSettings;
use super::super::example::ExampleOf;
use super::super::problem::{Code, ProblemJson, RETRY_AFTER_SECONDS, UNAVAILABLE};
use super::guarded::{Guarded, Keyed};
use super::listing::{SessionEntry, SessionList};
use super::login::{StartRequest, login};
use super::start::{self, StartAnswer};
use super::{ADMIN, Tag, user};

pub(super) struct SessionsApi {
    pub(super) starter: Arc<Starter>,
    pub(super) revoker: Arc<Revoker>,
    pub(super) sessions: Arc<dyn SessionStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) cookies: CookieSettings,
}

/// Every answer of a list.
#[derive(ApiResponse)]
enum Listed {
    /// The sessions of the user that are written down; none of a user that nobody knows.
    #[oai(status = 200)]
    Ok(Json<SessionList>),
    /// There is no `user`, or it can be nobody's key.
    #[oai(
        status = 422,
        actual_type = "ExampleOf<{ Code::MalformedRequest as usize }>"
    )]
    Malformed(ProblemJson),
    /// The database does not answer.
    #[oai(
        status = 503,
        actual_type = "ExampleOf<{ Code::Unavailable as usize }>"
    )]
    Unavailable(ProblemJson, #[oai(header = "Retry-After")] u64),
}

/// Every answer of ending a session.
#[derive(ApiResponse)]
enum Revoked {
    /// Nothing of that session is exchanged or accepted any more, from now on or since before.
    #[oai(status = 204)]
    Done,
    /// The name is not a uuid, so it is no session's.
    #[oai(
        status = 422,
        actual_type = "ExampleOf<{ Code::MalformedRequest as usize }>"
    )]
    Malformed(ProblemJson),
    /// The database does not answer. Nothing was ended for sure; try again.
    #[oai(
        status = 503,
        actual_type = "ExampleOf<{ Code::Unavailable as usize }>"
    )]
    Unavailable(ProblemJson, #[oai(header = "Retry-After")] u64),
}

#[OpenApi(prefix_path = "/admin", tag = "Tag::Sessions")]
impl SessionsApi {
    /// Start a session
    ///
    /// For the login backend, once it has checked the password: starts a session of an active user
    /// and answers with its first tokens. Each call starts another session.
    #[oai(path = "/sessions", method = "post", operation_id = "startSession")]
    async fn start(&self, _key: Keyed, body: Body<StartRequest>) -> Guarded<StartAnswer> {
        let login = body
            .0
            .map_err(InputError::from)
            .and_then(|bytes| login(&bytes));
        Guarded(match login {
            Ok(login) => {
                let outcome = self.starter.start(login.clone()).await;
                start::answer(&login, outcome, &self.cookies)
            }
            Err(error) => start::refuse_input(&error),
        })
    }

    /// List the sessions of a user
    ///
    /// Those that are written down: all with refresh tokens, those of single use, and ended ones.
    /// Sessions of the stateless mode are not.
    #[oai(path = "/sessions", method = "get", operation_id = "listSessions")]
    async fn list(
        &self,
        _key: Keyed,
        /// The user's key in the users table.
        user: Query<Option<String>>,
    ) -> Guarded<Listed> {
        let user = match user::of_parameter(user.0) {
            Ok(user) => user,
            Err(error) => return Guarded(malformed(&error, Listed::Malformed)),
        };
        let listed = self.sessions.of_user(&user.user_key()).await;
        let audit = audit_of(&user);
        Guarded(match listed {
            Ok(sessions) => {
                let now = self.clock.now();
                let entries = sessions.iter().map(|one| SessionEntry::new(one, now));
                let sessions = entries.collect();
                let audit = Audit {
                    outcome: "sessions_listed",
                    ..audit
                };
                let reply = Listed::Ok(Json(SessionList { sessions }));
                Audited { reply, audit }
            }
            Err(error) => unavailable(&error, audit, Listed::Unavailable),
        })
    }

    /// End a session
    ///
    /// Also one that is written down nowhere, by the name that the log has.
    #[oai(
        path = "/sessions/:id",
        method = "delete",
        operation_id = "revokeSession"
    )]
    async fn revoke(
        &self,
        _key: Keyed,
        /// The session's name.
        id: Path<String>,
    ) -> Guarded<Revoked> {
        let Ok(id) = Uuid::try_parse(&id.0) else {
            let error = InputError::Malformed("a session's name is a uuid".to_owned());
            return Guarded(malformed(&error, Revoked::Malformed));
        };
        let audit = Audit {
            contract: ADMIN,
            trail: Trail {
                session: Some(SessionId(id)),
                ..Trail::default()
            },
            ..Audit::default()
        };
        Guarded(match self.revoker.revoke(SessionId(id)).await {
            Ok(change) => {
                let outcome = match change {
                    Change::Done => "session_revoked",
                    Change::Lost => "ignored",
                };
                let audit = Audit { outcome, ..audit };
                let reply = Revoked::Done;
                Audited { reply, audit }
            }
            Err(error) => unavailable(&error, audit, Revoked::Unavailable),
        })
    }
}

/// What the log may know of a request about that user.
pub(super) fn audit_of(user: &Subject) -> Audit {
    let mut trail = Trail::default();
    trail.note_subject(user);
    Audit {
        contract: ADMIN,
        trail,
        ..Audit::default()
    }
}

/// The answer to a request that has something wrong.
pub(super) fn malformed<R>(error: &InputError, reply: fn(ProblemJson) -> R) -> Audited<R> {
    Audited {
        reply: reply(error.code().problem(error.to_string())),
        audit: error.audit(ADMIN),
    }
}

/// The answer where the sessions do not answer.
pub(super) fn unavailable<R>(
    error: &SessionError,
    audit: Audit,
    reply: fn(ProblemJson, u64) -> R,
) -> Audited<R> {
    let reason = error.to_string();
    error!(error = %Causes(error), "the sessions do not answer");
    let code = Code::Unavailable;
    let problem = code.problem(UNAVAILABLE);
    Audited {
        reply: reply(problem, RETRY_AFTER_SECONDS),
        audit: Audit {
            outcome: code.word(),
            reason,
            ..audit
        },
    }
}
