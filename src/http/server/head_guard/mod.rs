//! Watches the heads of requests on their way to hyper.
//!
//! Two things that hyper leaves undone: it gives a head and an idle connection the same time, and
//! of a request with both `Transfer-Encoding` and `Content-Length` it silently keeps the first. A
//! proxy that believes the second sees the requests' borders elsewhere, which is how requests are
//! smuggled (RFC 9112 §6.3); such a head is spoilt here, so that hyper answers 400 and closes.

#[cfg(test)]
mod tests;

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// More headers than hyper takes, so that the verdict on those is hyper's.
const MAX_HEADERS: usize = 128;

/// A stream that is read by hyper.
pub(super) struct HeadGuard<S> {
    stream: S,
    deadline: Duration,
    state: State,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Where in the flow of requests the stream stands.
enum State {
    /// In a head, of which this much was read.
    Head(Vec<u8>),
    /// In a body, of which so many bytes are to come.
    Body(u64),
    /// No more heads to look at: hyper closes after a chunked request, and refuses what is no
    /// head.
    Open,
    /// After a smuggled head: nothing more of the client's, only this.
    Refused(&'static [u8]),
}

/// Without the end of the spoilt head, hyper would wait for it instead of answering.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// What a look at the bytes so far says.
enum Look {
    /// A head of so many bytes, with a body of so many.
    Head(usize, u64),
    /// A head whose body is chunked.
    Chunked,
    /// Not a head yet.
    Partial,
    /// Two framings at once.
    Smuggled,
    /// Not a head at all.
    Unreadable,
}

impl<S> HeadGuard<S> {
    pub(super) fn new(stream: S, deadline: Duration) -> Self {
        Self {
            stream,
            deadline,
            state: State::Head(Vec::new()),
            timer: None,
        }
    }

    /// Follows `bytes`, and says how many of them, at the end, must not pass.
    fn admit(&mut self, mut bytes: &[u8]) -> usize {
        loop {
            match &mut self.state {
                State::Open => return 0,
                State::Refused(_) => return bytes.len(),
                State::Body(left) => {
                    let skipped = usize::try_from(*left)
                        .unwrap_or(usize::MAX)
                        .min(bytes.len());
                    *left -= skipped as u64;
                    if *left > 0 {
                        return 0;
                    }
                    bytes = bytes.get(skipped..).unwrap_or_default();
                    self.state = State::Head(Vec::new());
                }
                State::Head(_) if bytes.is_empty() => return 0,
                State::Head(seen) => {
                    let before = seen.len();
                    // Most heads come in one piece, which is looked at where it is.
                    let verdict = if before == 0 {
                        look(bytes)
                    } else {
                        seen.extend_from_slice(bytes);
                        look(seen)
                    };
                    match verdict {
                        Look::Head(end, body) => {
                            bytes = bytes.get(end.saturating_sub(before)..).unwrap_or_default();
                            self.timer = None;
                            self.state = State::Body(body);
                        }
                        Look::Partial => {
                            if before == 0 {
                                seen.extend_from_slice(bytes);
                            }
                            let too_long = seen.len() > super::MAX_HEAD_BYTES;
                            self.start_timer();
                            if too_long {
                                // hyper answers 431 by itself.
                                self.state = State::Open;
                            }
                            return 0;
                        }
                        Look::Chunked => {
                            self.timer = None;
                            self.state = State::Open;
                        }
                        Look::Unreadable => {
                            // hyper says so too, but some of it only when the head has ended.
                            self.start_timer();
                            self.state = State::Open;
                        }
                        Look::Smuggled => {
                            self.timer = None;
                            self.state = State::Refused(END_OF_HEAD);
                            return bytes.len();
                        }
                    }
                }
            }
        }
    }

    fn start_timer(&mut self) {
        let deadline = self.deadline;
        self.timer
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + deadline)));
    }
}

fn look(bytes: &[u8]) -> Look {
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut []);
    let end = match request.parse_with_uninit_headers(bytes, &mut headers) {
        Ok(httparse::Status::Complete(end)) => end,
        Ok(httparse::Status::Partial) => return Look::Partial,
        Err(_) => return Look::Unreadable,
    };
    let find = |name: &str| {
        let mut headers = request.headers.iter();
        headers
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value)
    };
    match (find("transfer-encoding"), find("content-length")) {
        (Some(_), Some(_)) => Look::Smuggled,
        (Some(_), None) => Look::Chunked,
        (None, None) => Look::Head(end, 0),
        (None, Some(length)) => match std::str::from_utf8(length).map(|text| text.trim().parse()) {
            Ok(Ok(length)) => Look::Head(end, length),
            // Two lengths in one line, or none that is a number: hyper refuses it.
            _ => Look::Unreadable,
        },
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeadGuard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(timer) = &mut self.timer
            && timer.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if let State::Refused(end) = &mut self.state {
            let (now, later) = end.split_at(end.len().min(buf.remaining()));
            buf.put_slice(now);
            *end = later;
            return Poll::Ready(Ok(()));
        }
        let start = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let read = buf.filled_mut().get_mut(start..).unwrap_or_default();
        // What comes before a smuggled head is somebody's request, and stays as it is.
        let passed = read.len() - self.admit(read);
        read.get_mut(passed..).unwrap_or_default().fill(0);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadGuard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
