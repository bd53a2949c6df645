//! Executes a plan over HTTP and reports every step to an observer. No database.
