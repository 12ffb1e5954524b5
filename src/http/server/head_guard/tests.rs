use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

const LONG: Duration = Duration::from_mins(1);

/// A client whose bytes arrive in these pieces.
struct Pieces(VecDeque<Vec<u8>>);

impl Pieces {
    /// `bytes`, cut where the fractions say.
    fn of(bytes: &[u8], cuts: &[f64]) -> Self {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| place(bytes, *cut)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        cuts.dedup();
        let pieces = cuts.windows(2).map(|cut| bytes[cut[0]..cut[1]].to_vec());
        Self(pieces.collect())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a few thousand bytes"
)]
fn place(bytes: &[u8], fraction: f64) -> usize {
    (bytes.len() as f64 * fraction) as usize
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(mut piece) = self.0.pop_front() {
            let later = piece.split_off(piece.len().min(buf.remaining()));
            buf.put_slice(&piece);
            if !later.is_empty() {
                self.0.push_front(later);
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// What hyper gets to see of those pieces.
fn through_the_guard(pieces: Pieces) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut seen = Vec::new();
    let mut guard = HeadGuard::new(pieces, LONG);
    runtime.block_on(guard.read_to_end(&mut seen)).unwrap();
    seen
}

/// Lines that no framing hangs on, some of which look as if it did.
fn other_lines() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("Accept: */*\r\n".to_owned()),
        Just("X-Content-Length: 7\r\n".to_owned()),
        Just("X: Transfer-Encoding: chunked\r\n".to_owned()),
        "[A-Z][a-z]{0,9}: [ -~]{0,40}\r\n",
    ];
    vec(line, 0..4).prop_map(|lines| lines.concat())
}

/// A request with a body that looks like anything, a smuggled head included.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let body = prop_oneof![vec(any::<u8>(), 0..200), smuggled(), Just(Vec::new()),];
    (other_lines(), body, other_lines()).prop_map(|(before, body, after)| {
        let length = match body.len() {
            0 => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        let head = format!("POST /x HTTP/1.1\r\n{before}{length}{after}\r\n");
        [head.into_bytes(), body].concat()
    })
}

/// A head with both framings, in any order and case.
fn smuggled() -> impl Strategy<Value = Vec<u8>> {
    let framings = Just([
        "Content-Length: 5\r\n",
        "content-length:0\r\n",
        "TRANSFER-ENCODING: chunked\r\n",
        "Transfer-encoding:identity\r\n",
    ]);
    let framings = framings.prop_shuffle();
    let both = |lines: &[&str; 4]| {
        let has = |name| {
            lines[..3]
                .iter()
                .any(|line| line.to_lowercase().starts_with(name))
        };
        has("content-length") && has("transfer-encoding")
    };
    (framings.prop_filter("one framing", both), other_lines()).prop_map(|(lines, other)| {
        let [first, second, third, _] = lines;
        format!("POST /x HTTP/1.1\r\n{first}{other}{second}{third}\r\n").into_bytes()
    })
}

proptest! {
    #[test]
    fn valid_requests_pass_unchanged_however_they_are_split(
        requests in vec(request(), 0..5),
        cuts in vec(0.0..1.0, 0..40),
    ) {
        let sent = requests.concat();

        let seen = through_the_guard(Pieces::of(&sent, &cuts));

        prop_assert_eq!(seen, sent);
    }

    #[test]
    fn a_smuggled_head_is_always_spoilt_and_ends_what_is_seen(
        requests in vec(request(), 0..3),
        smuggled in smuggled(),
        after in vec(any::<u8>(), 0..100),
        cuts in vec(0.0..1.0, 0..40),
    ) {
        let valid = requests.concat();
        let sent = [valid.clone(), smuggled.clone(), after].concat();

        let seen = through_the_guard(Pieces::of(&sent, &cuts));

        let (before, spoilt) = seen.split_at(valid.len());
        prop_assert_eq!(before, valid);
        prop_assert!(spoilt.ends_with(END_OF_HEAD));
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        httparse::Request::new(&mut headers).parse(spoilt).unwrap_err();
    }
}

#[test]
fn cut_into_single_bytes_it_is_spoilt_as_well() {
    let sent = b"POST /x HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bytes = sent.iter().map(|byte| vec![*byte]);

    let seen = through_the_guard(Pieces(bytes.collect()));

    let (before, last) = sent.split_at(sent.len() - 1);
    assert_eq!(last, b"\n");
    assert_eq!(seen, [before, b"\0", END_OF_HEAD].concat());
}

#[tokio::test]
async fn a_head_has_a_deadline_and_what_is_no_head_has_it_too() {
    for begun in ["GET /", "GET / HTTP/1.1\r\nno header\r\n", "\r\n"] {
        let (mut client, server) = tokio::io::duplex(100);
        let mut guard = HeadGuard::new(server, Duration::from_millis(20));
        client.write_all(begun.as_bytes()).await.unwrap();

        let mut seen = Vec::new();
        let error = guard.read_to_end(&mut seen).await.unwrap_err();

        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(seen, begun.as_bytes());
    }
}

#[tokio::test]
async fn a_body_has_none() {
    let (mut client, server) = tokio::io::duplex(100);
    let mut guard = HeadGuard::new(server, Duration::from_millis(20));
    let begun = b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nbody";
    client.write_all(begun).await.unwrap();
    let mut seen = vec![0; begun.len()];
    guard.read_exact(&mut seen).await.unwrap();

    let more = tokio::time::timeout(Duration::from_millis(200), guard.read_u8());

    more.await.unwrap_err();
}
