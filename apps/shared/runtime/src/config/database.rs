//! Which database.

use std::fmt;

use super::{Environment, Invalid};
use crate::var_dir::VarDir;

/// Where the data is kept. The URL is read further by the store, which knows its forms.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` or `postgres://…`, which may hold a password.
    pub url: String,
}

impl DatabaseConfig {
    /// The variable read here.
    pub const VARIABLE: &str = "DATABASE_URL";

    /// From `DATABASE_URL`; without it, the file `smokex.db` in `VAR_DIR`.
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
        let url = match environment.text(Self::VARIABLE)? {
            Some(url) => url,
            None => format!("sqlite:{}", VarDir::read(environment)?.file("smokex.db").display()),
        };
        Ok(Self { url })
    }
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("DatabaseConfig").field("url", &format_args!("{scheme}:…")).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_variable_it_is_a_file_in_the_var_folder() {
        let read = |variables: &[(&str, &str)]| {
            DatabaseConfig::read(&Environment::given(variables.iter().copied())).unwrap().url
        };
        assert_eq!(read(&[]), "sqlite:./var/smokex.db");
        assert_eq!(read(&[("VAR_DIR", "/srv/smokex")]), "sqlite:/srv/smokex/smokex.db");
        assert_eq!(read(&[("DATABASE_URL", ""), ("VAR_DIR", "x")]), "sqlite:x/smokex.db");
    }

    #[test]
    fn the_password_in_it_is_never_printed() {
        let config = DatabaseConfig { url: "postgres://ada:hunter2@db/smokex".into() };
        assert_eq!(format!("{config:?}"), "DatabaseConfig { url: postgres:… }");
    }
}
