//! How runs are executed.

use std::time::Duration;

use super::{Environment, Invalid};

/// What an executor may do at once and where its plans may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionConfig {
    /// How many runs one executor has under way at once; 1–1024.
    pub concurrency: usize,
    /// How long the runs of an executor that died wait before another one takes them; 1–300 seconds.
    pub lease: Duration,
    /// `EGRESS_ALLOW` split at its commas, read further by `egress`: addresses beside the public
    /// ones that plans may reach.
    pub allow: Vec<String>,
}

impl ExecutionConfig {
    /// The variable that holds [`Self::allow`].
    pub const ALLOW: &str = "EGRESS_ALLOW";

    /// From `RUN_CONCURRENCY` (default 16), `RUN_LEASE_SECONDS` (default 15) and `EGRESS_ALLOW`
    /// (default nothing).
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn from_env() -> Result<Self, Invalid> {
        Self::read(&Environment::process())
    }

    /// As [`Self::from_env`], from other variables.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn read(environment: &Environment) -> Result<Self, Invalid> {
        let number = |name, default: u64, most: u64| {
            let remedy = format!("Write a number from 1 to {most}");
            let number = environment.parsed(name, "whole number", &remedy)?.unwrap_or(default);
            let fits = (1..=most).contains(&number);
            if fits { Ok(number) } else { Err(Invalid::new(name, format!("is {number}"), remedy)) }
        };
        let concurrency = usize::try_from(number("RUN_CONCURRENCY", 16, 1024)?).expect("1024 fits everywhere");
        let lease = Duration::from_secs(number("RUN_LEASE_SECONDS", 15, 300)?);
        Ok(Self { concurrency, lease, allow: environment.words(Self::ALLOW)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_split_at_commas() {
        let environment = Environment::given([("EGRESS_ALLOW", "127.0.0.1:9000, 10.0.0.0/8,")]);
        assert_eq!(ExecutionConfig::read(&environment).unwrap().allow, ["127.0.0.1:9000", "10.0.0.0/8"]);
    }

    #[test]
    fn concurrency_has_bounds() {
        for (text, shown) in [("0", "is 0"), ("1025", "is 1025"), ("many", "is `many`, which is no whole number")] {
            let error = ExecutionConfig::read(&Environment::given([("RUN_CONCURRENCY", text)])).unwrap_err();
            assert_eq!(error.to_string(), format!("RUN_CONCURRENCY {shown}. Write a number from 1 to 1024."));
        }
    }

    #[test]
    fn a_lease_has_bounds() {
        let read = |text| ExecutionConfig::read(&Environment::given([("RUN_LEASE_SECONDS", text)]));
        assert_eq!(read("2").unwrap().lease, Duration::from_secs(2));
        assert_eq!(read("").unwrap().lease, Duration::from_secs(15));
        assert!(read("0").is_err() && read("301").is_err());
    }
}
