//! What is logged, how, and where errors are reported.

use super::{Environment, Invalid};

const DEFAULT_FILTER: &str = "info,actix_server=warn,apalis_core=warn,stripe=off,tokio_cron_scheduler=warn";

/// Logs and Sentry.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// Which events are logged, in the syntax of `tracing-subscriber`.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
    /// Where panics and errors are sent; nowhere without it.
    pub sentry_dsn: Option<String>,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line, for machines.
    Json,
}

impl TelemetryConfig {
    /// From `SMOKEX_LOG` (default `info`, libraries that tell of every start of theirs from `warn` on, Stripe's not
    /// at all: we tell of its failures), `LOG_FORMAT` (`text` or `json`) and `SENTRY_DSN`.
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
        let filter = environment.text("SMOKEX_LOG")?.unwrap_or_else(|| DEFAULT_FILTER.into());
        if let Err(error) = filter.parse::<tracing_subscriber::filter::Targets>() {
            return Err(Invalid::new(
                "SMOKEX_LOG",
                format!("is `{filter}`, which is no log filter ({error})"),
                "Write a level such as info, or levels by crate such as info,store=debug",
            ));
        }
        let format = match environment.text("LOG_FORMAT")?.as_deref() {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(other) => {
                return Err(Invalid::new("LOG_FORMAT", format!("is `{other}`"), "Write text or json"));
            }
        };
        let sentry_dsn = environment.text("SENTRY_DSN")?;
        if sentry_dsn.as_ref().is_some_and(|dsn| dsn.parse::<sentry::types::Dsn>().is_err()) {
            let remedy = "Write the address that Sentry shows under Client Keys, or leave it out";
            return Err(Invalid::new("SENTRY_DSN", "is no address of a Sentry project", remedy));
        }
        Ok(Self { filter, format, sentry_dsn })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variable_is_checked() {
        let read = |name: &str, value: &str| {
            TelemetryConfig::read(&Environment::given([(name, value)])).unwrap_err().to_string()
        };
        assert!(read("SMOKEX_LOG", "store=loud").starts_with("SMOKEX_LOG is `store=loud`, which is no log filter"));
        assert_eq!(read("LOG_FORMAT", "xml"), "LOG_FORMAT is `xml`. Write text or json.");
        assert!(read("SENTRY_DSN", "hunter2").starts_with("SENTRY_DSN is no address of a Sentry project."));
        assert!(!read("SENTRY_DSN", "hunter2").contains("hunter2"));
        assert!(TelemetryConfig::read(&Environment::given([("SENTRY_DSN", "http://k@127.0.0.1:9/1")])).is_ok());
    }
}
