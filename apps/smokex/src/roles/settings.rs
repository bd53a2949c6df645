//! Everything the server is told by its environment, read as a whole before anything is touched.

use domain::{Email, Tiers};
use notify::Mailer;
use runtime::config::{
    BillingConfig, ExecutionConfig, Invalid, MailConfig, MailRoute, MetricsConfig, ServingConfig, TelemetryConfig,
    TiersConfig,
};
use web::MailDelivery;

use super::{Role, tiers};
use crate::database::Database;

/// What every role may need.
pub struct Settings {
    pub telemetry: TelemetryConfig,
    pub database: Database,
    pub tiers: Tiers,
    /// How tiers are sold; none if they are not.
    pub billing: Option<BillingConfig>,
    pub serving: ServingConfig,
    pub execution: ExecutionConfig,
    pub metrics: MetricsConfig,
    /// Beside the public ones, addresses that plans may reach.
    pub allow: Vec<egress::Allow>,
    /// How mail goes out.
    pub mailer: Mailer,
    /// Where it goes.
    pub delivery: MailDelivery,
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
        let database = Database::from_env()?;
        let execution = ExecutionConfig::from_env()?;
        let allow = execution.allow.iter().map(|entry| read_allow(entry)).collect::<Result<_, _>>()?;
        let mut serving = ServingConfig::from_env()?;
        for operator in &mut serving.operators {
            *operator = read_operator(operator)?;
        }
        let billing = BillingConfig::from_env()?.map(BillingConfig::for_webhooks).transpose()?;
        let mail = MailConfig::from_env()?;
        let settings = Self {
            telemetry: TelemetryConfig::from_env()?,
            database,
            tiers: tiers::read(&TiersConfig::from_env()?, billing.as_ref())?,
            billing,
            serving,
            execution,
            metrics: MetricsConfig::from_env()?,
            allow,
            mailer: Mailer::new(&mail)?,
            delivery: match mail.route {
                MailRoute::Smtp(_) => MailDelivery::Server,
                MailRoute::Folder(_) => MailDelivery::Folder,
            },
        };
        match role.alone() {
            Some(name) if settings.database.url.is_sqlite() => Err(Unusable::NeedsPostgres(name)),
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

/// The address as accounts spell it.
fn read_operator(entry: &str) -> Result<String, Invalid> {
    entry.parse().map(|email: Email| email.to_string()).map_err(|_| {
        Invalid::new(
            ServingConfig::OPERATORS,
            format!("has `{entry}`, which is no e-mail address"),
            "Write the addresses of accounts with commas between, such as ada@example.com,grace@example.com",
        )
    })
}
