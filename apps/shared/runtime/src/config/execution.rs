//! How runs are executed.

use super::{Environment, Invalid};

/// What an executor may do at once and where its plans may reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionConfig {
    /// How many runs one executor has under way at once; 1–1024.
    pub concurrency: usize,
    /// `EGRESS_ALLOW` split at its commas, read further by `egress`: addresses beside the public
    /// ones that plans may reach.
    pub allow: Vec<String>,
}

impl ExecutionConfig {
    /// The variable that holds [`Self::allow`].
    pub const ALLOW: &str = "EGRESS_ALLOW";

    /// From `RUN_CONCURRENCY` (default 16) and `EGRESS_ALLOW` (default nothing).
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
        const NAME: &str = "RUN_CONCURRENCY";
        let remedy = "Write a number from 1 to 1024";
        let concurrency = environment.parsed(NAME, "whole number", remedy)?.unwrap_or(16);
        if !(1..=1024).contains(&concurrency) {
            return Err(Invalid::new(NAME, format!("is {concurrency}"), remedy));
        }
        let allow = environment.text(Self::ALLOW)?.unwrap_or_default();
        let allow = allow.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect();
        Ok(Self { concurrency, allow })
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
}
