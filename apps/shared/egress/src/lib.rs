//! The only HTTP client that may reach addresses customers chose.
