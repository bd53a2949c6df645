//! Why a server did not do what was asked of it.

use egress::Failure;
use http::StatusCode;
use thiserror::Error;
use url::Url;

use super::problem::Problem;
use crate::exit::Exit;

/// Displays as sentences that say what to do.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// Nothing was done: the server cannot be reached, or only had to read.
    #[error("{0}")]
    Unreachable(Box<Failure>),
    /// The connection broke after something was asked that changes something.
    #[error("{0} Whether it was done cannot be told.")]
    Doubtful(Box<Failure>),
    /// The server says why it does not do it.
    #[error("{}{}", .0, hint(.0.status))]
    Refused(Box<Problem>),
    /// Something else than a Smokex server answers there.
    #[error("What {url} answered ({status}) is not what a Smokex server answers. Is the address right?")]
    Strange {
        /// Where it was asked.
        url: Box<Url>,
        /// With what it answered.
        status: StatusCode,
    },
    /// The answer is somewhere else, where no token is sent unasked.
    #[error("The server sends to {0}. Log in with the address that it really has.")]
    Elsewhere(String),
}

fn hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => " Log in with `smokex login`, or set SMOKEX_TOKEN.",
        _ => "",
    }
}

impl RemoteError {
    /// Whether the call is wrong, or nobody can tell.
    pub fn exit(&self) -> Exit {
        match self.status() {
            Some(
                StatusCode::BAD_REQUEST
                | StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::NOT_FOUND
                | StatusCode::UNPROCESSABLE_ENTITY,
            ) => Exit::Wrong,
            _ => Exit::Unknown,
        }
    }

    /// The status with which the server refused.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused(problem) => Some(problem.status),
            _ => None,
        }
    }

    /// Whether the same may be answered a little later: the server is away, or begins anew behind a proxy.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused(problem) => problem.status.is_server_error(),
            Self::Strange { status, .. } => status.is_server_error(),
            Self::Doubtful(_) | Self::Elsewhere(_) => false,
        }
    }

    /// Whether what is asked next will fail in the same way.
    pub fn ends_everything(&self) -> bool {
        match self {
            Self::Refused(problem) => {
                matches!(
                    problem.status,
                    StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
                ) || problem.status.is_server_error()
            }
            _ => true,
        }
    }
}
