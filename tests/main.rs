//! The behaviour of remint, against real servers.
