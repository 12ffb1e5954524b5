//! Instructions instead of time: the same on a machine that others use as well.

use remint::domain::{Clock as _, SystemClock};

use super::exchange::exchange;
use super::service::{SECRET, Service};
use super::tokens::Mint;

/// How many refreshes are counted.
const COUNTED: usize = 1_000;

/// Those before them warm up.
const WARM_UP: usize = 200;

/// What one refresh in that mode takes: the difference of two runs under valgrind, so that the start
/// is not in it.
pub(crate) async fn instructions(mode: &str) -> u64 {
    let short = count(mode, WARM_UP).await;
    let long = count(mode, WARM_UP + COUNTED).await;
    (long - short) / u64::try_from(COUNTED).unwrap()
}

async fn count(mode: &str, refreshes: usize) -> u64 {
    let service = Service::under_callgrind(&[("REFRESH_MODE", mode)]).await;
    let mut mint = Mint::new(SECRET, SystemClock.now().timestamp());
    let (mut stream, mut buffer) = (None, Vec::new());
    for _ in 0..refreshes {
        let request = mint.request();
        let answer = exchange(service.address, &mut stream, &request, &mut buffer).await;
        assert_eq!(answer.unwrap().status, 200);
    }
    drop(stream);
    service.stop_and_count()
}
