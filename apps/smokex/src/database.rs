//! The database that the environment names: how a server opens it, and how a command does that only looks
//! at what is there.

use anyhow::{Context, bail};
use runtime::{
    config::{DatabaseConfig, Invalid, KeyConfig},
    key::Key,
    var_dir::VarDir,
};
use store::{DatabaseUrl, KeyRing, Options, SealingKey, Store};

/// Where the database is, and the key that goes with it. Nothing is touched until it is opened.
pub struct Database {
    pub url: DatabaseUrl,
    key: KeyConfig,
    /// Keys that still open what they sealed.
    former: Vec<Key>,
    /// The folder of our own files, if any of them is kept there.
    var: Option<VarDir>,
}

impl Database {
    /// From `DATABASE_URL`, `SMOKEX_KEY`, `SMOKEX_OLD_KEYS` and `VAR_DIR`.
    pub fn from_env() -> Result<Self, Invalid> {
        let url = DatabaseConfig::from_env()?.url;
        let url: DatabaseUrl = url.parse().map_err(|error: store::MalformedUrl| {
            Invalid::new(DatabaseConfig::VARIABLE, "cannot be used", error.to_string().trim_end_matches('.'))
        })?;
        let key = KeyConfig::from_env()?;
        let former = KeyConfig::former_from_env()?;
        let var = VarDir::from_env()?;
        let keeps_files = matches!(key, KeyConfig::File(_)) || std::env::var_os(DatabaseConfig::VARIABLE).is_none();
        Ok(Self { url, key, former, var: keeps_files.then_some(var) })
    }

    /// Opens it with the key. A key is made only once it is clear that the database has none: what does
    /// not fit leaves no file behind.
    pub async fn open(&self, options: Options) -> anyhow::Result<Store> {
        if let Some(var) = &self.var {
            var.prepare()?;
        }
        let open = |key: Key| Store::open(&self.url, self.ring(&key), options.clone());
        if let Some(key) = self.key.existing()? {
            return Ok(open(key).await?);
        }
        open(random()?).await?;
        Ok(open(self.key.load()?).await?)
    }

    /// Opens what is there and up to date; makes no file and changes nothing.
    pub async fn open_existing(&self) -> anyhow::Result<Store> {
        if self.url.file().is_some_and(|file| !file.exists()) {
            bail!("There is no database {}. `smokex serve` and `smokex migrate` make one.", self.url);
        }
        let key = self.key.existing()?.map_or_else(random, Ok)?;
        let store = Store::open(&self.url, self.ring(&key), Options::default()).await?;
        self.check(&store).await?;
        Ok(store)
    }

    /// This key and the former ones.
    fn ring(&self, current: &Key) -> KeyRing {
        let key = |key: &Key| SealingKey::new(key.expose());
        KeyRing::new(key(current), self.former.iter().map(key).collect())
    }

    /// Fails if the schema is not this version's.
    pub async fn check(&self, store: &Store) -> anyhow::Result<()> {
        if !store.is_ready().await? {
            bail!("The database {} is not up to date. Run `smokex migrate` first.", self.url);
        }
        Ok(())
    }
}

/// A key that fits no database but one that has none yet.
fn random() -> anyhow::Result<Key> {
    Key::random().context("No random numbers can be had")
}
