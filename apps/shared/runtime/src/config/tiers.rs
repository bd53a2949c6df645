//! What the tiers allow, and which one is in force.

use std::path::PathBuf;

use super::{Environment, Invalid};

/// Where the tiers' figures stand. The file and the word are read further by `domain`, which knows the
/// tiers and their limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TiersConfig {
    /// A YAML file with figures that differ from the usual ones.
    pub file: Option<PathBuf>,
    /// The tier that everybody is on.
    pub in_force: Option<String>,
}

impl TiersConfig {
    /// The variable that holds [`Self::file`].
    pub const FILE: &str = "TIERS";
    /// The variable that holds [`Self::in_force`].
    pub const IN_FORCE: &str = "TIER";

    /// From `TIERS` and `TIER` (default nothing). The file is not touched yet.
    ///
    /// # Errors
    /// If a variable is not UTF-8.
    pub fn from_env() -> Result<Self, Invalid> {
        Self::read(&Environment::process())
    }

    /// As [`Self::from_env`], from other variables.
    ///
    /// # Errors
    /// If a variable is not UTF-8.
    pub fn read(environment: &Environment) -> Result<Self, Invalid> {
        let file = environment.text(Self::FILE)?.map(PathBuf::from);
        Ok(Self { file, in_force: environment.text(Self::IN_FORCE)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_a_word() {
        let read =
            |variables: &[(&str, &str)]| TiersConfig::read(&Environment::given(variables.iter().copied())).unwrap();
        assert_eq!(read(&[("TIER", " ")]), TiersConfig { file: None, in_force: None });
        let config = read(&[("TIERS", "/etc/smokex/tiers.yml"), ("TIER", "pro")]);
        assert_eq!(config, TiersConfig { file: Some("/etc/smokex/tiers.yml".into()), in_force: Some("pro".into()) });
    }
}
