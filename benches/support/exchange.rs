//! One request over a connection that is kept.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What came back.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

/// Sends `request` on `stream`, or on a fresh one; none where the connection ends before the answer does.
pub(crate) async fn exchange<'a>(
    address: SocketAddr,
    stream: &mut Option<TcpStream>,
    request: &[u8],
    buffer: &'a mut Vec<u8>,
) -> Option<Answer<'a>> {
    if stream.is_none() {
        let fresh = TcpStream::connect(address).await.ok()?;
        fresh.set_nodelay(true).ok()?;
        *stream = Some(fresh);
    }
    let stream = stream.as_mut()?;
    stream.write_all(request).await.ok()?;
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
        if let Some((status, head, length)) = parse(buffer).ok()?
            && buffer.len() >= head + length
        {
            let body = buffer.get(head..head + length)?;
            return Some(Answer { status, body });
        }
    }
}

/// The status, and how long head and body are; none while the head is not whole.
fn parse(buffer: &[u8]) -> Result<Option<(u16, usize, usize)>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = answer.parse(buffer)? else {
        return Ok(None);
    };
    let mut headers = answer.headers.iter();
    let length = headers.find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
    Ok(answer
        .code
        .zip(length)
        .map(|(status, length)| (status, head, length)))
}
