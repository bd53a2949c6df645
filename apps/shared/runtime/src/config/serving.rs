//! Where the pages and the demo endpoints are served, and under which address people know them.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use url::Url;

use super::{Environment, Invalid};

/// The two listeners of the web app and their public addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServingConfig {
    /// Where pages are served.
    pub listen: SocketAddr,
    /// Where the demo endpoints are served: a listener of its own, because it is the one loopback
    /// address that plans may reach.
    pub demo_listen: SocketAddr,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The e-mail addresses of those who may see and stop the clock; with none, it is the oldest account.
    pub operators: Vec<String>,
    origin: Option<Url>,
    demo_url: Option<Url>,
}

const ADDRESS: (&str, &str) = ("address with a port", "Write something like 127.0.0.1:8080 or [::]:8080");

impl ServingConfig {
    /// The variable that holds [`Self::operators`].
    pub const OPERATORS: &str = "OPERATORS";

    /// From `LISTEN`, `ORIGIN`, `DEMO_LISTEN`, `DEMO_URL`, `TRUSTED_PROXIES` and `OPERATORS`.
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
        let listen = environment.parsed("LISTEN", ADDRESS.0, ADDRESS.1)?;
        let demo_listen = environment.parsed("DEMO_LISTEN", ADDRESS.0, ADDRESS.1)?;
        Ok(Self {
            listen: listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            demo_listen: demo_listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8081))),
            trusted_proxies: proxies(environment)?,
            operators: environment.words(Self::OPERATORS)?,
            origin: origin(environment, "ORIGIN", "https://smokex.example.com")?,
            demo_url: origin(environment, "DEMO_URL", "http://127.0.0.1:8081")?,
        })
    }

    /// The address people type, without a path: `ORIGIN`, or `localhost` with the port that was
    /// really bound. Links in mails and the check of where a form came from are built on it.
    #[must_use]
    pub fn origin(&self, bound: SocketAddr) -> Url {
        self.origin.clone().unwrap_or_else(|| http("localhost", bound.port()))
    }

    /// Where plans reach the demo endpoints: `DEMO_URL`, or the address that was really bound.
    #[must_use]
    pub fn demo_url(&self, bound: SocketAddr) -> Url {
        self.demo_url.clone().unwrap_or_else(|| {
            let host = if bound.ip().is_unspecified() { "127.0.0.1".to_owned() } else { host(bound) };
            http(&host, bound.port())
        })
    }
}

fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

fn http(host: &str, port: u16) -> Url {
    Url::parse(&format!("http://{host}:{port}")).expect("a host and a port make a URL")
}

/// Networks or single addresses, split at commas.
fn proxies(environment: &Environment) -> Result<Vec<IpNet>, Invalid> {
    const NAME: &str = "TRUSTED_PROXIES";
    let entries = environment.words(NAME)?;
    entries
        .iter()
        .map(|entry| {
            let network = entry.parse().or_else(|_| entry.parse().map(|address: IpAddr| address.into()));
            network.map_err(|_| {
                let remedy = "Write addresses and networks with commas between, such as 10.0.0.0/8,127.0.0.1";
                Invalid::new(NAME, format!("has `{entry}`, which is no address and no network"), remedy)
            })
        })
        .collect()
}

/// An `http` or `https` URL of nothing but scheme, host and port.
fn origin(environment: &Environment, name: &'static str, example: &str) -> Result<Option<Url>, Invalid> {
    let remedy = format!("Write scheme, host and port only, such as {example}");
    let Some(text) = environment.text(name)? else { return Ok(None) };
    let bare = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    };
    match Url::parse(&text) {
        Ok(url) if bare(&url) => Ok(Some(url)),
        // The text is not repeated: it may hold a password.
        Ok(_) => Err(Invalid::new(name, "holds more than an http or https address", remedy)),
        Err(error) => Err(Invalid::new(name, format!("is no address ({error})"), remedy)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&'static str, &str)]) -> Result<ServingConfig, Invalid> {
        ServingConfig::read(&Environment::given(variables.iter().copied()))
    }

    #[test]
    fn without_variables_it_is_localhost_8080() {
        let config = read(&[]).unwrap();
        assert_eq!(config.origin(config.listen).as_str(), "http://localhost:8080/");
        assert_eq!(config.demo_url(config.demo_listen).as_str(), "http://127.0.0.1:8081/");
    }

    #[test]
    fn operators_are_told_apart_by_commas() {
        assert_eq!(read(&[]).unwrap().operators, Vec::<String>::new());
        let operators = read(&[("OPERATORS", "ada@example.com, grace@example.com,")]).unwrap().operators;
        assert_eq!(operators, ["ada@example.com", "grace@example.com"]);
    }

    #[test]
    fn on_port_0_the_addresses_follow_what_was_bound() {
        let config = read(&[("LISTEN", "127.0.0.1:0"), ("DEMO_LISTEN", "[::1]:0")]).unwrap();
        assert_eq!(config.origin("127.0.0.1:4711".parse().unwrap()).as_str(), "http://localhost:4711/");
        assert_eq!(config.demo_url("[::1]:4712".parse().unwrap()).as_str(), "http://[::1]:4712/");
        assert_eq!(config.demo_url("0.0.0.0:4712".parse().unwrap()).as_str(), "http://127.0.0.1:4712/");
    }

    #[test]
    fn a_mistake_names_the_variable_and_what_to_write() {
        assert_eq!(
            read(&[("LISTEN", "8080")]).unwrap_err().to_string(),
            "LISTEN is `8080`, which is no address with a port. Write something like 127.0.0.1:8080 or [::]:8080."
        );
        assert_eq!(
            read(&[("ORIGIN", "smokex.example.com")]).unwrap_err().to_string(),
            "ORIGIN is no address (relative URL without a base). \
             Write scheme, host and port only, such as https://smokex.example.com."
        );
        assert_eq!(
            read(&[("TRUSTED_PROXIES", "10.0.0.0/8, proxy")]).unwrap_err().to_string(),
            "TRUSTED_PROXIES has `proxy`, which is no address and no network. \
             Write addresses and networks with commas between, such as 10.0.0.0/8,127.0.0.1."
        );
        assert_eq!(read(&[("TRUSTED_PROXIES", "10.0.0.0/8, ::1")]).unwrap().trusted_proxies.len(), 2);
        for text in ["ftp://x", "https://x/path", "https://x?y", "https://ada:hunter2@x"] {
            let error = read(&[("ORIGIN", text)]).unwrap_err();
            assert!(error.to_string().starts_with("ORIGIN holds more than"), "{text}: {error}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
