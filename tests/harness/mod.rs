//! What the tests stand on.

mod app;
pub(crate) mod authority;
pub(crate) mod chromium;
pub(crate) mod jwt;
pub(crate) mod logs;
pub(crate) mod network;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod scripts;
pub(crate) mod servers;
pub(crate) mod wire;

pub(crate) use app::{
    ADMIN, ADMIN_KEY, Answer, ONE_PATIENT_CONNECTION, SECRET, START, TestApp, UNLIMITED, config,
    request, spawn, spawn_beside, spawn_on, spawn_on_each, spawn_over, spawn_with,
};
