//! What is logged, and how a line looks.

use std::str::FromStr;

use tracing::Level;
use tracing_subscriber::EnvFilter;

use crate::trace;

/// What is logged, in the syntax of `RUST_LOG`: `info`, `warn,remint::audit=info`, ….
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for LogFilter {
    type Err = &'static str;

    fn from_str(filter: &str) -> Result<Self, Self::Err> {
        // To the library a word alone may be the name of a target: a misspelt level would be
        // one, and silence everything else.
        let is_level = |part: &str| part.parse::<Level>().is_ok() || part == "off";
        let stands = |part: &str| part.contains(['=', '[']) || is_level(part);
        if filter.split(',').all(|part| stands(part.trim())) && EnvFilter::try_new(filter).is_ok() {
            return Ok(Self(filter.to_owned()));
        }
        Err("expected error, warn, info, debug, trace, off, or target=level pairs")
    }
}

impl LogFilter {
    /// As the library wants it, with or without the spans that are exported.
    pub(super) fn to_library(&self, has_traces: bool) -> EnvFilter {
        let spans = if has_traces { "info" } else { "off" };
        let directives = format!("{},{}={spans}", self.directives(), trace::TARGET);
        EnvFilter::try_new(directives).unwrap_or_default()
    }

    /// The audit stream is on whatever the level, unless it is named; sqlx quotes the parts of a
    /// database's URL that it does not know; and the library of the migrations says at each start
    /// that there are none.
    fn directives(&self) -> String {
        let audit = if self.0.contains("remint::audit") {
            ""
        } else {
            ",remint::audit=info"
        };
        let level = |part: &str| part.trim().parse::<Level>().ok();
        let is_chatty = self
            .0
            .split(',')
            .filter_map(level)
            .any(|it| it > Level::WARN);
        let migrations = if is_chatty && !self.0.contains("sea_orm") {
            ",sea_orm_migration=warn"
        } else {
            ""
        };
        let said = &self.0;
        format!("{said}{audit}{migrations},sqlx_postgres::options=off")
    }
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// For people.
    Pretty,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(format: &str) -> Result<Self, Self::Err> {
        match format {
            "json" => Ok(Self::Json),
            "pretty" => Ok(Self::Pretty),
            _ => Err("expected pretty or json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_level_is_not_taken_for_a_target() {
        for good in [
            "info",
            "ERROR",
            "off",
            "warn,remint::audit=info",
            "remint[span]=debug",
        ] {
            assert!(good.parse::<LogFilter>().is_ok(), "{good}");
        }
        for bad in ["inof", "warn,inof", "remint=loud", ""] {
            assert!(bad.parse::<LogFilter>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_audit_stream_is_on_unless_it_is_named() {
        let directives = |filter: &str| filter.parse::<LogFilter>().unwrap().directives();

        assert!(directives("error").contains("remint::audit=info"));
        assert!(!directives("error,remint::audit=off").contains("remint::audit=info"));
    }

    #[test]
    fn migrations_only_warn_unless_they_are_named_or_less_is_wanted() {
        let is_lowered = |filter: &str| {
            let filter: LogFilter = filter.parse().unwrap();
            filter.directives().contains("sea_orm_migration=warn")
        };

        for lowered in ["info", "DEBUG", "remint=debug,info"] {
            assert!(is_lowered(lowered), "{lowered}");
        }
        for kept in [
            "error",
            "off",
            "warn",
            "info,sea_orm_migration=info",
            "remint=info",
        ] {
            assert!(!is_lowered(kept), "{kept}");
        }
    }
}
