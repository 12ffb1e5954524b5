//! The contracts beside the main job, each as its frontends see it.

mod cookie;
