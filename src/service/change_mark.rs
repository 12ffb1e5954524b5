//! Whether the work on a request has begun to change anything.

use std::cell::Cell;
use std::pin::Pin;

use tokio::task::futures::TaskLocalFuture;
use tokio::task_local;

task_local! {
    static HAS_BEGUN: Cell<bool>;
}

/// Work that knows whether it has begun a change.
pub type Marked<F> = TaskLocalFuture<Cell<bool>, F>;

/// Has `work` know it from now on.
pub fn marked<F: Future>(work: F) -> Marked<F> {
    HAS_BEGUN.scope(Cell::new(false), work)
}

/// Notes that the work on this request is about to change something, here or elsewhere. From now on it is to
/// be finished, whoever goes away, so that the log has what came of it.
pub fn begin_change() {
    // What nobody asked for by a request, such as cleaning up, has no mark.
    HAS_BEGUN.try_with(|mark| mark.set(true)).ok();
}

/// Whether `work` has begun a change. It is told once.
pub fn has_begun_change<F>(work: Pin<&mut Marked<F>>) -> bool {
    work.take_value().is_some_and(Cell::into_inner)
}
