//! The pages, as a browser uses them.
