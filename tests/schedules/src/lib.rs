//! Look-ups that share queries, on threads whose every step is chosen by the tests.
//!
//! *Why beside the other tests of the same promises.* Those of the module try every order in which
//! things can happen from outside, and real threads. Neither meets what takes two threads to be
//! between the same two steps.
//!
//! *Why a package of its own.* Here `tokio` is another one, and so are locks.

#[cfg(test)]
#[expect(dead_code, reason = "the service looks at it in more ways")]
mod gather {
    include!(concat!(env!("OUT_DIR"), "/gather.rs"));
}

#[cfg(test)]
mod tests;
