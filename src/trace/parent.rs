//! The span that the caller is in, as W3C Trace Context has it in `traceparent`.

/// Who called: a span of another service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parent {
    pub(super) trace_id: u128,
    pub(super) span_id: u64,
    pub(super) is_sampled: bool,
}

impl Parent {
    /// Reads the header; none if it is malformed, as if it were not there (W3C Trace Context §3.2).
    ///
    /// *Why not by the library.* It takes ids that are too short, signs before them, and text behind.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (version, rest) = header.split_once('-')?;
        let (trace_id, rest) = rest.split_once('-')?;
        let (span_id, rest) = rest.split_once('-')?;
        let (flags, more) = match rest.split_once('-') {
            Some((flags, more)) => (flags, Some(more)),
            None => (rest, None),
        };
        // Later versions may say more at the end, this one may not.
        if version == "ff" || (version == "00" && more.is_some()) {
            return None;
        }
        hex(version, 2)?;
        let parent = Self {
            trace_id: hex(trace_id, 32)?,
            span_id: hex(span_id, 16)?.try_into().ok()?,
            is_sampled: hex(flags, 2)? & 1 == 1,
        };
        (parent.trace_id != 0 && parent.span_id != 0).then_some(parent)
    }
}

/// What everybody has to pass on of a `tracestate` (W3C Trace Context §3.3.1.5). Each span carries it.
const MOST_STATE: usize = 512;

/// The members of a `tracestate` that fit, the newest of which come first.
pub(super) fn newest(state: &str) -> &str {
    let ends = state.match_indices(',').map(|(at, _)| at);
    let mut ends = ends
        .chain([state.len()])
        .take_while(|end| *end <= MOST_STATE);
    let end = ends.by_ref().last().unwrap_or_default();
    state.get(..end).unwrap_or_default()
}

/// So many digits, none of them a capital.
fn hex(digits: &str, count: usize) -> Option<u128> {
    let is_good = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digits.len() != count || !digits.bytes().all(is_good) {
        return None;
    }
    u128::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    #[test]
    fn a_caller_is_known_by_its_trace_and_span() {
        let parent = Parent::parse(&format!("00-{TRACE}-{SPAN}-01")).unwrap();

        assert_eq!(format!("{:032x}", parent.trace_id), TRACE);
        assert_eq!(format!("{:016x}", parent.span_id), SPAN);
        assert!(parent.is_sampled);
        let parent = Parent::parse(&format!("00-{TRACE}-{SPAN}-02")).unwrap();
        assert!(!parent.is_sampled);
    }

    #[test]
    fn later_versions_may_say_more() {
        let later = format!("cc-{TRACE}-{SPAN}-01-what-ever");

        assert!(Parent::parse(&later).is_some());
        assert!(Parent::parse(&later.replacen("cc", "00", 1)).is_none());
    }

    #[test]
    fn of_a_long_state_the_newest_members_are_kept() {
        let (short, long) = ("a=1,b=2", format!("a={}", "x".repeat(300)));
        let exact = format!("a={}", "x".repeat(510));

        assert_eq!(newest(short), short);
        assert_eq!(newest(""), "");
        assert_eq!(newest(&exact), exact);
        assert_eq!(newest(&format!("{exact}x")), "");
        assert_eq!(
            newest(&format!("{short},{long},{long}")),
            format!("{short},{long}")
        );
        assert_eq!(newest(&format!("{exact},b=2")), exact);
    }

    #[test]
    fn what_is_malformed_is_nobody() {
        let (zeros, short) = ("0".repeat(32), TRACE.trim_start_matches('0'));
        for header in [
            String::new(),
            "00".to_owned(),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", "0".repeat(16)),
            format!("00-+{short}-{SPAN}-01"),
            format!("00-{short}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}0-01"),
            format!("00-{TRACE}-{SPAN}-01 "),
        ] {
            assert_eq!(Parent::parse(&header), None, "{header}");
        }
    }
}
