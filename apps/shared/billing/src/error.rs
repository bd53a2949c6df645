//! What can go wrong at Stripe, in sentences for people.

use std::fmt;

use stripe::{ApiErrorsCode, ApiErrorsType, StripeError};

/// Why something was not done. The text may be shown to members; what Stripe said stands in the source.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No answer came, or one that says that Stripe cannot answer now. It may have been done all the same.
    #[error("Stripe does not answer at the moment. Try again in a minute.")]
    Unreachable(#[source] Answer),
    /// We ask more than Stripe allows.
    #[error("Stripe is asked too much at the moment. Try again in a minute.")]
    Busy(#[source] Answer),
    /// The key is wrong, or may not do this.
    #[error("Stripe does not let this server do that. Whoever runs the server has to look at its STRIPE_SECRET_KEY.")]
    Key(#[source] Answer),
    /// There is no such thing in this account.
    #[error("Stripe does not know what this is about. Whoever runs the server finds what it was in the log.")]
    Missing(#[source] Answer),
    /// The same was asked before, with other words.
    #[error("This page is out of date. Open it again.")]
    Outdated,
    /// Stripe does not do this.
    #[error("Stripe did not do that. Whoever runs the server finds the reason in the log.")]
    Refused(#[source] Answer),
    /// The answer is not as this version expects it.
    #[error("Stripe's answer could not be read. Whoever runs the server finds out more in the log.")]
    Unreadable(#[source] Answer),
    /// There is no price to subscribe to.
    #[error("There is nothing to subscribe to yet: whoever runs the server has to run `smokex billing setup` first.")]
    NoPrice,
    /// There is a subscription that is not over.
    #[error("There is a subscription already. To change how it is paid, or to pay what is open, manage it instead.")]
    Subscribed,
    /// There is nothing to manage, cancel or resume.
    #[error("There is no subscription.")]
    NotSubscribed,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What Stripe said, or why it said nothing: for logs and operators, not for members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer(String);

impl Answer {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Answer {}

impl Error {
    /// Whether the same may succeed a moment later.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Busy(_))
    }
}

impl From<StripeError> for Error {
    fn from(error: StripeError) -> Self {
        match error {
            StripeError::Stripe(error, status) => {
                let code = error.code.as_ref().map_or("no code", ApiErrorsCode::as_str);
                let message = error.message.as_deref().unwrap_or("no message");
                let answer = Answer(format!("{status} {} ({code}): {message}", error.type_.as_str()));
                match (status, &error.type_, &error.code) {
                    (_, ApiErrorsType::IdempotencyError, _) => Self::Outdated,
                    (401 | 403, ..) => Self::Key(answer),
                    (404, ..) | (_, _, Some(ApiErrorsCode::ResourceMissing)) => Self::Missing(answer),
                    (429, ..) => Self::Busy(answer),
                    (409 | 424 | 500.., ..) => Self::Unreachable(answer),
                    _ => Self::Refused(answer),
                }
            }
            StripeError::Timeout => Self::Unreachable(Answer::new("no answer came in time")),
            StripeError::ClientError(problem) => Self::Unreachable(Answer(problem)),
            // What comes from something between us and Stripe is not written as Stripe writes.
            StripeError::JSONDeserialize(problem) if problem.ends_with("Stripe error") => {
                Self::Unreachable(Answer::new("the answer is an error that Stripe did not write"))
            }
            StripeError::JSONDeserialize(problem) | StripeError::ConfigError(problem) => {
                Self::Unreadable(Answer(problem))
            }
        }
    }
}
