//! What breaks around the service, one fault after the other, while clients use it.
//!
//! Every test sends the same clients through its fault; what must stay true of them is written in
//! [`invariants`].

mod calls;
mod clock;
mod connections;
mod invariants;
mod network;
mod process;
mod scene;
mod servers;
mod sqlite;
