//! The judgement, stated a second time as sums and comparisons of whole numbers.
//!
//! Times are counted in half seconds around one instant and all limits are small, so that random
//! cases keep hitting the borders, and the fractions that RFC 7519 allows.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Claim, ClaimSet, Contract, JsonText, KeyTrust, Lineage, Refusal, SessionId, Subject,
    TokenPolicy, Unverified, VerifiedToken,
};

/// Limits in whole seconds.
#[derive(Debug, Clone)]
struct Limits {
    leeway: i64,
    lifetime: i64,
    session_max: i64,
    window: i64,
}

impl Limits {
    fn policy(&self) -> TokenPolicy {
        TokenPolicy {
            access_lifetime: TimeDelta::seconds(self.lifetime),
            legacy_lifetime: TimeDelta::seconds(self.lifetime),
            contract: Contract::ExpiredToken,
            audience: vec!["ours".to_owned()],
            issuer: Some("ours".to_owned()),
            leeway: TimeDelta::seconds(self.leeway),
            refresh_window: TimeDelta::seconds(self.window),
            session_max: TimeDelta::seconds(self.session_max),
            token_kinds: vec!["access".to_owned()],
        }
    }
}

/// The times of a token, in half seconds.
#[derive(Debug, Clone)]
struct Times {
    auth_time: Option<i64>,
    expires_at: i64,
    issued_at: Option<i64>,
    key_until: Option<i64>,
    not_before: Option<i64>,
    original_issue: Option<i64>,
    start: Option<i64>,
}

fn at(half_seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_800_000_000_000 + half_seconds * 500).unwrap()
}

fn claim(half_seconds: Option<i64>) -> Claim<DateTime<Utc>> {
    half_seconds.map_or(Claim::Absent, |time| Claim::Is(at(time)))
}

fn session(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(number))
}

impl Times {
    /// A token with these times and nothing else to object to.
    fn token(&self) -> VerifiedToken {
        let lineage = self.start.map(|start| Lineage {
            contract: Contract::ExpiredToken,
            session: session(1),
            generation: 7,
            started_at: at(start),
        });
        VerifiedToken {
            claims: Some(ClaimSet::from_unique(vec![(
                "sub".to_owned(),
                JsonText::plain_string("alice"),
            )])),
            header_type: Claim::Absent,
            audience: Claim::Is(vec!["other".to_owned(), "ours".to_owned()]),
            auth_time: claim(self.auth_time),
            bound: false,
            expires_at: Claim::Is(at(self.expires_at)),
            issued_at: claim(self.issued_at),
            issuer: Claim::Is("ours".to_owned()),
            kinds: Vec::new(),
            key: KeyTrust {
                label: "current".to_owned(),
                valid_until: self.key_until.map(at),
            },
            lineage: lineage.map_or(Claim::Absent, Claim::Is),
            not_before: claim(self.not_before),
            original_issue: claim(self.original_issue),
            session: lineage.map_or(session(2), |lineage| lineage.session),
            subject: Claim::Is(Subject::Text("alice".to_owned())),
        }
    }

    /// Whether nothing in the token lies ahead of `now` by more than the leeway.
    fn are_past(&self, limits: &Limits, now: i64) -> bool {
        let counted_back = self.expires_at - 2 * limits.lifetime;
        let times = [
            self.not_before,
            self.issued_at.or(Some(counted_back)),
            self.auth_time,
            self.original_issue,
            self.start,
        ];
        let key_counts = self.key_until.is_none_or(|until| now < until);
        key_counts
            && times
                .iter()
                .flatten()
                .all(|time| time - now <= 2 * limits.leeway)
    }

    /// When the session is over: a whole second, in half seconds.
    fn session_end(&self, limits: &Limits, now: i64) -> i64 {
        let witness = self.auth_time.or(self.original_issue).or(self.issued_at);
        let legacy = witness
            .unwrap_or(self.expires_at - 2 * limits.lifetime)
            .min(now);
        let end = self.start.unwrap_or(legacy) + 2 * limits.session_max;
        end - end.rem_euclid(2)
    }
}

prop_compose! {
    fn limits()(
        leeway in 0..3_i64,
        lifetime in 1..6_i64,
        session_max in 1..12_i64,
        window in 1..8_i64,
    ) -> Limits {
        Limits { leeway, lifetime, session_max, window }
    }
}

prop_compose! {
    fn times()(
        auth_time in proptest::option::weighted(0.3, -30..6_i64),
        expires_at in -20..12_i64,
        issued_at in proptest::option::of(-30..6_i64),
        key_until in proptest::option::weighted(0.2, -2..3_i64),
        not_before in proptest::option::weighted(0.3, -6..6_i64),
        original_issue in proptest::option::weighted(0.3, -30..6_i64),
        start in proptest::option::of(-30..6_i64),
    ) -> Times {
        Times { auth_time, expires_at, issued_at, key_until, not_before, original_issue, start }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// The window is closed at both ends, the session's end is not part of it.
    #[test]
    fn a_token_is_exchanged_exactly_inside_the_window_and_before_the_session_ends(
        limits in limits(), times in times(), now in 0..2_i64,
    ) {
        let judged = limits.policy().judge_refresh(&times.token(), at(now));

        let in_window = now - times.expires_at <= 2 * limits.window;
        let in_session = now < times.session_end(&limits, now);
        let granted = times.are_past(&limits, now) && in_window && in_session;
        prop_assert_eq!(judged.is_ok(), granted, "{:?}", judged);
    }

    /// A new token outlives this second, and neither its lifetime nor its session.
    #[test]
    fn a_lease_ends_after_now_and_never_after_its_session(
        limits in limits(), times in times(), now in 0..2_i64,
    ) {
        let policy = limits.policy();
        let Ok(admission) = policy.judge_refresh(&times.token(), at(now)) else {
            return Ok(());
        };

        let lease = policy.lease(policy.session_end(admission.lineage.started_at), at(now));

        let this_second = now - now.rem_euclid(2);
        let end = times.session_end(&limits, now).min(this_second + 2 * limits.lifetime);
        prop_assert_eq!((lease.issued_at, lease.expires_at), (at(this_second), at(end)));
        prop_assert!(lease.seconds() >= 1 && lease.expires_at > at(now));
        prop_assert_eq!(2 * lease.seconds(), end - this_second);
    }

    /// The session is the one that the token names, else the one derived from the token.
    #[test]
    fn an_admitted_token_keeps_its_place_in_its_session(
        limits in limits(), times in times(), now in 0..2_i64,
    ) {
        let Ok(admission) = limits.policy().judge_refresh(&times.token(), at(now)) else {
            return Ok(());
        };

        let named = times.start.is_some();
        let place = (admission.lineage.session, admission.lineage.generation);
        prop_assert_eq!(place, if named { (session(1), 7) } else { (session(2), 0) });
        prop_assert!(named || admission.lineage.started_at <= at(now));
    }

    /// The refresh window has no say in using a token.
    #[test]
    fn a_token_is_usable_exactly_until_it_or_its_session_expires(
        limits in limits(), times in times(), now in 0..2_i64,
    ) {
        let judged = limits.policy().judge_use(&times.token(), at(now));

        let end = times.expires_at.min(times.session_end(&limits, now));
        let usable = times.are_past(&limits, now) && now < end;
        prop_assert_eq!(judged.is_ok(), usable, "{:?}", judged);
    }

    /// `explain` shows every rule, and its first no is the answer of the endpoint.
    #[test]
    fn the_first_no_of_an_explanation_is_the_refusal(
        limits in limits(), flawed in flawed_token(), now in 0..2_i64,
    ) {
        let policy = limits.policy();

        let explained = policy.explain_refresh(&flawed, at(now));

        let first_no = explained.iter().find_map(|check| check.verdict.clone().err());
        prop_assert_eq!(first_no, policy.judge_refresh(&flawed, at(now)).err());
        let names: std::collections::HashSet<_> = explained.iter().map(|check| check.name).collect();
        prop_assert_eq!(names.len(), explained.len());
    }

    /// To the outside a key past its end date is a key that nobody has.
    #[test]
    fn a_retired_key_is_the_first_thing_that_is_said_about_a_token(
        limits in limits(), flawed in flawed_token(), now in 0..2_i64,
    ) {
        let mut token = flawed;
        token.key.valid_until = Some(at(now));

        let refusal = Refusal::Unverified(Unverified::RetiredKey);
        prop_assert_eq!(limits.policy().judge_refresh(&token, at(now)), Err(refusal));
        prop_assert_eq!(limits.policy().judge_use(&token, at(now)), Err(refusal));
    }
}

/// A claim that is there, missing, or not what it should be.
fn maybe<T: Clone + std::fmt::Debug + 'static>(value: T) -> impl Strategy<Value = Claim<T>> {
    let flaws = prop_oneof![Just(Claim::Absent), Just(Claim::Malformed)];
    prop_oneof![3 => Just(Claim::Is(value)), 1 => flaws]
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just("ours"), 1 => Just("other")].prop_map(str::to_owned)
}

prop_compose! {
    fn words()(word in word())(claim in maybe(word)) -> Claim<String> {
        claim
    }
}

prop_compose! {
    /// A token with any number of things wrong with it.
    fn flawed_token()(
        times in times(),
        bound in prop::bool::weighted(0.1),
        has_claims in prop::bool::weighted(0.9),
        (expires_at, issued_at) in (maybe(at(-3)), maybe(at(-9))),
        (issuer, audience) in (words(), words()),
        kind in prop_oneof![9 => Just("access"), 1 => Just("refresh")],
        subject in prop_oneof![9 => Just("alice"), 1 => Just(""), 1 => Just("a\0b")],
        lineage_is_malformed in prop::bool::weighted(0.1),
    ) -> VerifiedToken {
        let token = times.token();
        VerifiedToken {
            audience: match audience {
                Claim::Absent => Claim::Absent,
                Claim::Is(audience) => Claim::Is(vec![audience]),
                Claim::Malformed => Claim::Malformed,
            },
            bound,
            claims: token.claims.filter(|_| has_claims),
            expires_at,
            issued_at,
            issuer,
            kinds: vec![("token_use", Claim::Is(kind.to_owned()))],
            lineage: if lineage_is_malformed { Claim::Malformed } else { token.lineage },
            subject: Claim::Is(Subject::Text(subject.to_owned())),
            ..token
        }
    }
}
