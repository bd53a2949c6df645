//! The tiers' figures: those of a file over the usual ones, and the tier that is in force.

use std::path::Path;

use domain::Tiers;
use runtime::config::{BillingConfig, Invalid, TiersConfig};

/// Puts together what the variables say; reads the file, if there is one. Where tiers are sold, each
/// organization is on its own.
pub fn read(config: &TiersConfig, billing: Option<&BillingConfig>) -> Result<Tiers, Invalid> {
    let mut tiers = config.file.as_deref().map_or_else(|| Ok(Tiers::default()), read_file)?;
    if billing.is_some() {
        let remedy = format!("Leave it out, or leave out {}", BillingConfig::SECRET_KEY);
        let problem = |puts: &str| {
            format!("{puts} everybody on one tier, but {} says that tiers are sold", BillingConfig::SECRET_KEY)
        };
        if config.in_force.is_some() {
            return Err(Invalid::new(TiersConfig::IN_FORCE, problem("puts"), remedy));
        }
        if tiers.in_force.is_some() && tiers.in_force != Tiers::default().in_force {
            return Err(Invalid::new(TiersConfig::FILE, problem("names a file that with `in_force` puts"), remedy));
        }
        tiers.in_force = None;
    }
    if let Some(word) = &config.in_force {
        let tier = word.parse().map_err(|_| {
            Invalid::new(
                TiersConfig::IN_FORCE,
                format!("is `{word}`, which is no tier"),
                "Write free, pro or enterprise",
            )
        })?;
        tiers.in_force = Some(tier);
    }
    Ok(tiers)
}

fn read_file(path: &Path) -> Result<Tiers, Invalid> {
    let names = format!("names {}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| {
        let remedy = "Name a readable file, or leave it out";
        Invalid::new(TiersConfig::FILE, format!("{names}, which cannot be read ({error})"), remedy)
    })?;
    serde_yaml::from_str(&text).map_err(|error| {
        let remedy =
            "Write figures such as `free: { plans: 2, runs_a_month: 100, shortest_interval: 1h, history: 7d }`";
        Invalid::new(TiersConfig::FILE, format!("{names}, which cannot be used ({error})"), remedy)
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::Tier;
    use runtime::config::Environment;

    use super::*;

    fn read(file: Option<&str>, word: Option<&str>) -> Result<Tiers, String> {
        read_with(file, word, None)
    }

    fn read_with(file: Option<&str>, word: Option<&str>, key: Option<&str>) -> Result<Tiers, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiers.yml");
        let mut variables = Vec::new();
        if let Some(text) = file {
            std::fs::write(&path, text).unwrap();
            variables.push(("TIERS", path.to_str().unwrap()));
        }
        variables.extend(word.map(|word| ("TIER", word)));
        variables.extend(key.map(|key| ("STRIPE_SECRET_KEY", key)));
        let environment = Environment::given(variables);
        let billing = BillingConfig::read(&environment).unwrap();
        super::read(&TiersConfig::read(&environment).unwrap(), billing.as_ref())
            .map_err(|invalid| invalid.to_string().replace(path.to_str().unwrap(), "FILE"))
    }

    #[test]
    fn a_file_changes_the_figures_it_names_and_the_word_wins() {
        assert_eq!(read(None, None).unwrap(), Tiers::default());
        let text =
            "free: { plans: 3, shortest_interval: 5m, history: 14d }\npro: { runs_a_month: null }\nin_force: pro\n";
        let tiers = read(Some(text), None).unwrap();
        assert_eq!((tiers.free.plans, tiers.free.runs_a_month, tiers.pro.runs_a_month), (Some(3), Some(100), None));
        assert_eq!(tiers.free.shortest_interval, Duration::from_secs(5 * 60));
        assert_eq!(tiers.free.history, Duration::from_secs(14 * 24 * 60 * 60));
        assert_eq!(tiers.in_force, Some(Tier::Pro));
        assert_eq!(read(Some(text), Some("free")).unwrap().in_force, Some(Tier::Free));
    }

    #[test]
    fn where_tiers_are_sold_nobody_is_put_on_one() {
        let sold = |file, word| read_with(file, word, Some("sk_test_1"));
        assert_eq!(sold(None, None).unwrap().in_force, None);
        let tiers = sold(Some("free: { plans: 3 }\n"), None).unwrap();
        assert_eq!((tiers.in_force, tiers.free.plans), (None, Some(3)));
        assert_eq!(sold(Some("in_force: null\n"), None).unwrap().in_force, None);
        assert_eq!(
            sold(None, Some("pro")).unwrap_err(),
            "TIER puts everybody on one tier, but STRIPE_SECRET_KEY says that tiers are sold. Leave it out, or leave out \
             STRIPE_SECRET_KEY."
        );
        let error = sold(Some("in_force: pro\n"), None).unwrap_err();
        assert!(error.starts_with("TIERS names a file that with `in_force` puts everybody on one tier"), "{error}");
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_place_and_what_to_write() {
        assert_eq!(
            read(None, Some("gold")).unwrap_err(),
            "TIER is `gold`, which is no tier. Write free, pro or enterprise."
        );
        let error = read(Some("free:\n  plan: 2\n"), None).unwrap_err();
        assert!(error.starts_with("TIERS names FILE, which cannot be used (") && error.contains("`plan`"), "{error}");
        assert!(error.contains("line 2") && error.contains("shortest_interval: 1h"), "{error}");
        let config = TiersConfig { file: Some("/nowhere/tiers.yml".into()), in_force: None };
        let error = super::read(&config, None).unwrap_err().to_string();
        assert!(error.starts_with("TIERS names /nowhere/tiers.yml, which cannot be read ("), "{error}");
    }
}
