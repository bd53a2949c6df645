//! Where the database is: `DATABASE_URL`, read once and strictly. A password in it is never printed.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use secrecy::{ExposeSecret, SecretString};
use url::Url;

/// The place of the database.
#[derive(Clone)]
pub struct DatabaseUrl(pub(crate) Place);

#[derive(Clone)]
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres { url: SecretString, shown: String, password: Option<SecretString> },
}

/// Why a text is no place of a database; a sentence without the text's password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} Write sqlite:PATH (such as sqlite:var/smokex.db) or postgres://USER:PASSWORD@HOST/DATABASE.")]
pub struct MalformedUrl(&'static str);

impl DatabaseUrl {
    /// A SQLite file.
    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(Place::Sqlite(path.into()))
    }

    /// Whether this is a SQLite file, which only one program at a time may serve.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        matches!(self.0, Place::Sqlite(_))
    }

    /// The file, if it is SQLite's; it need not be there yet.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Place::Sqlite(path) => Some(path),
            Place::Postgres { .. } => None,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = MalformedUrl;

    fn from_str(text: &str) -> Result<Self, MalformedUrl> {
        if let Some(rest) = text.strip_prefix("sqlite:") {
            let path = rest.strip_prefix("//").unwrap_or(rest);
            if path.is_empty() || path.ends_with('/') {
                return Err(MalformedUrl("The database URL names no file."));
            }
            if path.contains(['?', '#', '\0']) || path.contains(":memory:") {
                return Err(MalformedUrl("The database URL has more than a path to a file."));
            }
            return Ok(Self(Place::Sqlite(path.into())));
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(MalformedUrl("The database URL begins with neither sqlite: nor postgres://."));
        }
        let mut url = Url::parse(text).map_err(|_| MalformedUrl("The database URL cannot be read as a URL."))?;
        let password = url.password().map(|raw| SecretString::from(raw.to_owned()));
        if url.path().len() < 2 {
            return Err(MalformedUrl("The database URL names no database."));
        }
        if url.query_pairs().any(|(key, _)| key == "password") {
            return Err(MalformedUrl("The password stands in the query of the database URL; put it after the user."));
        }
        let mut shown = url.clone();
        if password.is_some() {
            // Only URLs without a host refuse this, and they have no password.
            let _ = shown.set_password(Some("…"));
        }
        // A server that vanished without a word is noticed within a minute.
        let defaults = [
            ("connect_timeout", "10"),
            ("application_name", "smokex"),
            ("keepalives_idle", "30"),
            ("keepalives_interval", "10"),
            ("keepalives_count", "3"),
        ];
        for (key, value) in defaults {
            if !url.query_pairs().any(|(given, _)| given == key) {
                url.query_pairs_mut().append_pair(key, value);
            }
        }
        let shown = shown.as_str().replace("%E2%80%A6", "…");
        Ok(Self(Place::Postgres { url: SecretString::from(String::from(url)), shown, password }))
    }
}

impl Place {
    /// Takes the password out of a message that may quote the URL.
    pub(crate) fn scrub(&self, message: &str) -> String {
        match self {
            Self::Postgres { password: Some(password), .. } if !password.expose_secret().is_empty() => {
                message.replace(password.expose_secret(), "…")
            }
            _ => message.to_owned(),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Place::Postgres { shown, .. } => f.write_str(shown),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl = "postgres://ada:s3cr%65t@db.example:5433/smokex?sslmode=require".parse().unwrap();
        assert_eq!(url.to_string(), "postgres://ada:…@db.example:5433/smokex?sslmode=require");
        assert_eq!(format!("{url:?}"), url.to_string());
        assert_eq!(url.0.scrub("invalid token: \"s3cr%65t\""), "invalid token: \"…\"");
    }

    #[test]
    fn what_is_no_place_of_a_database_is_refused() {
        for text in [
            "",
            "var/smokex.db",
            "mysql://localhost/x",
            "sqlite:",
            "sqlite:var/",
            "sqlite::memory:",
            "sqlite:x.db?mode=ro",
            "postgres://",
            "postgres://localhost",
            "postgres://localhost:port/x",
            "postgres://localhost/x?password=y",
        ] {
            assert!(text.parse::<DatabaseUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn paths_and_sockets_are_taken() {
        for (text, shown) in [
            ("sqlite:var/smokex.db", "sqlite:var/smokex.db"),
            ("sqlite:///srv/smokex.db", "sqlite:/srv/smokex.db"),
            ("postgres:///smokex?host=/run/postgresql", "postgres:///smokex?host=/run/postgresql"),
        ] {
            assert_eq!(text.parse::<DatabaseUrl>().unwrap().to_string(), shown);
        }
    }
}
