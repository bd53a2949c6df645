//! Where metrics are served and who may read them.

use std::net::SocketAddr;

use secrecy::SecretString;

use super::{Environment, Invalid};

/// Who may read metrics beside this machine itself, and where.
#[derive(Clone, Debug, Default)]
pub struct MetricsConfig {
    /// A listener of its own for `/metrics`; none if there is none.
    pub listen: Option<SocketAddr>,
    /// What a bearer has to show.
    pub token: Option<SecretString>,
    /// The name and password of basic authentication.
    pub login: Option<(String, SecretString)>,
}

/// As short as a token or a password may be.
const SHORTEST: usize = 16;

impl MetricsConfig {
    /// The variable that holds [`Self::listen`].
    pub const LISTEN: &str = "METRICS_LISTEN";

    /// From `METRICS_LISTEN`, `METRICS_TOKEN`, `METRICS_USER` and `METRICS_PASSWORD`; by default nothing.
    ///
    /// # Errors
    /// If one of them cannot be read, or only one of the last two is there.
    pub fn from_env() -> Result<Self, Invalid> {
        Self::read(&Environment::process())
    }

    /// As [`Self::from_env`], from other variables.
    ///
    /// # Errors
    /// If one of them cannot be read, or only one of the last two is there.
    pub fn read(environment: &Environment) -> Result<Self, Invalid> {
        let (user, password) = (environment.text("METRICS_USER")?, secret(environment, "METRICS_PASSWORD")?);
        let login = match (user, password) {
            (Some(user), _) if user.contains(':') => {
                return Err(Invalid::new("METRICS_USER", "has a colon", "Write a name without one"));
            }
            (Some(user), Some(password)) => Some((user, password)),
            (None, None) => None,
            (Some(_), None) => return Err(lonely("METRICS_USER", "METRICS_PASSWORD")),
            (None, Some(_)) => return Err(lonely("METRICS_PASSWORD", "METRICS_USER")),
        };
        let address = ("address with a port", "Write something like 127.0.0.1:9100");
        let listen = environment.parsed(Self::LISTEN, address.0, address.1)?;
        Ok(Self { listen, token: secret(environment, "METRICS_TOKEN")?, login })
    }
}

fn secret(environment: &Environment, name: &'static str) -> Result<Option<SecretString>, Invalid> {
    match environment.text(name)? {
        Some(text) if text.len() < SHORTEST => Err(Invalid::new(
            name,
            format!("has fewer than {SHORTEST} characters"),
            "Write what `openssl rand -hex 32` prints",
        )),
        text => Ok(text.map(SecretString::from)),
    }
}

fn lonely(name: &'static str, other: &str) -> Invalid {
    Invalid::new(name, format!("is set and {other} is not"), "Set both, or neither")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(variables: &[(&'static str, &str)]) -> Result<MetricsConfig, String> {
        MetricsConfig::read(&Environment::given(variables.iter().copied())).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_open_by_default() {
        let config = read(&[]).unwrap();
        assert!(config.listen.is_none() && config.token.is_none() && config.login.is_none());
    }

    #[test]
    fn a_login_is_a_name_and_a_password() {
        let config = read(&[("METRICS_USER", "prometheus"), ("METRICS_PASSWORD", "0123456789abcdef")]).unwrap();
        let (user, password) = config.login.unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("prometheus", "0123456789abcdef"));
        assert_eq!(
            read(&[("METRICS_USER", "prometheus")]).unwrap_err(),
            "METRICS_USER is set and METRICS_PASSWORD is not. Set both, or neither."
        );
        assert!(read(&[("METRICS_PASSWORD", "0123456789abcdef")]).unwrap_err().starts_with("METRICS_PASSWORD is set"));
    }

    #[test]
    fn a_token_that_is_guessed_easily_is_refused_and_not_repeated() {
        let error = read(&[("METRICS_TOKEN", "hunter2")]).unwrap_err();
        assert!(error.starts_with("METRICS_TOKEN has fewer than 16 characters.") && !error.contains("hunter2"));
        assert!(read(&[("METRICS_LISTEN", "9100")]).unwrap_err().starts_with("METRICS_LISTEN is `9100`, which is no"));
    }
}
