//! Where a server is: the address to which a token may be sent.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The address of a server's pages, with a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(Url);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || format!("`{text}` is no address of a server: write one such as https://smokex.example.com.");
        let mut url = Url::parse(text).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong());
        }
        if !url.username().is_empty() || url.password().is_some() {
            // What was typed may hold a password, so it is not repeated.
            return Err("The address of a server holds no name and no password: a token is asked for.".to_owned());
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self(url))
    }
}

impl Address {
    /// Whether everybody on the way could read what is sent there: it is not encrypted and leaves this machine.
    pub fn is_readable_on_the_way(&self) -> bool {
        let here = match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
            None => false,
        };
        self.0.scheme() == "http" && !here
    }

    /// What is found there under a path, which is relative and already encoded.
    pub fn at(&self, path: &str) -> Url {
        self.0.join(path).expect("a path of ours can be joined to any address")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_pages_with_or_without_a_path() {
        for (typed, shown, page) in [
            ("https://smokex.example.com", "https://smokex.example.com", "https://smokex.example.com/runs/1"),
            (" http://localhost:8080/ ", "http://localhost:8080", "http://localhost:8080/runs/1"),
            ("https://example.com/smoke", "https://example.com/smoke", "https://example.com/smoke/runs/1"),
        ] {
            let address: Address = typed.parse().unwrap();
            assert_eq!((address.to_string().as_str(), address.at("runs/1").as_str()), (shown, page));
        }
        for typed in ["", "smokex.example.com", "ftp://example.com", "https://example.com/?a=b", "https://"] {
            assert!(typed.parse::<Address>().is_err(), "{typed}");
        }
        assert!(!"https://ada:hunter2@example.com".parse::<Address>().unwrap_err().contains("hunter2"));
    }

    #[test]
    fn only_what_leaves_the_machine_unencrypted_is_readable_on_the_way() {
        for (typed, readable) in [
            ("https://smokex.example.com", false),
            ("http://localhost:8080", false),
            ("http://127.0.0.1:8080", false),
            ("http://127.1.2.3", false),
            ("http://[::1]:8080", false),
            ("http://[::ffff:127.0.0.1]", false),
            ("http://smokex.example.com", true),
            ("http://10.0.0.1", true),
            ("http://localhost.example.com", true),
            ("http://127.0.0.1.example.com", true),
            ("http://0.0.0.0", true),
        ] {
            assert_eq!(typed.parse::<Address>().unwrap().is_readable_on_the_way(), readable, "{typed}");
        }
    }
}
