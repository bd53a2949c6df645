//! For tests only: a database per test, factories, a scripted HTTP target.

pub mod database;

pub use database::TestDatabase;
