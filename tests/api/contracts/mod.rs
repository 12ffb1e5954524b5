//! The contracts beside the main job, each as its frontends see it.

mod clocks;
mod cookie;
mod deadlines;
mod ends;
mod envelope;
mod every;
pub(super) mod frontend;
mod keys;
mod oauth2;
mod refresh_token;
mod rotation;
mod subjects;
mod thief;
mod token_pair;
