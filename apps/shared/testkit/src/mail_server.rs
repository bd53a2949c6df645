//! A scripted mail server on a real socket: it speaks SMTP, takes mail or misbehaves by script, and
//! remembers every mail.
//!
//! ```no_run
//! # async fn example() {
//! use testkit::mail_server::{Answer, MailServer, Stage};
//!
//! let server = MailServer::start().await;
//! server.on(Stage::Recipient, [Answer::say("450 4.2.1 Not now"), Answer::Accept]);
//! // … send to server.url() …
//! let mails = server.received(1).await;
//! assert_eq!(mails[0].recipients, ["ada@example.com"]);
//! # }
//! ```

mod session;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::target::{Gate, Identity};

/// How long a test waits for something that should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many connections wait to be accepted.
const BACKLOG: u32 = 128;

/// A running server on a port of its own. Stops when dropped.
#[derive(Debug)]
pub struct MailServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    counts: watch::Receiver<Counts>,
    accepting: AbortHandle,
}

/// A server that has its port and refuses every connection, until it is opened.
#[derive(Debug)]
pub struct ClosedMailServer {
    socket: TcpSocket,
    address: SocketAddr,
    setup: Setup,
}

#[derive(Default)]
struct Setup {
    tls: Option<(Begins, TlsAcceptor)>,
    login: Option<(String, String)>,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Setup")
    }
}

/// When encryption begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begins {
    AtOnce,
    WhenAsked,
}

#[derive(Debug)]
struct Shared {
    setup: Setup,
    scripts: Mutex<HashMap<Stage, Script>>,
    mails: Mutex<Vec<Mail>>,
    counts: watch::Sender<Counts>,
}

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Somebody has connected.
    Greeting,
    /// They said EHLO.
    Hello,
    /// They sent their user and password, whatever they are.
    SignIn,
    /// They asked whether the connection is still good (NOOP).
    Noop,
    /// They named the sender.
    Sender,
    /// They named a recipient.
    Recipient,
    /// They want to send the content.
    Data,
    /// They have sent all of it.
    Content,
}

/// What the server does at a stage.
#[derive(Clone, Debug)]
pub enum Answer {
    /// What a server does that has nothing against it.
    Accept,
    /// Says this line instead, such as `550 5.1.1 Nobody here`.
    Say(String),
    /// Waits for the gate to open, then accepts.
    Await(Gate),
    /// Says nothing more until the other side goes away. Of content it has taken the mail all the same.
    Hang,
    /// Closes the connection without a word. Of content it has taken the mail all the same.
    Drop,
}

impl Answer {
    /// Says this line.
    pub fn say(line: impl Into<String>) -> Answer {
        Answer::Say(line.into())
    }
}

/// Answers in order; the last one repeats.
#[derive(Debug)]
struct Script {
    answers: Vec<Answer>,
    next: usize,
}

/// A mail that the server has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// As the envelope names them.
    pub sender: String,
    /// As the envelope names them.
    pub recipients: Vec<String>,
    /// Header and body, with `\r\n` at the ends of lines.
    pub content: String,
    /// Who had signed in.
    pub user: Option<String>,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// The number of its connection, from 0.
    pub connection: usize,
}

impl Mail {
    /// The value of a header field, as it was sent, without its line breaks.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.content.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let mut fields = head.split("\r\n").filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    }

    /// The body, as it was sent.
    pub fn body(&self) -> &str {
        self.content.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections accepted.
    pub connections: usize,
    /// Connections that have ended, by either side.
    pub closed: usize,
    /// Connections that have ended with QUIT.
    pub quits: usize,
    /// How often it has said nothing more ([`Answer::Hang`]).
    pub hanging: usize,
    /// Mails taken.
    pub mails: usize,
}

impl ClosedMailServer {
    /// It wants everybody to sign in.
    pub fn login(mut self, user: &str, password: &str) -> Self {
        self.setup.login = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// It speaks TLS from the first byte on.
    pub fn tls(mut self, identity: &Identity) -> Self {
        self.setup.tls = Some((Begins::AtOnce, identity.acceptor(&[])));
        self
    }

    /// It offers STARTTLS, and takes no password before.
    pub fn starttls(mut self, identity: &Identity) -> Self {
        self.setup.tls = Some((Begins::WhenAsked, identity.acceptor(&[])));
        self
    }

    /// Where it will listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `SMTP_URL` would be for it without encryption.
    pub fn url(&self) -> String {
        format!("smtp://{}?tls=none", self.address)
    }

    /// Lets it listen.
    pub fn open(self) -> MailServer {
        let Self { socket, address, setup } = self;
        let listener = socket.listen(BACKLOG).expect("a bound socket can listen");
        let (sender, counts) = watch::channel(Counts::default());
        let shared = Arc::new(Shared { setup, scripts: Mutex::default(), mails: Mutex::default(), counts: sender });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        MailServer { address, shared, counts, accepting }
    }
}

impl MailServer {
    /// A server without encryption and without users.
    pub async fn start() -> MailServer {
        Self::closed().open()
    }

    /// A server that is still closed, on a free port of 127.0.0.1.
    pub fn closed() -> ClosedMailServer {
        let socket = TcpSocket::new_v4().expect("a socket can be made");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("loopback has a free port");
        let address = socket.local_addr().expect("a bound socket has an address");
        ClosedMailServer { socket, address, setup: Setup::default() }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `SMTP_URL` would be for it without encryption.
    pub fn url(&self) -> String {
        format!("smtp://{}?tls=none", self.address)
    }

    /// Does this at a stage from now on, one answer after the other; the last one repeats.
    pub fn on(&self, stage: Stage, answers: impl IntoIterator<Item = Answer>) -> &MailServer {
        let answers: Vec<Answer> = answers.into_iter().collect();
        assert!(!answers.is_empty(), "{stage:?} has no answer");
        lock(&self.shared.scripts).insert(stage, Script { answers, next: 0 });
        self
    }

    /// The mails so far, in the order they came.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.shared.mails).clone()
    }

    /// Waits until there are at least `n` mails and returns them all.
    ///
    /// # Panics
    /// If they do not come.
    pub async fn received(&self, n: usize) -> Vec<Mail> {
        self.until(|counts| counts.mails >= n, &format!("{n} mails")).await;
        self.mails()
    }

    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        *self.counts.borrow()
    }

    /// Waits until what has happened satisfies the condition; `what` names it.
    ///
    /// # Panics
    /// If it does not come to that.
    pub async fn until(&self, condition: impl Fn(&Counts) -> bool, what: &str) -> Counts {
        let mut counts = self.counts.clone();
        let reached = timeout(PATIENCE, counts.wait_for(condition)).await;
        match reached {
            Ok(Ok(counts)) => *counts,
            _ => panic!("waited in vain for {what}; there were {:?}", self.counts()),
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // The task owns the connections' tasks, so they end with it.
        self.accepting.abort();
    }
}

impl Shared {
    fn answer(&self, stage: Stage) -> Answer {
        lock(&self.scripts).get_mut(&stage).map_or(Answer::Accept, |script| {
            let answer = script.answers[script.next].clone();
            script.next = (script.next + 1).min(script.answers.len() - 1);
            answer
        })
    }

    fn take(&self, mail: Mail) {
        lock(&self.mails).push(mail);
        self.counts.send_modify(|counts| counts.mails += 1);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let mut number = 0;
        shared.counts.send_modify(|counts| {
            number = counts.connections;
            counts.connections += 1;
        });
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // How a connection ends is for the test to see at the other end.
            let _ = session::serve(socket, &shared, number).await;
            shared.counts.send_modify(|counts| counts.closed += 1);
        });
        while connections.try_join_next().is_some() {}
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
