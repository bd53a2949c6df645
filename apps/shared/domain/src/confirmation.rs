//! Whether mail reaches somebody, and what depends on it.

/// Whether somebody has shown that mail to their address reaches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// They followed a link that was sent there.
    Confirmed,
    /// Not yet: the address may be a typing error, or somebody else's.
    Pending,
}

impl Confirmation {
    /// Whether others may be invited. Otherwise a stranger's address would be enough to send mail to anybody.
    #[must_use]
    pub fn may_invite(self) -> bool {
        self == Self::Confirmed
    }

    /// Whether alerts are sent there. Otherwise whoever has the address would get alerts they never asked for.
    #[must_use]
    pub fn gets_alerts(self) -> bool {
        self == Self::Confirmed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_goes_to_and_through_confirmed_addresses_only() {
        assert!(Confirmation::Confirmed.may_invite() && Confirmation::Confirmed.gets_alerts());
        assert!(!Confirmation::Pending.may_invite() && !Confirmation::Pending.gets_alerts());
    }
}
