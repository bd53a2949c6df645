//! How subscriptions are sold through Stripe, if they are.

use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use super::{Environment, Invalid};

/// The account at Stripe. Its secrets are never printed.
#[derive(Clone, Debug)]
pub struct BillingConfig {
    /// Opens Stripe's API: `sk_…` or, restricted, `rk_…`.
    pub secret_key: SecretString,
    /// What Stripe signs webhooks with, `whsec_…`; while they are exchanged there are several. Only whoever
    /// receives webhooks needs one.
    pub webhook_secrets: Vec<SecretString>,
    /// Where the API is; ends in a slash.
    pub api_url: Url,
}

impl BillingConfig {
    /// The variable that holds [`Self::secret_key`].
    pub const SECRET_KEY: &str = "STRIPE_SECRET_KEY";
    /// The variable that holds [`Self::webhook_secrets`].
    pub const WEBHOOK_SECRET: &str = "STRIPE_WEBHOOK_SECRET";
    /// The variable that holds [`Self::api_url`].
    pub const API_URL: &str = "STRIPE_API_URL";

    /// From `STRIPE_SECRET_KEY`, `STRIPE_WEBHOOK_SECRET` (several with commas) and `STRIPE_API_URL` (default
    /// `https://api.stripe.com/`); none if none of them is set: nothing is sold then.
    ///
    /// # Errors
    /// If one of them cannot be used, or is set without the key.
    pub fn from_env() -> Result<Option<Self>, Invalid> {
        Self::read(&Environment::process())
    }

    /// As [`Self::from_env`], from other variables.
    ///
    /// # Errors
    /// If one of them cannot be used, or is set without the key.
    pub fn read(environment: &Environment) -> Result<Option<Self>, Invalid> {
        let webhook_secrets = webhook_secrets(environment)?;
        let api_url = api_url(environment)?;
        let Some(key) = environment.text(Self::SECRET_KEY)? else {
            let set = match (webhook_secrets.is_empty(), &api_url) {
                (true, None) => return Ok(None),
                (false, _) => Self::WEBHOOK_SECRET,
                (true, Some(_)) => Self::API_URL,
            };
            let problem = format!("is not set, but {set} is");
            return Err(Invalid::new(Self::SECRET_KEY, problem, format!("Set both, or leave out {set}")));
        };
        let known =
            ["sk_", "rk_"].iter().any(|prefix| key.starts_with(prefix)) && key.chars().all(|c| c.is_ascii_graphic());
        if !known {
            let remedy = "Write the secret key from Stripe's dashboard, which begins with sk_ or rk_";
            return Err(Invalid::new(Self::SECRET_KEY, "is no secret key of Stripe", remedy));
        }
        let api_url = match api_url {
            Some(url) => url,
            None => Url::parse("https://api.stripe.com/").expect("it is well-formed"),
        };
        Ok(Some(Self { secret_key: key.into(), webhook_secrets, api_url }))
    }

    /// This, if it has what whoever receives webhooks needs.
    ///
    /// # Errors
    /// If there is no webhook secret.
    pub fn for_webhooks(self) -> Result<Self, Invalid> {
        if self.webhook_secrets.is_empty() {
            return Err(Invalid::new(
                Self::WEBHOOK_SECRET,
                format!("is not set, but {} is", Self::SECRET_KEY),
                "Run `smokex billing setup`, and write what it prints",
            ));
        }
        Ok(self)
    }
}

fn webhook_secrets(environment: &Environment) -> Result<Vec<SecretString>, Invalid> {
    let words = environment.words(BillingConfig::WEBHOOK_SECRET)?;
    let secrets: Vec<SecretString> = words.into_iter().map(SecretString::from).collect();
    // None of them is repeated: it may be a secret of something else.
    if secrets.iter().any(|secret| !secret.expose_secret().starts_with("whsec_")) {
        return Err(Invalid::new(
            BillingConfig::WEBHOOK_SECRET,
            "holds something that is no webhook secret of Stripe",
            "Write what `smokex billing setup` prints, which begins with whsec_; several with commas between",
        ));
    }
    Ok(secrets)
}

/// An `https` address, or `http` on this machine: the key goes along with every request.
fn api_url(environment: &Environment) -> Result<Option<Url>, Invalid> {
    const NAME: &str = BillingConfig::API_URL;
    const REMEDY: &str = "Write an address such as https://api.stripe.com/, or http://127.0.0.1:12111/ on this machine";
    let Some(text) = environment.text(NAME)? else { return Ok(None) };
    let mut url = Url::parse(&text).map_err(|error| Invalid::new(NAME, format!("is no address ({error})"), REMEDY))?;
    let is_local = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let bare =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if !bare || !(url.scheme() == "https" || (url.scheme() == "http" && is_local)) {
        return Err(Invalid::new(NAME, "is no address to which a key may be sent", REMEDY));
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(Some(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<BillingConfig>, String> {
        BillingConfig::read(&Environment::given(variables.iter().copied())).map_err(|invalid| invalid.to_string())
    }

    #[test]
    fn without_variables_nothing_is_sold() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[("STRIPE_SECRET_KEY", " ")]).unwrap().is_none());
    }

    #[test]
    fn a_key_is_enough_and_several_webhook_secrets_are_told_apart_by_commas() {
        let config = read(&[("STRIPE_SECRET_KEY", "sk_test_hunter2")]).unwrap().unwrap();
        assert_eq!(config.secret_key.expose_secret(), "sk_test_hunter2");
        assert_eq!(config.api_url.as_str(), "https://api.stripe.com/");
        assert_eq!(
            config.for_webhooks().unwrap_err().to_string(),
            "STRIPE_WEBHOOK_SECRET is not set, but STRIPE_SECRET_KEY is. Run `smokex billing setup`, and write what it \
             prints."
        );
        let config = read(&[
            ("STRIPE_SECRET_KEY", "rk_live_hunter2"),
            ("STRIPE_WEBHOOK_SECRET", "whsec_old, whsec_new"),
            ("STRIPE_API_URL", "http://127.0.0.1:12111"),
        ])
        .unwrap()
        .unwrap();
        let secrets: Vec<&str> = config.webhook_secrets.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(secrets, ["whsec_old", "whsec_new"]);
        assert_eq!(config.api_url.as_str(), "http://127.0.0.1:12111/");
        assert!(config.for_webhooks().is_ok());
    }

    #[test]
    fn what_is_set_without_the_key_is_a_mistake() {
        assert_eq!(
            read(&[("STRIPE_WEBHOOK_SECRET", "whsec_1")]).unwrap_err(),
            "STRIPE_SECRET_KEY is not set, but STRIPE_WEBHOOK_SECRET is. Set both, or leave out STRIPE_WEBHOOK_SECRET."
        );
        assert!(read(&[("STRIPE_API_URL", "http://localhost:1/")]).unwrap_err().contains("but STRIPE_API_URL is"));
    }

    #[test]
    fn secrets_are_never_printed_not_even_wrong_ones() {
        let config = read(&[("STRIPE_SECRET_KEY", "sk_test_hunter2"), ("STRIPE_WEBHOOK_SECRET", "whsec_hunter2")]);
        assert!(!format!("{config:?}").contains("hunter2"));
        for (name, value) in [("STRIPE_SECRET_KEY", "pk_test_hunter2"), ("STRIPE_WEBHOOK_SECRET", "hunter2")] {
            let error = read(&[("STRIPE_SECRET_KEY", "sk_test_1"), (name, value)]).unwrap_err();
            assert!(error.starts_with(name) && !error.contains("hunter2"), "{error}");
        }
        assert!(read(&[("STRIPE_SECRET_KEY", "sk_test\n1")]).is_err());
    }

    #[test]
    fn a_key_goes_only_where_nobody_can_listen() {
        for url in ["http://stripe.example.com/", "ftp://127.0.0.1/", "https://a:b@x.example/", "api.stripe.com"] {
            let error = read(&[("STRIPE_SECRET_KEY", "sk_test_1"), ("STRIPE_API_URL", url)]).unwrap_err();
            assert!(error.starts_with("STRIPE_API_URL is no address"), "{url}: {error}");
        }
    }
}
