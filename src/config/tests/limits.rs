//! The limits.

use super::*;

#[test]
fn ten_a_minute_of_each_session_and_of_failures_and_no_other_bound_is_the_default() {
    let limits = read(&[]).unwrap().limits;

    assert_eq!((limits.per_minute, limits.requests_per_minute), (10, 0));
    assert!(limits.redis.is_none());
}

#[test]
fn each_limit_has_a_setting_of_its_own() {
    let settings = [
        ("RATE_LIMIT_PER_MINUTE", "0"),
        ("RATE_LIMIT_PER_ADDRESS_PER_MINUTE", "600"),
    ];

    let limits = read(&settings).unwrap().limits;

    assert_eq!((limits.per_minute, limits.requests_per_minute), (0, 600));
}

#[test]
fn a_url_of_redis_says_so_and_may_ask_for_tls() {
    for url in [
        "redis://127.0.0.1:6379/0",
        "rediss://:password@redis.example.com",
    ] {
        assert!(
            read(&[("REDIS_URL", url)]).unwrap().limits.redis.is_some(),
            "{url}"
        );
    }
    for url in ["127.0.0.1:6379", "http://127.0.0.1:6379", "redis://"] {
        let refused = read(&[("REDIS_URL", url)]).unwrap_err();
        let expected = "REDIS_URL: expected redis://host:6379/0, or rediss://… for TLS";
        assert!(refused.to_string().contains(expected), "{refused}");
    }
}
