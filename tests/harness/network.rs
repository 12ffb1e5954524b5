//! A network between the service and its database that fails when it is told to.

use std::io::{Error, ErrorKind, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::process::PATIENCE;

/// What a network does to those who rely on it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Every connection ends in the middle of an answer, after so many bytes from now on.
    Cut { after: usize, ending: Ending },
    /// The next statement that is prepared with this in its text is run by the database, and the
    /// connection ends in the place of its answer; once.
    CutAnswerTo(&'static str),
    /// Every answer takes so much longer.
    Delay(Duration),
    /// Nothing comes through, and nobody is told. What was swallowed is never made good: only
    /// connections that are opened after this is over work.
    Swallow,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    /// In good order (FIN).
    Closed,
    /// RST.
    Reset,
}

/// A way to a server; a network without faults until something else is said.
pub(crate) struct Proxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    cuts: watch::Sender<usize>,
    count: watch::Sender<Count>,
}

/// The connections of the service.
#[derive(Debug, Default)]
struct Count {
    /// How many there are.
    open: usize,
    /// How many there were, and are.
    ever: usize,
}

impl Proxy {
    /// A proxy in front of the server that `url` names, and the URL that leads through it.
    pub(crate) async fn before(url: &str) -> (Self, String) {
        let (user, server) = url.split_once("@127.0.0.1:").unwrap();
        let (port, database) = server.split_once('/').unwrap();
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().unwrap()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            fault: watch::Sender::new(Fault::None),
            cuts: watch::Sender::new(0),
            count: watch::Sender::default(),
        };
        let (all, cuts) = (proxy.fault.clone(), proxy.cuts.clone());
        let count = proxy.count.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (all, cuts) = (all.clone(), cuts.clone());
                let open = Open::counted(&count);
                tokio::spawn(async move {
                    let line = Line {
                        server: TcpStream::connect(server).await?,
                        client,
                        fault: all.subscribe(),
                        all,
                        cuts,
                        answered: 0,
                        cut: Cut::NotYet,
                    };
                    let end = pass_on(line).await;
                    drop(open);
                    end
                });
            }
        });
        let url = format!("{user}@{}/{database}", proxy.address);
        (proxy, url)
    }

    /// From now on that happens, and nothing else.
    pub(crate) fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// From now on that happens, until so many connections ended of it; then nothing.
    pub(crate) async fn cut(&self, count: usize, fault: Fault) {
        let mut cuts = self.cuts.subscribe();
        let before = *cuts.borrow();
        self.set(fault);
        let enough = cuts.wait_for(|cuts| *cuts >= before + count);
        timeout(PATIENCE, enough).await.unwrap().unwrap();
        self.set(Fault::None);
    }

    /// Waits until the service has tried to open so many more connections.
    pub(crate) async fn tries(&self, more: usize) {
        let before = self.count.borrow().ever;
        self.until(|count| count.ever >= before + more).await;
    }

    /// Waits until the service has no more connections than that.
    pub(crate) async fn at_most(&self, open: usize) {
        self.until(|count| count.open <= open).await;
    }

    async fn until(&self, is_so: impl Fn(&Count) -> bool) {
        let mut count = self.count.subscribe();
        let is_in_time = timeout(PATIENCE, count.wait_for(is_so)).await.is_ok();
        assert!(is_in_time, "{:?}", *self.count.borrow());
    }
}

/// A connection that is counted for as long as this is kept.
struct Open(watch::Sender<Count>);

impl Open {
    fn counted(count: &watch::Sender<Count>) -> Self {
        count.send_modify(|count| {
            count.open += 1;
            count.ever += 1;
        });
        Self(count.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|count| count.open -= 1);
    }
}

async fn pass_on(mut line: Line) -> Result<()> {
    let (mut request, mut answer) = (vec![0; 16_384], vec![0; 16_384]);
    while !matches!(*line.fault.borrow(), Fault::Swallow) {
        tokio::select! {
            // What was read after it began must not be forgotten by it.
            biased;
            changed = line.fault.changed() => {
                changed.map_err(Error::other)?;
                (line.answered, line.cut) = (0, Cut::NotYet);
            }
            length = line.client.read(&mut request) => {
                line.ask(&request[..some(length)?]).await?;
            }
            length = line.server.read(&mut answer) => {
                line.answer(&answer[..some(length)?]).await?;
            }
        }
    }
    // The database never learns that nobody is there, either.
    loop {
        some(line.client.read(&mut request).await)?;
    }
}

/// The length of what was read, unless that is the end.
fn some(length: Result<usize>) -> Result<usize> {
    let length = length?;
    (length > 0).then_some(length).ok_or_else(over)
}

fn over() -> Error {
    ErrorKind::UnexpectedEof.into()
}

/// One connection of the service, and the one to the server that stands for it.
struct Line {
    client: TcpStream,
    server: TcpStream,
    fault: watch::Receiver<Fault>,
    all: watch::Sender<Fault>,
    cuts: watch::Sender<usize>,
    /// How many bytes of answers came through since the fault began.
    answered: usize,
    cut: Cut,
}

/// How far a statement is whose answer is not to come through.
#[derive(Clone, Copy)]
enum Cut {
    NotYet,
    IsPrepared,
    IsRun,
}

impl Line {
    async fn ask(&mut self, request: &[u8]) -> Result<()> {
        if let Fault::CutAnswerTo(part) = *self.fault.borrow() {
            let part = part.as_bytes();
            self.cut = match self.cut {
                Cut::NotYet if request.windows(part.len()).any(|it| it == part) => Cut::IsPrepared,
                Cut::NotYet => Cut::NotYet,
                Cut::IsPrepared | Cut::IsRun => Cut::IsRun,
            };
        }
        self.server.write_all(request).await
    }

    async fn answer(&mut self, answer: &[u8]) -> Result<()> {
        let fault = *self.fault.borrow();
        match (fault, self.cut) {
            (Fault::Delay(delay), _) => sleep(delay).await,
            (Fault::Cut { after, ending }, _) if self.answered + answer.len() > after => {
                let rest = after.saturating_sub(self.answered);
                self.client.write_all(&answer[..rest]).await?;
                return self.end(ending);
            }
            (Fault::CutAnswerTo(_), Cut::IsRun) => {
                self.all.send_replace(Fault::None);
                return self.end(Ending::Reset);
            }
            _ => {}
        }
        self.answered += answer.len();
        self.client.write_all(answer).await
    }

    fn end(&self, ending: Ending) -> Result<()> {
        self.cuts.send_modify(|cuts| *cuts += 1);
        if matches!(ending, Ending::Reset) {
            self.client.set_zero_linger()?;
        }
        Err(over())
    }
}
