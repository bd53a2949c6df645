//! The store on both databases, one module per noun.

#[path = "store/opening.rs"]
mod opening;
