//! The users directory and the migrations, on every database.

mod active;
mod agreement;
mod at_once;
mod bad_keys;
mod broken;
mod changes;
mod claims;
mod collations;
mod cut_offs;
mod gathering;
mod indexes;
mod isolation;
mod keys;
mod late_answers;
mod layout;
mod leaving;
mod left_behind;
mod lookups;
mod migrations;
mod names;
mod outages;
mod read_only;
mod setup;
mod sweeping;
mod table;
mod unhurried;
