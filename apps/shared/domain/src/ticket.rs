//! Tickets: what a token that is good once may be good for, and for how long.

use jiff::SignedDuration;

/// What whoever holds a ticket may do, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketPurpose {
    /// Show that mail to the account's address reaches them.
    Confirm,
    /// Choose a new password without the old one.
    Reset,
    /// Make another address the account's; it was sent there.
    ChangeEmail,
    /// Sign in with the second factor: the password was right a moment ago.
    SecondStep,
}

crate::state::text_enum!(TicketPurpose {
    Confirm = "confirm",
    Reset = "reset",
    ChangeEmail = "change_email",
    SecondStep = "second_step",
});

impl TicketPurpose {
    /// How long such a ticket is good.
    #[must_use]
    pub fn lifetime(self) -> SignedDuration {
        match self {
            // Nothing is lost if somebody else gets hold of it, and people come back to their mail late.
            Self::Confirm => SignedDuration::from_hours(7 * 24),
            Self::Reset | Self::ChangeEmail => SignedDuration::from_hours(1),
            Self::SecondStep => SignedDuration::from_mins(10),
        }
    }
}
