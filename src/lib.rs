//! remint re-signs expired JWTs.
