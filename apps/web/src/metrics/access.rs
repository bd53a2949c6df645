//! Who may read metrics: this machine itself, and whoever knows what the configuration says.

use std::net::IpAddr;

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderMap},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ipnet::IpNet;
use runtime::config::MetricsConfig;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

/// With these a proxy says that somebody else is asking.
const FORWARDING: [&str; 5] = ["x-forwarded-for", "forwarded", "x-real-ip", "x-forwarded-host", "via"];

/// The rules of one listener.
pub(super) struct Access<'c> {
    config: &'c MetricsConfig,
    trusted: &'c [IpNet],
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Allowed,
    /// Credentials would help.
    Unknown {
        challenge: &'static str,
    },
    /// Nothing would.
    Closed,
}

impl<'c> Access<'c> {
    /// `trusted`: the proxies in front of us.
    pub(super) fn new(config: &'c MetricsConfig, trusted: &'c [IpNet]) -> Self {
        Self { config, trusted }
    }

    pub(super) fn judge(&self, request: &HttpRequest) -> Verdict {
        self.judge_from(request.peer_addr().map(|peer| peer.ip()), request.headers())
    }

    fn judge_from(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Verdict {
        if self.is_this_machine(peer, headers) || self.knows(headers) {
            return Verdict::Allowed;
        }
        match self.config {
            MetricsConfig { login: Some(_), .. } => Verdict::Unknown { challenge: "Basic realm=\"metrics\"" },
            MetricsConfig { token: Some(_), .. } => Verdict::Unknown { challenge: "Bearer" },
            _ => Verdict::Closed,
        }
    }

    /// A proxy on this machine asks for others, whether or not it is trusted or says so.
    fn is_this_machine(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
        peer.map(|peer| peer.to_canonical()).is_some_and(|peer| {
            peer.is_loopback()
                && !self.trusted.iter().any(|net| net.contains(&peer))
                && !FORWARDING.iter().any(|name| headers.contains_key(*name))
        })
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some((scheme, shown)) = shown.and_then(|shown| shown.split_once(' ')) else { return false };
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" => self.config.token.as_ref().is_some_and(|token| is_same(token.expose_secret(), shown.trim())),
            "basic" => self.config.login.as_ref().is_some_and(|(user, password)| {
                let login = format!("{user}:{}", password.expose_secret());
                let shown = STANDARD.decode(shown.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                shown.is_some_and(|shown| is_same(&login, &shown))
            }),
            _ => false,
        }
    }
}

/// Compares in a time that tells nothing about where the texts differ.
fn is_same(ours: &str, shown: &str) -> bool {
    Sha256::digest(ours) == Sha256::digest(shown)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use runtime::config::Environment;

    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn judge(variables: &[(&str, &str)], trusted: &str, peer: &str, given: &[(&'static str, &str)]) -> Verdict {
        let config = MetricsConfig::read(&Environment::given(variables.iter().copied())).unwrap();
        let trusted: Vec<IpNet> = trusted.split(',').filter_map(|net| net.parse().ok()).collect();
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        Access::new(&config, &trusted).judge_from(Some(peer.parse().unwrap()), &headers)
    }

    #[test]
    fn by_default_it_is_for_this_machine() {
        for peer in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(judge(&[], "", peer, &[]), Verdict::Allowed, "{peer}");
        }
        for peer in ["192.0.2.1", "10.0.0.1", "2001:db8::1"] {
            assert_eq!(judge(&[], "", peer, &[]), Verdict::Closed, "{peer}");
        }
        assert_eq!(judge(&[], "", "192.0.2.1", &[("x-forwarded-for", "127.0.0.1")]), Verdict::Closed);
    }

    #[test]
    fn who_comes_through_a_proxy_on_this_machine_is_somebody_else() {
        assert_eq!(judge(&[], "127.0.0.0/8", "127.0.0.1", &[]), Verdict::Closed, "even if it does not say so");
        for header in FORWARDING {
            assert_eq!(judge(&[], "", "127.0.0.1", &[(header, "127.0.0.1")]), Verdict::Closed, "{header}");
        }
        let proxied = [("x-forwarded-for", "127.0.0.1")];
        assert_eq!(judge(&[], "127.0.0.1/32,10.0.0.0/8", "10.0.0.1", &proxied), Verdict::Closed);
    }

    #[test]
    fn credentials_open_it_to_others() {
        let from_afar = |variables: &[(&str, &str)], shown: &str| {
            judge(variables, "", "192.0.2.1", &[("authorization", shown)]) == Verdict::Allowed
        };
        let token = [("METRICS_TOKEN", TOKEN)];
        assert!(from_afar(&token, &format!("Bearer {TOKEN}")) && from_afar(&token, &format!("bearer {TOKEN}")));
        for shown in ["Bearer 0123456789abcdeg", "Bearer ", TOKEN, "Basic Og==", "Bearer 0123456789abcdef0"] {
            assert!(!from_afar(&token, shown), "{shown}");
        }
        let login = [("METRICS_USER", "prometheus"), ("METRICS_PASSWORD", TOKEN)];
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert!(from_afar(&login, &basic(&format!("prometheus:{TOKEN}"))));
        for text in [format!("prometheus:{TOKEN}x"), format!("other:{TOKEN}"), TOKEN.to_owned()] {
            assert!(!from_afar(&login, &basic(&text)), "{text}");
        }
        assert!(!from_afar(&login, &format!("Bearer {TOKEN}")));
        assert_eq!(judge(&token, "", "127.0.0.1", &[]), Verdict::Allowed, "this machine needs none");
    }

    #[test]
    fn who_has_none_is_told_which_are_wanted() {
        let afar = |variables: &[(&str, &str)]| judge(variables, "", "192.0.2.1", &[]);
        assert_eq!(afar(&[("METRICS_TOKEN", TOKEN)]), Verdict::Unknown { challenge: "Bearer" });
        let login = [("METRICS_USER", "prometheus"), ("METRICS_PASSWORD", TOKEN)];
        assert_eq!(afar(&login), Verdict::Unknown { challenge: "Basic realm=\"metrics\"" });
    }
}
