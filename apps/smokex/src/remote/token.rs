//! What the token is that a server is asked with.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Call, Remote, RemoteError};

/// What a token opens, and how long.
#[derive(Debug, Deserialize)]
pub struct TokenDetail {
    /// What it is called.
    pub name: String,
    /// `read`, `run`, `write`, `admin`, or what a newer server has.
    pub scope: String,
    /// None if it never does.
    pub expires_at: Option<Timestamp>,
    pub organization: TokenOrganization,
}

/// Whose things it opens.
#[derive(Debug, Deserialize)]
pub struct TokenOrganization {
    pub name: String,
    pub tier: String,
}

impl Remote {
    /// What this token is.
    pub async fn token(&self) -> Result<TokenDetail, RemoteError> {
        self.ask(Call::get("token")).await
    }
}
