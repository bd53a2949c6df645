//! The database: schema, every query, tenancy, sealing, change feed.
