//! The book, and what else there is to read.

mod problems;
