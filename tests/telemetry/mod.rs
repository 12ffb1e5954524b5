//! What the running service tells of itself, and to whom.

mod audit_file;
