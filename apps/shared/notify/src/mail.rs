//! Mail: to a mail server, or into a folder where none is configured.

mod folder;
mod message;
mod smtp;

use std::{fmt, sync::Arc};

use domain::{Email, MailId, MailSubject};
use jiff::Timestamp;
use lettre::message::Mailbox;
use runtime::config::{Invalid, MailConfig, MailRoute};

use folder::Folder;
use message::Message;
use smtp::Smtp;

/// A mail as one person gets it. No part of it can hold a line break but its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its message id is made from this one: mail programs take a letter that is sent twice for one.
    pub id: MailId,
    /// Who gets it.
    pub recipient: Email,
    /// Its subject.
    pub subject: MailSubject,
    /// Its text, plain.
    pub text: String,
    /// Its date.
    pub written_at: Timestamp,
}

/// Why a letter did not go out, as a sentence or two without secrets. A sentence of a mail server may hold
/// the recipient's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There is no way to send this letter to anybody; no server was asked.
    #[error("{0}")]
    Unsendable(String),
    /// The server will never take this letter.
    #[error("{0}")]
    Refused(String),
    /// This letter is not taken now; others may be.
    #[error("{0}")]
    Postponed(String),
    /// No letter goes out now: the server does not answer, or not in our language, or does not let us in.
    #[error("{0}")]
    Unavailable(String),
}

/// Sends letters, the way that is configured. Cheap to clone.
#[derive(Clone)]
pub struct Mailer(Arc<Inner>);

struct Inner {
    from: Mailbox,
    route: Route,
}

enum Route {
    Smtp(Smtp),
    Folder(Folder),
}

impl Mailer {
    /// As the configuration says. Nothing is connected to or made before the first letter.
    ///
    /// # Errors
    /// If the sender is no address.
    pub fn new(config: &MailConfig) -> Result<Self, Invalid> {
        Self::trusting(config, &[])
    }

    /// As [`Self::new`]; beside the usual issuers of certificates, and those this machine trusts, these (DER)
    /// may stand behind the mail server's.
    ///
    /// # Errors
    /// If the sender is no address.
    pub fn trusting(config: &MailConfig, issuers: &[Vec<u8>]) -> Result<Self, Invalid> {
        let from = message::mailbox(&config.from).ok_or_else(|| {
            let problem = format!("is `{}`, which is no address", config.from);
            Invalid::new(MailConfig::FROM, problem, MailConfig::FROM_REMEDY)
        })?;
        let route = match &config.route {
            MailRoute::Smtp(server) => Route::Smtp(Smtp::new(server.clone(), issuers)),
            MailRoute::Folder(folder) => Route::Folder(Folder::new(folder.clone())),
        };
        Ok(Self(Arc::new(Inner { from, route })))
    }

    /// Sends a letter; within a minute it has gone out or failed. Of a failure nobody knows for certain that
    /// it did not go out: a server may have taken it and been cut off before it said so.
    ///
    /// # Errors
    /// If it did not go out, or not for certain.
    pub async fn send(&self, letter: &Letter) -> Result<(), Failure> {
        let Inner { from, route } = &*self.0;
        let message = Message::compose(from, letter)?;
        match route {
            Route::Smtp(smtp) => smtp.send(&from.email, &message).await,
            Route::Folder(folder) => folder.put(letter, message.bytes).await,
        }
    }

    /// Whether letters become files on this machine, for want of a mail server.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        matches!(self.0.route, Route::Folder(_))
    }

    /// Says goodbye to the server until the next letter: to be called when there is none for a while.
    pub async fn rest(&self) {
        if let Route::Smtp(smtp) = &self.0.route {
            smtp.rest().await;
        }
    }
}

/// Where letters go.
impl fmt::Display for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.route {
            Route::Smtp(smtp) => smtp.fmt(f),
            Route::Folder(folder) => folder.fmt(f),
        }
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer({self})")
    }
}
