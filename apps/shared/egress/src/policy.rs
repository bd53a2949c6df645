//! Where requests may go. Everything that decides about an address is here and in `address`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use thiserror::Error;
use url::{Host, Url};

use crate::address::is_public;

/// Ports on which something other than HTTP listens and would take a request for commands: mail,
/// name and file services, databases, caches, remote shells.
const CLOSED_PORTS: &[u16] = &[
    7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 79, 110, 111, 113, 119, 123, 135, 137, 139, 143,
    161, 179, 389, 445, 465, 512, 513, 514, 515, 587, 636, 873, 993, 995, 1433, 1521, 2049, 2181, 2375, 2379, 3306,
    3389, 4369, 5432, 5672, 5900, 6000, 6379, 6667, 9042, 9092, 10250, 11211, 27017,
];

/// Which addresses and ports requests may go to, and which issuers of certificates are trusted
/// beyond the usual ones.
#[derive(Clone, Debug)]
pub struct Policy {
    reach: Reach,
    allowed: Vec<Allow>,
    closed_ports: Arc<[u16]>,
    trusted: Vec<CertificateDer<'static>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Public,
    Any,
}

impl Policy {
    /// Public addresses only, and no ports of services that are not HTTP. For plans of customers.
    pub fn public() -> Policy {
        Policy { reach: Reach::Public, allowed: Vec::new(), closed_ports: CLOSED_PORTS.into(), trusted: Vec::new() }
    }

    /// Any address and port. For people who test from their own machine.
    pub fn any() -> Policy {
        Policy { reach: Reach::Any, closed_ports: Arc::default(), ..Policy::public() }
    }

    /// Opens more, closed ports included if `allow` names the port.
    #[must_use]
    pub fn allow(mut self, allow: Allow) -> Policy {
        self.allowed.push(allow);
        self
    }

    /// Replaces the ports that are closed.
    #[must_use]
    pub fn close_ports(mut self, ports: &[u16]) -> Policy {
        self.closed_ports = ports.into();
        self
    }

    /// Trusts one more issuer of certificates (DER), beside the built-in list and the system's.
    #[must_use]
    pub fn trust(mut self, issuer: Vec<u8>) -> Policy {
        self.trusted.push(issuer.into());
        self
    }

    pub(crate) fn trusted(&self) -> &[CertificateDer<'static>] {
        &self.trusted
    }

    /// Whether a connection to this address may be opened.
    pub fn permits(&self, address: SocketAddr) -> bool {
        let (ip, port) = (address.ip().to_canonical(), address.port());
        let public = match self.reach {
            Reach::Any => true,
            // The original spelling counts: an IPv4 address written as IPv6 is not public.
            Reach::Public => is_public(address.ip()),
        };
        (public && !self.closed_ports.contains(&port)) || self.allowed.iter().any(|allow| allow.covers(ip, port))
    }

    /// Whether no address at all may be reached at this port.
    fn closes(&self, port: u16) -> bool {
        self.closed_ports.contains(&port) && !self.allowed.iter().any(|allow| allow.port.is_none_or(|p| p == port))
    }
}

/// Checks all of a URL that can be checked without looking its name up.
///
/// # Errors
/// If no request may go there.
pub fn check_url(url: &Url, policy: &Policy) -> Result<(), Blocked> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Blocked::Scheme(url.scheme().to_owned()));
    }
    let port = url.port_or_known_default().unwrap_or_default();
    let ip = match url.host() {
        None => return Err(Blocked::NoHost),
        Some(Host::Domain(_)) if policy.closes(port) => return Err(Blocked::Port(port)),
        Some(Host::Domain(_)) => return Ok(()),
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
    };
    if policy.permits(SocketAddr::new(ip, port)) {
        Ok(())
    } else if policy.closes(port) {
        Err(Blocked::Port(port))
    } else {
        Err(Blocked::Address(ip.to_string()))
    }
}

/// Why a request may not go where it wants.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Blocked {
    /// Only `http` and `https` are spoken.
    #[error("{0}:// is not supported, only http:// and https://.")]
    Scheme(String),
    /// There is nothing to connect to.
    #[error("The URL names no host.")]
    NoHost,
    /// An address written out in the URL.
    #[error("{0} is not a public address, and requests may go to public addresses only.")]
    Address(String),
    /// A name with at least one address that may not be reached.
    #[error("{0} leads to an address that is not public, and requests may go to public addresses only.")]
    Name(String),
    /// A port of some other service.
    #[error("Port {0} is closed to requests: it belongs to a service that does not speak HTTP.")]
    Port(u16),
}

/// An exception to a policy: `127.0.0.1:9000`, `10.0.0.0/8`, `10.0.0.0/8:8080`, `[::1]:80`,
/// `fd00::/8`, `[fd00::/8]:80`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allow {
    network: IpAddr,
    prefix: u8,
    port: Option<u16>,
}

impl Allow {
    fn covers(&self, ip: IpAddr, port: u16) -> bool {
        let same = match (self.network, ip) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                (network.to_bits() ^ ip.to_bits()).checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                (network.to_bits() ^ ip.to_bits()).checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        };
        same && self.port.is_none_or(|allowed| allowed == port)
    }
}

impl From<SocketAddr> for Allow {
    fn from(address: SocketAddr) -> Allow {
        let network = address.ip().to_canonical();
        Allow { network, prefix: if network.is_ipv4() { 32 } else { 128 }, port: Some(address.port()) }
    }
}

/// A text that is no exception to a policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not an address: write it like 127.0.0.1:9000, 10.0.0.0/8 or [::1]:80.")]
pub struct BadAllow(String);

impl FromStr for Allow {
    type Err = BadAllow;

    fn from_str(text: &str) -> Result<Allow, BadAllow> {
        read_allow(text.trim()).ok_or_else(|| BadAllow(text.to_owned()))
    }
}

fn read_allow(text: &str) -> Option<Allow> {
    let (network, port) = if let Some(rest) = text.strip_prefix('[') {
        let (network, rest) = rest.split_once(']')?;
        (network, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
    } else {
        match text.split_once(':') {
            Some((network, port)) if !port.contains(':') => (network, Some(port)),
            _ => (text, None),
        }
    };
    let port = port.map(str::parse::<u16>).transpose().ok()?;
    let (network, prefix) = match network.split_once('/') {
        Some((network, prefix)) => (network, Some(prefix.parse::<u8>().ok()?)),
        None => (network, None),
    };
    let network: IpAddr = network.parse().ok()?;
    let whole = if network.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.unwrap_or(whole);
    (prefix <= whole).then_some(Allow { network, prefix, port })
}

impl fmt::Display for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Allow { network, prefix, port } = self;
        match (network, port) {
            (IpAddr::V6(_), Some(port)) => write!(f, "[{network}/{prefix}]:{port}"),
            (_, Some(port)) => write!(f, "{network}/{prefix}:{port}"),
            (_, None) => write!(f, "{network}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allow(text: &str) -> Allow {
        text.parse().unwrap()
    }

    #[test]
    fn exceptions_are_read_in_every_form() {
        for (text, shown) in [
            ("127.0.0.1:9000", "127.0.0.1/32:9000"),
            (" 10.0.0.0/8 ", "10.0.0.0/8"),
            ("10.0.0.0/8:8080", "10.0.0.0/8:8080"),
            ("::1", "::1/128"),
            ("[::1]:80", "[::1/128]:80"),
            ("[::1]", "::1/128"),
            ("fd00::/8", "fd00::/8"),
            ("[fd00::/8]:80", "[fd00::/8]:80"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(allow(text).to_string(), shown);
            assert_eq!(allow(shown), allow(text));
        }
        for text in ["", "localhost", "10.0.0.0/33", "1.2.3.4:", "1.2.3.4:99999", "[::1]80", "[::1", "::1/129", "10/8"]
        {
            assert_eq!(text.parse::<Allow>(), Err(BadAllow(text.to_owned())));
        }
    }

    #[test]
    fn an_exception_covers_its_network_and_port_only() {
        let policy = Policy::public().allow(allow("10.1.0.0/16")).allow(allow("[fd00::/8]:80"));
        for (address, permitted) in [
            ("10.1.2.3:80", true),
            ("10.2.2.3:80", false),
            ("[::ffff:10.1.2.3]:80", true),
            ("[fd12::1]:80", true),
            ("[fd12::1]:81", false),
            ("[fe12::1]:80", false),
        ] {
            assert_eq!(policy.permits(address.parse().unwrap()), permitted, "{address}");
        }
        assert!(Policy::public().allow(allow("0.0.0.0/0")).permits("127.0.0.1:22".parse().unwrap()));
    }

    #[test]
    fn what_is_blocked_says_so_in_words() {
        let said = |url: &str| check_url(&Url::parse(url).unwrap(), &Policy::public()).unwrap_err().to_string();
        assert_eq!(
            said("http://0x7f.1/"),
            "127.0.0.1 is not a public address, and requests may go to public addresses only."
        );
        assert_eq!(said("ftp://example.com/"), "ftp:// is not supported, only http:// and https://.");
        assert!(said("http://example.com:25/").starts_with("Port 25 is closed to requests"));
        assert!(said("data:x").starts_with("data:// is not supported"));
    }

    proptest! {
        #[test]
        fn an_exception_survives_being_shown(ip: IpAddr, prefix in 0u8..=32, port: Option<u16>) {
            let given = Allow { network: ip, prefix, port };
            prop_assert_eq!(allow(&given.to_string()), given);
        }

        #[test]
        fn every_spelling_of_an_address_is_judged_alike(bits: u32, port: u16) {
            let ip = std::net::Ipv4Addr::from_bits(bits);
            let [a, b, c, d] = ip.octets();
            let permitted = Policy::public().permits(SocketAddr::new(ip.into(), port));
            for host in [
                ip.to_string(),
                format!("{ip}."),
                bits.to_string(),
                format!("{bits:#x}"),
                format!("{bits:#o}").replace("0o", "0"),
                format!("{a:#x}.{b}.{c:#x}.{d}"),
                format!("{a}.{}", bits & 0x00ff_ffff),
                format!("{a}.{b}.{}", bits & 0xffff),
            ] {
                let url = Url::parse(&format!("http://{host}:{port}/")).unwrap();
                prop_assert_eq!(check_url(&url, &Policy::public()).is_ok(), permitted, "{}", host);
            }
            for host in [format!("[::ffff:{ip}]"), format!("[::{ip}]"), format!("[64:ff9b::{ip}]")] {
                let url = Url::parse(&format!("http://{host}:{port}/")).unwrap();
                prop_assert!(check_url(&url, &Policy::public()).is_err(), "{}", host);
            }
        }
    }
}
