//! Where mail to people goes out, and from whom it is.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

use super::{Environment, Invalid, ServingConfig};
use crate::var_dir::VarDir;

/// Who mail is from and which way it takes.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// The way.
    pub route: MailRoute,
    /// Who it is from, on one line: `ada@example.com` or `Ada <ada@example.com>`. Read further by `notify`.
    pub from: String,
}

/// Which way mail takes.
#[derive(Clone, Debug)]
pub enum MailRoute {
    /// A mail server takes it.
    Smtp(SmtpServer),
    /// Each mail becomes a file in this folder, which is made when it is first needed.
    Folder(PathBuf),
}

/// The mail server that takes what we send.
#[derive(Clone, Debug)]
pub struct SmtpServer {
    /// Its name or address; an address of IPv6 without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether strangers on the way can read along.
    pub encryption: MailEncryption,
    /// As whom to sign in.
    pub login: Option<MailLogin>,
}

/// How the connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailEncryption {
    /// From the first byte on.
    Tls,
    /// After the greeting, and nothing is sent if the server will not.
    StartTls,
    /// Not at all: for a relay on this machine or in a network of one's own.
    None,
}

/// A user of a mail server. The password is never printed.
#[derive(Clone)]
pub struct MailLogin {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

impl fmt::Debug for MailLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailLogin(…)")
    }
}

impl MailConfig {
    /// The variable that says where the mail server is.
    pub const SMTP_URL: &str = "SMTP_URL";
    /// The variable that holds [`Self::from`].
    pub const FROM: &str = "MAIL_FROM";
    /// What to write into it.
    pub const FROM_REMEDY: &str = "Write an address such as smokex@example.com or Smokex <smokex@example.com>";

    /// From `SMTP_URL` (default the folder `mail` in `VAR_DIR`), `MAIL_FROM` (default `Smokex`, at the host of
    /// `ORIGIN`), `VAR_DIR` and `ORIGIN`. Nothing is connected to and no folder is made yet.
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
        let route = match environment.text(Self::SMTP_URL)? {
            Some(url) => MailRoute::Smtp(SmtpServer::read(&url)?),
            None => MailRoute::Folder(VarDir::read(environment)?.file("mail")),
        };
        let from = match environment.text(Self::FROM)? {
            Some(from) if from.chars().any(char::is_control) => {
                return Err(Invalid::new(
                    Self::FROM,
                    "holds a line break or another control character",
                    Self::FROM_REMEDY,
                ));
            }
            Some(from) => from,
            None => format!("Smokex <smokex@{}>", domain(&ServingConfig::read(environment)?)),
        };
        Ok(Self { route, from })
    }
}

/// The host people type, as it stands behind the `@` of an address.
fn domain(serving: &ServingConfig) -> String {
    // The port does not matter.
    let origin = serving.origin(SocketAddr::from(([127, 0, 0, 1], 80)));
    match origin.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => format!("[{address}]"),
        Some(Host::Ipv6(_)) | None => "localhost".to_owned(),
    }
}

impl SmtpServer {
    /// From a URL. What is told of a mistake never holds any of it, for it may hold a password.
    fn read(text: &str) -> Result<Self, Invalid> {
        let wrong = |problem: &str| {
            let remedy = "Write something like smtp://USER:PASSWORD@mail.example.com:587 (STARTTLS) or \
                          smtps://USER:PASSWORD@mail.example.com (TLS from the beginning), with characters such as @, / \
                          and # of the password percent-encoded; for a relay of your own, smtp://localhost:25?tls=none";
            Invalid::new(MailConfig::SMTP_URL, problem, remedy)
        };
        let url = Url::parse(text).map_err(|error| wrong(&format!("is no address ({error})")))?;
        let encryption = match (url.scheme(), url.query()) {
            ("smtps", None) => MailEncryption::Tls,
            ("smtp", None) => MailEncryption::StartTls,
            ("smtp", Some("tls=none")) => MailEncryption::None,
            ("smtp" | "smtps", Some(_)) => return Err(wrong("has something else than `tls=none` after its `?`")),
            _ => return Err(wrong("begins with something else than smtp:// and smtps://")),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(wrong("holds more than a server and how to sign in"));
        }
        let host = host(&url).ok_or_else(|| wrong("names no server"))?;
        let default_port = match encryption {
            MailEncryption::Tls => 465,
            MailEncryption::StartTls => 587,
            MailEncryption::None => 25,
        };
        let port = url.port().unwrap_or(default_port);
        let decoded = |text| percent_decode_str(text).decode_utf8().map(String::from);
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            ("", Some(_)) => return Err(wrong("has a password and no user")),
            (_, None | Some("")) => return Err(wrong("has a user and no password")),
            (user, Some(password)) => {
                let (Ok(user), Ok(password)) = (decoded(user), decoded(password)) else {
                    return Err(wrong("has a user or a password that is not UTF-8"));
                };
                Some(MailLogin { user, password: password.into() })
            }
        };
        let is_local = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        if login.is_some() && encryption == MailEncryption::None && !is_local {
            return Err(wrong("would send the password unencrypted to another machine"));
        }
        Ok(Self { host, port, encryption, login })
    }
}

/// A name of letters, digits, dots and hyphens, or an address.
fn host(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain(name) => {
            let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
            (!name.is_empty() && is_name(name)).then(|| name.to_ascii_lowercase())
        }
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<MailConfig, Invalid> {
        MailConfig::read(&Environment::given(variables.iter().copied()))
    }

    fn server(url: &str) -> SmtpServer {
        match read(&[("SMTP_URL", url)]).unwrap().route {
            MailRoute::Smtp(server) => server,
            MailRoute::Folder(folder) => panic!("{folder:?}"),
        }
    }

    #[test]
    fn without_a_server_mail_goes_to_a_folder() {
        for (variables, expected) in [(vec![], "./var/mail"), (vec![("VAR_DIR", "/srv/smokex")], "/srv/smokex/mail")] {
            let MailRoute::Folder(folder) = read(&variables).unwrap().route else { panic!("there is no server") };
            assert_eq!(folder, PathBuf::from(expected));
        }
    }

    #[test]
    fn the_sender_is_at_the_host_that_people_type() {
        let from = |origin| read(&[("ORIGIN", origin)]).unwrap().from;
        assert_eq!(from(""), "Smokex <smokex@localhost>");
        assert_eq!(from("https://smokex.example.com:8443"), "Smokex <smokex@smokex.example.com>");
        assert_eq!(from("http://10.0.0.1:8080"), "Smokex <smokex@[10.0.0.1]>");
        assert_eq!(from("http://[::1]:8080"), "Smokex <smokex@localhost>");
        assert_eq!(read(&[("MAIL_FROM", "ada@example.com")]).unwrap().from, "ada@example.com");
        let error = read(&[("MAIL_FROM", "ada@example.com\r\nBcc: eve@example.com")]).unwrap_err().to_string();
        assert!(error.starts_with("MAIL_FROM holds a line break") && !error.contains("eve"), "{error}");
    }

    #[test]
    fn a_server_is_spoken_to_in_secret_unless_the_opposite_is_said() {
        let way = |url| {
            let SmtpServer { host, port, encryption, login } = server(url);
            (host, port, encryption, login.map(|login| (login.user, login.password.expose_secret().to_owned())))
        };
        let login = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        assert_eq!(
            way("smtp://ada%40example.com:p%40ss%2F%23%3A@mail.example.com:2525"),
            ("mail.example.com".into(), 2525, MailEncryption::StartTls, login("ada@example.com", "p@ss/#:"))
        );
        assert_eq!(way("smtp://Mail.Example.com/"), ("mail.example.com".into(), 587, MailEncryption::StartTls, None));
        assert_eq!(way("smtps://10.0.0.1"), ("10.0.0.1".into(), 465, MailEncryption::Tls, None));
        assert_eq!(way("smtp://[::1]?tls=none"), ("::1".into(), 25, MailEncryption::None, None));
        assert_eq!(
            way("smtp://a:b@localhost:1025?tls=none"),
            ("localhost".into(), 1025, MailEncryption::None, login("a", "b"))
        );
    }

    #[test]
    fn a_mistake_is_told_without_anything_of_the_url() {
        for (url, problem) in [
            ("mail.example.com", "is no address (relative URL without a base)"),
            ("https://a:hunter2@x", "begins with something else than smtp:// and smtps://"),
            ("smtp://", "names no server"),
            ("smtp://a:hunter2@x%20y", "names no server"),
            ("smtp://a:hunter2@x/path", "holds more than a server and how to sign in"),
            ("smtp://a:hunter2@x#hunter2", "holds more than a server and how to sign in"),
            ("smtp://a:hunter2@x?tls=maybe", "has something else than `tls=none` after its `?`"),
            ("smtps://a:hunter2@x?tls=none", "has something else than `tls=none` after its `?`"),
            ("smtp://a@x", "has a user and no password"),
            ("smtp://:hunter2@x", "has a password and no user"),
            ("smtp://a:%ffhunter2@x", "has a user or a password that is not UTF-8"),
            ("smtp://a:hunter2@x:99999", "is no address (invalid port number)"),
            ("smtp://a:hunter2/@x", "is no address (invalid port number)"),
            ("smtp://a:hunter2@x?tls=none", "would send the password unencrypted to another machine"),
        ] {
            let error = read(&[("SMTP_URL", url)]).unwrap_err().to_string();
            assert!(error.starts_with(&format!("SMTP_URL {problem}")), "{url}: {error}");
            assert!(
                error.contains("Write something like smtp://USER:PASSWORD@") && !error.contains("hunter2"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        let config = read(&[("SMTP_URL", "smtp://ada:hunter2@mail.example.com")]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(format!("{config:?}").contains("mail.example.com"));
    }
}
