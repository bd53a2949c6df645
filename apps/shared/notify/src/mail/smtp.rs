//! A mail server: connections that are used again while there is much to send, and what its answers mean.
//!
//! What the server says before it has heard of a recipient concerns every letter; what it says then concerns
//! this one. A connection on which anything but an answer came is never used again, for nobody knows which
//! question the next answer would be for.

use std::{
    error::Error as _,
    fmt,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
        commands::{Data, Mail, Noop, Quit, Rcpt, Rset},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use runtime::config::{MailEncryption, SmtpServer};
use rustls::{RootCertStore, pki_types::CertificateDer};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::{Failure, message::Message};

/// How long one letter may take, with everything.
const PATIENCE: Duration = Duration::from_secs(45);

/// How long each of the server's addresses may take to answer.
const CONNECT: Duration = Duration::from_secs(10);

/// How long the server may take for what is only a courtesy.
const COURTESY: Duration = Duration::from_secs(2);

/// The longest sentence of a server that is told, in characters.
const LONGEST: usize = 300;

pub(super) struct Smtp {
    server: SmtpServer,
    issuers: Vec<Vec<u8>>,
    /// Made when first needed: it reads the machine's issuers.
    tls: OnceLock<TlsParameters>,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
}

impl Smtp {
    pub(super) fn new(server: SmtpServer, issuers: &[Vec<u8>]) -> Self {
        Self { server, issuers: issuers.to_vec(), tls: OnceLock::new(), idle: Mutex::default() }
    }

    pub(super) async fn send(&self, from: &Address, message: &Message) -> Result<(), Failure> {
        let sending = async {
            let mut conn = self.connection().await?;
            let sent = transmit(&mut conn, from, message).await;
            let is_usable = match sent {
                Ok(()) => true,
                Err(Failure::Refused(_) | Failure::Postponed(_)) => {
                    matches!(timeout(COURTESY, conn.command(Rset)).await, Ok(Ok(_)))
                }
                Err(Failure::Unsendable(_) | Failure::Unavailable(_)) => false,
            };
            if is_usable {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            }
            sent
        };
        timeout(PATIENCE, sending).await.unwrap_or_else(|_| {
            let seconds = PATIENCE.as_secs();
            Err(Failure::Unavailable(format!("{} did not answer within {seconds} seconds.", capital(self))))
        })
    }

    /// Ends the connections that nobody uses.
    pub(super) async fn rest(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        let quitting = async {
            for mut conn in idle {
                let _ = conn.command(Quit).await;
            }
        };
        let _ = timeout(COURTESY, quitting).await;
    }

    /// One that was used before and still answers, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, Failure> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(mut conn) = idle else { return self.connect().await };
            if matches!(timeout(COURTESY, conn.command(Noop)).await, Ok(Ok(_))) {
                return Ok(conn);
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let SmtpServer { host, port, encryption, login } = &self.server;
        let failed = |what: &'static str| {
            let name = capital(self);
            move |error: Error| Failure::Unavailable(format!("{name} {what}: {}.", told(&error)))
        };
        let hello = hello();
        let tls = match encryption {
            MailEncryption::None => None,
            MailEncryption::Tls | MailEncryption::StartTls => {
                Some(self.tls().map_err(failed("cannot be spoken to in secret"))?)
            }
        };
        let wrapper = tls.clone().filter(|_| *encryption == MailEncryption::Tls);
        let connecting =
            AsyncSmtpConnection::connect_tokio1((host.as_str(), *port), Some(CONNECT), &hello, wrapper, None);
        let mut conn = connecting.await.map_err(failed("cannot be reached"))?;
        if let Some(tls) = tls.filter(|_| *encryption == MailEncryption::StartTls) {
            if !conn.can_starttls() {
                return Err(Failure::Unavailable(format!(
                    "{} offers no encryption (STARTTLS), and nothing is sent without.",
                    capital(self)
                )));
            }
            conn.starttls(tls, &hello).await.map_err(failed("cannot be spoken to in secret"))?;
        }
        if let Some(login) = login {
            let credentials = Credentials::new(login.user.clone(), login.password.expose_secret().to_owned());
            conn.auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
                .await
                .map_err(failed("does not let us in with the user and password of SMTP_URL"))?;
        }
        Ok(conn)
    }

    fn tls(&self) -> Result<TlsParameters, Error> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let mut builder =
            TlsParameters::builder(self.server.host.clone()).certificate_store(CertificateStore::WebpkiRoots);
        let system = rustls_native_certs::load_native_certs().certs;
        let (mut store, ours) = (RootCertStore::empty(), self.issuers.iter().cloned().map(CertificateDer::from));
        for issuer in system.into_iter().chain(ours) {
            // One that cannot be read would spoil all others.
            if store.add(issuer.clone()).is_ok() {
                builder = builder.add_root_certificate(Certificate::from_der(issuer.to_vec())?);
            }
        }
        let tls = builder.build()?;
        Ok(self.tls.get_or_init(|| tls).clone())
    }
}

impl fmt::Display for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the mail server {} at port {}", self.server.host, self.server.port)
    }
}

/// The beginning of a sentence.
fn capital(smtp: &Smtp) -> String {
    smtp.to_string().replacen('t', "T", 1)
}

/// One letter over a connection that is ready for it.
async fn transmit(conn: &mut AsyncSmtpConnection, from: &Address, message: &Message) -> Result<(), Failure> {
    let mut parameters = Vec::new();
    if !message.bytes.is_ascii() {
        let server = conn.server_info();
        if !server.supports_feature(Extension::SmtpUtfEight) || !server.supports_feature(Extension::EightBitMime) {
            let reason = "The mail server takes no addresses with letters beyond ASCII before the @ (SMTPUTF8).";
            return Err(Failure::Refused(reason.to_owned()));
        }
        parameters = vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)];
    }
    let sender = conn.command(Mail::new(Some(from.clone()), parameters)).await;
    sender
        .map_err(|error| Failure::Unavailable(format!("The mail server does not take our mail: {}.", told(&error))))?;
    conn.command(Rcpt::new(message.recipient.clone(), Vec::new())).await.map_err(|error| of_the_letter(&error))?;
    conn.command(Data).await.map_err(|error| of_the_letter(&error))?;
    conn.message(&message.bytes).await.map_err(|error| of_the_letter(&error))?;
    Ok(())
}

/// What an answer means that came once the recipient was named.
fn of_the_letter(error: &Error) -> Failure {
    let said = format!("The mail server says: {}.", told(error));
    match error.status().map(u16::from) {
        // It shuts down, or wants us to sign in.
        None | Some(421 | 530 | 534 | 535 | 538) => Failure::Unavailable(said),
        Some(code) if code < 500 => Failure::Postponed(said),
        Some(_) => Failure::Refused(said),
    }
}

/// What went wrong, on one line and without its full stop.
fn told(error: &Error) -> String {
    let text = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let words: Vec<_> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    let code = error.status().map(|code| format!("{code} ")).unwrap_or_default();
    let line: String = format!("{code}{}", words.join(" ")).chars().take(LONGEST).collect();
    line.trim_end_matches('.').to_owned()
}

/// How we introduce ourselves.
fn hello() -> ClientId {
    let name = runtime::machine::name();
    let is_domain = name.contains(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    if is_domain { ClientId::Domain(name) } else { ClientId::default() }
}
