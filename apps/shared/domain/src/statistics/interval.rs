//! How long a bin is.

use jiff::Timestamp;

/// The length of a bin. They begin at multiples of it since 1970 in UTC: days at midnight, and what is seven days
/// long on a Thursday, as 1970 did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BinInterval {
    /// A minute.
    Minute,
    /// Five minutes.
    FiveMinutes,
    /// A quarter of an hour.
    Quarter,
    /// An hour.
    #[default]
    Hour,
    /// Six hours.
    SixHours,
    /// A day.
    Day,
    /// Seven days.
    SevenDays,
}

crate::state::text_enum!(BinInterval {
    Minute = "1m",
    FiveMinutes = "5m",
    Quarter = "15m",
    Hour = "1h",
    SixHours = "6h",
    Day = "1d",
    SevenDays = "7d",
});

impl BinInterval {
    /// In seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::FiveMinutes => 300,
            Self::Quarter => 900,
            Self::Hour => 3600,
            Self::SixHours => 21_600,
            Self::Day => 86_400,
            Self::SevenDays => 604_800,
        }
    }

    /// How many whole intervals lie between 1970 and this instant; before 1970 the number is negative.
    pub(super) fn count_before(self, at: Timestamp) -> i64 {
        let second = at.as_nanosecond().div_euclid(1_000_000_000);
        i64::try_from(second).expect("the seconds of any time are few").div_euclid(self.seconds())
    }
}
