//! Everything the server is told by its environment, read as a whole before anything is touched.

use runtime::{
    config::{DatabaseConfig, ExecutionConfig, Invalid, KeyConfig, ServingConfig, TelemetryConfig},
    var_dir::VarDir,
};
use store::DatabaseUrl;

use super::Role;

/// What every role may need.
pub struct Settings {
    pub telemetry: TelemetryConfig,
    pub database: DatabaseUrl,
    pub key: KeyConfig,
    pub serving: ServingConfig,
    pub execution: ExecutionConfig,
    /// Beside the public ones, addresses that plans may reach.
    pub allow: Vec<egress::Allow>,
    /// The folder of our own files, if any of them is kept there.
    pub var: Option<VarDir>,
}

/// Why a role cannot be played as things are configured.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(
        "`smokex {0}` needs PostgreSQL: a SQLite file belongs to one process. Set DATABASE_URL to \
         postgres://USER:PASSWORD@HOST/DATABASE, or run `smokex serve`, which does everything in one process."
    )]
    NeedsPostgres(&'static str),
}

impl Settings {
    /// From the environment, checked for this role.
    pub fn from_env(role: Role) -> Result<Self, Unusable> {
        let url = DatabaseConfig::from_env()?.url;
        let database: DatabaseUrl = url.parse().map_err(|error: store::MalformedUrl| {
            Invalid::new(DatabaseConfig::VARIABLE, "cannot be used", error.to_string().trim_end_matches('.'))
        })?;
        let execution = ExecutionConfig::from_env()?;
        let allow = execution.allow.iter().map(|entry| read_allow(entry)).collect::<Result<_, _>>()?;
        let key = KeyConfig::from_env()?;
        let var = VarDir::from_env()?;
        let keeps_files = matches!(key, KeyConfig::File(_)) || std::env::var_os(DatabaseConfig::VARIABLE).is_none();
        let settings = Self {
            telemetry: TelemetryConfig::from_env()?,
            database,
            key,
            serving: ServingConfig::from_env()?,
            execution,
            allow,
            var: keeps_files.then_some(var),
        };
        match role.alone() {
            Some(name) if settings.database.is_sqlite() => Err(Unusable::NeedsPostgres(name)),
            _ => Ok(settings),
        }
    }
}

fn read_allow(entry: &str) -> Result<egress::Allow, Invalid> {
    entry.parse().map_err(|_| {
        Invalid::new(
            ExecutionConfig::ALLOW,
            format!("has `{entry}`, which is no address and no network"),
            "Write entries such as 127.0.0.1:9000 or 10.0.0.0/8 with commas between",
        )
    })
}
