//! A length of time as we store and show it: whole microseconds.

use std::{fmt, ops::Add, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whole microseconds. In JSON a number of milliseconds with up to three decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Elapsed(pub u64);

impl Elapsed {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// In milliseconds, with the microseconds as decimals.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn as_millis(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The same length for the standard library's timers.
    #[must_use]
    pub fn as_duration(self) -> Duration {
        Duration::from_micros(self.0)
    }
}

impl From<Duration> for Elapsed {
    /// Saturates after half a million years.
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    }
}

impl Add for Elapsed {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Elapsed {
    /// `850 µs`, `4.2 ms`, `640 ms`, `1.24 s`, `2 min 5 s`: three digits at most, never rounded to nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.as_millis();
        match self.0 {
            0 => f.write_str("0 ms"),
            1..1_000 => write!(f, "{} µs", self.0),
            1_000..9_950 => write!(f, "{ms:.1} ms"),
            9_950..999_500 => write!(f, "{ms:.0} ms"),
            999_500..59_995_000 => write!(f, "{:.2} s", ms / 1000.0),
            _ => {
                let seconds = (ms / 1000.0).round();
                write!(f, "{} min {} s", (seconds / 60.0).floor(), seconds % 60.0)
            }
        }
    }
}

impl Serialize for Elapsed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_millis())
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Elapsed {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        crate::openapi::milliseconds()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Elapsed {}

impl<'de> Deserialize<'de> for Elapsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ms = f64::deserialize(deserializer)?;
        if !ms.is_finite() || ms < 0.0 {
            return Err(serde::de::Error::custom("a duration in milliseconds is zero or more"));
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Ok(Self((ms * 1000.0).round() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_three_digits_and_its_unit() {
        for (micros, shown) in [
            (0, "0 ms"),
            (850, "850 µs"),
            (4_230, "4.2 ms"),
            (640_400, "640 ms"),
            (1_240_000, "1.24 s"),
            (125_000_000, "2 min 5 s"),
        ] {
            assert_eq!(Elapsed(micros).to_string(), shown);
        }
    }

    #[test]
    fn survives_json_to_the_microsecond() {
        for micros in [0, 1, 999, 1_234_567, 86_400_000_001] {
            let text = serde_json::to_string(&Elapsed(micros)).unwrap();
            assert_eq!(serde_json::from_str::<Elapsed>(&text).unwrap(), Elapsed(micros));
        }
    }
}
