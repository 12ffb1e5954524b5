//! Settings from the environment, parsed into the words of the domain; all problems at once.

mod admin;
mod cognito;
mod contracts;
mod cookies;
mod keys;
mod limits;
mod listen;
mod lists;
mod log;
mod oauth;
mod server;
#[cfg(test)]
mod tests;
mod tokens;
mod traces;
mod vars;

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;

use crate::cognito::CognitoSettings;
use crate::domain::{JUDGED_CLAIMS, TokenPolicy};
use crate::http::{AdminKey, HttpSettings, ServerSettings};
use crate::limits::LimitSettings;
use crate::service::RefreshMode;
use crate::store::{DatabaseSettings, DirectorySettings};
use crate::telemetry::{LogSettings, TraceSettings};
use crate::token::HmacAlgorithm;

pub use admin::AdminSettings;
pub use contracts::ContractSettings;
pub use keys::Keys;
pub use listen::ListenSettings;
use vars::Vars;

/// A hundred years in minutes: what is longer is a mistake, and sums of times stay in range.
const MAX_MINUTES: u32 = 52_560_000;

/// Said where a request ends before the longest change does.
const LATE_CHANGES: &str = "REQUEST_TIMEOUT_SECONDS: should be three times \
    DATABASE_TIMEOUT_MILLISECONDS; else a request may be answered 503 just before its token is used \
    up, and its client has REFRESH_GRACE_SECONDS to ask again";

/// Said where cut-offs are honoured and it is not known how old undated tokens are.
const UNDATED: &str = "USERS_VALID_AFTER_COLUMN: tokens without iat are dated by their expiry; say \
    with JWT_LEGACY_LIFETIME_MINUTES how long your backend's tokens live, or a stolen one may \
    survive a change of password";

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The keys; [`None`] only for [`Purpose::Database`].
    pub keys: Option<Keys>,
    /// The claim that holds the user's key.
    pub subject_claim: String,
    /// Claims that new tokens leave out.
    pub dropped_claims: Vec<String>,
    /// The limits of tokens, those of the main job.
    pub policy: TokenPolicy,
    /// Whether a token may be exchanged again.
    pub mode: RefreshMode,
    /// For how long a credential that is good once gets its answer again.
    pub grace: TimeDelta,
    /// What differs between the contracts that are offered, the main job's first.
    pub contracts: Vec<ContractSettings>,
    /// The contracts that are not, and what would change that.
    pub not_offered: Vec<String>,
    /// Whether imported refresh tokens of the legacy backend are accepted.
    pub accepts_imported: bool,
    /// Where the sessions of the contract `refresh_token` are, if not here.
    pub cognito: Option<CognitoSettings>,
    /// The service's own database.
    pub database: DatabaseSettings,
    /// The users' database, where it is another.
    pub users_database: Option<DatabaseSettings>,
    /// The users table.
    pub directory: DirectorySettings,
    /// Where the service listens.
    pub listen: ListenSettings,
    /// The admin listener.
    pub admin: AdminSettings,
    /// How requests are read.
    pub http: HttpSettings,
    /// How often something may be done.
    pub limits: LimitSettings,
    /// How connections are bounded.
    pub server: ServerSettings,
    /// What is logged, and how.
    pub log: LogSettings,
    /// Where traces are exported to, if anywhere.
    pub traces: Option<TraceSettings>,
    /// What is allowed but unwise, to be logged at start.
    pub warnings: Vec<String>,
}

/// What the settings are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reading or changing tables: works without a secret.
    Database,
    /// Verifying or signing tokens.
    Tokens,
}

/// Every problem of the settings, by the variable's name, without any secret's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(Vec<String>);

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.0.len() == 1 {
            "problem"
        } else {
            "problems"
        };
        write!(f, "the settings have {} {plural}:", self.0.len())?;
        self.0
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads the settings from names and values, such as those of the environment.
    ///
    /// An empty value counts as not set. Names that begin as ours do but are none are problems;
    /// others that are nearly ours are warnings.
    pub fn from_vars(
        vars: impl IntoIterator<Item = (String, String)>,
        purpose: Purpose,
    ) -> Result<Self, ConfigError> {
        let mut vars = Vars::new(vars);
        let mut config = Self::read(&mut vars, purpose);
        vars.note_unknown_names();
        config.warnings.extend(vars.near_names());
        if vars.problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(vars.problems))
        }
    }

    /// The names of all settings.
    pub fn variables() -> BTreeSet<&'static str> {
        let mut vars = Vars::new([]);
        Self::read(&mut vars, Purpose::Tokens);
        vars.asked
    }

    /// Reads everything; what cannot be read is a problem noted and a default in its place.
    fn read(vars: &mut Vars, purpose: Purpose) -> Self {
        let mut warnings = Vec::new();
        let algorithm = vars.parse("JWT_ALGORITHM", HmacAlgorithm::Hs256);
        let keys = keys::read(vars, algorithm, purpose, &mut warnings);
        let subject_claim = tokens::subject_claim(vars, "JWT_SUBJECT_CLAIM", "sub");
        let dropped_claims = vars.list("JWT_DROP_CLAIMS");
        if dropped_claims.contains(&subject_claim) {
            vars.problem("JWT_DROP_CLAIMS", "the subject cannot be dropped");
        }
        lists::refuse_reserved(vars, "JWT_DROP_CLAIMS", &dropped_claims);
        let policy = tokens::policy(vars);
        let shared = contracts::Shared {
            access_lifetime: policy.access_lifetime,
            algorithm,
            subject_claim: subject_claim.clone(),
        };
        let contracts = contracts::read(vars, shared);
        let (contracts, not_offered) = contracts::offered(contracts, keys.as_ref());
        let grace = vars.bounded("REFRESH_GRACE_SECONDS", 30, 0..=300);
        let grace = TimeDelta::seconds(grace.into());
        tokens::refuse_required(vars, &dropped_claims, &policy);

        let database = database(vars);
        let users_database = users_database(vars, &database);
        let directory = directory(vars, &subject_claim);
        let dated = vars.optional("JWT_LEGACY_LIFETIME_MINUTES").is_some();
        if directory.valid_after_column.is_some() && !dated {
            warnings.push(UNDATED.to_owned());
        }
        let listen = listen::read(vars, purpose);
        let admin = admin::read(vars, keys.as_ref(), &listen.address);
        let http = http(vars, keys.as_ref(), admin.key.as_ref(), &mut warnings);
        // A change waits for its turn, for the statement, and for one of its own.
        if database.query_deadline * 3 > http.request_deadline {
            warnings.push(LATE_CHANGES.to_owned());
        }
        Self {
            admin,
            keys,
            policy,
            mode: tokens::mode(vars, grace),
            grace,
            contracts,
            not_offered,
            accepts_imported: vars.flag("ACCEPT_IMPORTED_TOKENS", false),
            cognito: cognito::read(vars, http.request_deadline, &mut warnings),
            directory,
            subject_claim,
            dropped_claims,
            database,
            users_database,
            listen,
            http,
            limits: limits::read(vars),
            server: server::read(vars),
            log: log::read(vars),
            traces: traces::read(vars, &mut warnings),
            warnings,
        }
    }
}

fn database(vars: &mut Vars) -> DatabaseSettings {
    let url = vars.secret("DATABASE_URL", "DATABASE_URL_FILE");
    let url = lists::database_url(vars, "DATABASE_URL", url);
    let deadline = vars.bounded("DATABASE_TIMEOUT_MILLISECONDS", 2_000, 10..=60_000);
    let wait = vars.bounded("DATABASE_CONNECT_TIMEOUT_SECONDS", 30, 1..=3_600);
    DatabaseSettings {
        url: url.unwrap_or_else(|| SecretString::from("sqlite://remint.db")),
        max_connections: vars.bounded("DATABASE_MAX_CONNECTIONS", 5, 1..=1_000),
        query_deadline: Duration::from_millis(deadline.into()),
        connect_deadline: Duration::from_secs(wait.into()),
    }
}

/// Another one for the users, if there is one: used as the service's own is.
fn users_database(vars: &mut Vars, own: &DatabaseSettings) -> Option<DatabaseSettings> {
    let url = vars.secret("USERS_DATABASE_URL", "USERS_DATABASE_URL_FILE");
    let url = lists::database_url(vars, "USERS_DATABASE_URL", url)?;
    Some(DatabaseSettings { url, ..own.clone() })
}

fn directory(vars: &mut Vars, subject_claim: &str) -> DirectorySettings {
    let default = DirectorySettings::default();
    let claim_columns = lists::claim_columns(vars);
    let claims: Vec<String> = claim_columns
        .iter()
        .map(|(_, claim)| claim.clone())
        .collect();
    lists::refuse_reserved(vars, "USERS_CLAIM_COLUMNS", &claims);
    if claims.iter().any(|claim| claim == subject_claim) {
        vars.problem("USERS_CLAIM_COLUMNS", "the subject cannot be overwritten");
    }
    let unique: BTreeSet<&String> = claims.iter().collect();
    if unique.len() < claims.len() {
        let what = "two columns cannot be the same claim";
        vars.problem("USERS_CLAIM_COLUMNS", what);
    }
    for claim in claims
        .iter()
        .filter(|claim| JUDGED_CLAIMS.contains(&claim.as_str()))
    {
        let what = format!("{claim} decides whether a token is exchanged; use another name");
        vars.problem("USERS_CLAIM_COLUMNS", what);
    }
    let active_column = vars.text("USERS_ACTIVE_COLUMN", "is_active");
    DirectorySettings {
        table: vars.text("USERS_TABLE", &default.table),
        key_column: vars.text("USERS_KEY_COLUMN", &default.key_column),
        active_column: (active_column != "none").then_some(active_column),
        active_values: vars.list("USERS_ACTIVE_VALUES"),
        valid_after_column: vars.optional("USERS_VALID_AFTER_COLUMN"),
        claim_columns,
    }
}

fn http(
    vars: &mut Vars,
    keys: Option<&Keys>,
    admin: Option<&AdminKey>,
    warnings: &mut Vec<String>,
) -> HttpSettings {
    let body = vars.bounded("REQUEST_BODY_TIMEOUT_SECONDS", 10, 1..=300);
    let whole = vars.bounded("REQUEST_TIMEOUT_SECONDS", 15, 1..=600);
    if body >= whole {
        // A caller who is slow would be told that the service is.
        let what = "must be longer than REQUEST_BODY_TIMEOUT_SECONDS";
        vars.problem("REQUEST_TIMEOUT_SECONDS", what);
    }
    HttpSettings {
        cookies: cookies::read(vars, warnings),
        cors_allowed_origins: lists::origins(vars),
        trusted_proxies: lists::trusted_proxies(vars),
        body_deadline: Duration::from_secs(body.into()),
        request_deadline: Duration::from_secs(whole.into()),
        ui: vars.switch("UI", true),
        example_token: None,
        admission: server::admission(vars),
        oauth: oauth::read(vars, keys, admin),
    }
}
