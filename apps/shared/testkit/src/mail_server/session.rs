//! One conversation: commands in their order, as RFC 5321 has them, with STARTTLS and AUTH.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::{Answer, Begins, Mail, Shared, Stage};

/// Talks over a new connection until either side ends it.
pub(super) async fn serve(socket: TcpStream, shared: &Shared, number: usize) -> io::Result<()> {
    socket.set_nodelay(true)?;
    match &shared.setup.tls {
        Some((Begins::AtOnce, tls)) => {
            let stream = tls.accept(socket).await?;
            Session::new(stream, shared, number, Secrecy::Encrypted).talk(Greets::Yes).await.map(drop)
        }
        Some((Begins::WhenAsked, tls)) => {
            let plain = Session::new(socket, shared, number, Secrecy::Offered);
            let Some(socket) = plain.talk(Greets::Yes).await? else { return Ok(()) };
            let stream = tls.accept(socket).await?;
            Session::new(stream, shared, number, Secrecy::Encrypted).talk(Greets::No).await.map(drop)
        }
        None => Session::new(socket, shared, number, Secrecy::None).talk(Greets::Yes).await.map(drop),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Greets {
    Yes,
    No,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    None,
    Offered,
    Encrypted,
}

struct Session<'s, S> {
    stream: BufReader<S>,
    shared: &'s Shared,
    secrecy: Secrecy,
    number: usize,
    user: Option<String>,
    sender: Option<String>,
    recipients: Vec<String>,
}

/// Whether the conversation goes on.
enum Then {
    GoOn,
    End,
    Encrypt,
}

impl<'s, S: AsyncRead + AsyncWrite + Unpin> Session<'s, S> {
    fn new(stream: S, shared: &'s Shared, number: usize, secrecy: Secrecy) -> Self {
        let stream = BufReader::new(stream);
        Self { stream, shared, secrecy, number, user: None, sender: None, recipients: Vec::new() }
    }

    /// Until either side ends it, or the rest is to be encrypted: then it gives the stream back.
    async fn talk(mut self, greets: Greets) -> io::Result<Option<S>> {
        if greets == Greets::Yes && !self.answer(Stage::Greeting, "220 mail.test ESMTP for tests").await? {
            return Ok(None);
        }
        while let Some(line) = self.line().await? {
            let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            match self.obey(&verb, &line).await? {
                Then::GoOn => {}
                Then::End => break,
                Then::Encrypt => return Ok(Some(self.stream.into_inner())),
            }
        }
        Ok(None)
    }

    async fn obey(&mut self, verb: &str, line: &str) -> io::Result<Then> {
        let must_sign_in = self.shared.setup.login.is_some() && self.user.is_none();
        let goes_on = match verb {
            "EHLO" => {
                let mut lines = vec!["250-mail.test", "250-8BITMIME"];
                if self.secrecy == Secrecy::Offered {
                    lines.push("250-STARTTLS");
                } else if self.shared.setup.login.is_some() {
                    lines.push("250-AUTH PLAIN LOGIN");
                }
                lines.push("250 ENHANCEDSTATUSCODES");
                self.answer(Stage::Hello, &lines.join("\r\n")).await?
            }
            "STARTTLS" if self.secrecy == Secrecy::Offered => {
                self.say("220 2.0.0 Go ahead").await?;
                return Ok(Then::Encrypt);
            }
            "AUTH" => self.sign_in(line).await?,
            "NOOP" => self.answer(Stage::Noop, "250 2.0.0 Still here").await?,
            "RSET" => {
                self.forget();
                self.say("250 2.0.0 Forgotten").await?
            }
            "QUIT" => {
                self.shared.counts.send_modify(|counts| counts.quits += 1);
                self.say("221 2.0.0 Goodbye").await?;
                return Ok(Then::End);
            }
            "MAIL" if must_sign_in => self.say("530 5.7.0 Sign in first").await?,
            "MAIL" if self.sender.is_none() => {
                let answer = self.shared.answer(Stage::Sender);
                if matches!(answer, Answer::Accept | Answer::Await(_)) {
                    self.sender = Some(address(line));
                }
                self.give(answer, "250 2.1.0 Sender taken").await?
            }
            "RCPT" if self.sender.is_some() => {
                let answer = self.shared.answer(Stage::Recipient);
                if matches!(answer, Answer::Accept | Answer::Await(_)) {
                    self.recipients.push(address(line));
                }
                self.give(answer, "250 2.1.5 Recipient taken").await?
            }
            "DATA" if !self.recipients.is_empty() => {
                let answer = self.shared.answer(Stage::Data);
                let is_welcome = matches!(answer, Answer::Accept | Answer::Await(_));
                let goes_on = self.give(answer, "354 Send it").await?;
                if is_welcome { self.content().await? } else { goes_on }
            }
            "MAIL" | "RCPT" | "DATA" => self.say("503 5.5.1 Not in this order").await?,
            _ => self.say("500 5.5.2 No such command").await?,
        };
        Ok(if goes_on { Then::GoOn } else { Then::End })
    }

    /// `AUTH PLAIN` with its answer in the line or after it, or `AUTH LOGIN`.
    async fn sign_in(&mut self, line: &str) -> io::Result<bool> {
        let mut words = line.split(' ').skip(1);
        let (mechanism, initial) = (words.next().unwrap_or_default().to_ascii_uppercase(), words.next());
        let given = match (mechanism.as_str(), initial) {
            ("PLAIN", Some(initial)) => plain(initial),
            ("PLAIN", None) => plain(&self.ask("334 ").await?),
            ("LOGIN", _) => {
                let user = decoded(&self.ask("334 VXNlcm5hbWU6").await?);
                let password = decoded(&self.ask("334 UGFzc3dvcmQ6").await?);
                user.zip(password)
            }
            _ => return self.say("504 5.5.4 No such way to sign in").await,
        };
        let answer = self.shared.answer(Stage::SignIn);
        if matches!(answer, Answer::Accept) && given != self.shared.setup.login {
            return self.say("535 5.7.8 Wrong user or password").await;
        }
        self.user = given.map(|(user, _)| user);
        self.give(answer, "235 2.7.0 Welcome").await
    }

    async fn content(&mut self) -> io::Result<bool> {
        let mut content = String::new();
        loop {
            let Some(line) = self.line().await? else { return Ok(false) };
            match line.strip_prefix('.') {
                Some("") => break,
                Some(stuffed) => content.push_str(stuffed),
                None => content.push_str(&line),
            }
            content.push_str("\r\n");
        }
        let answer = self.shared.answer(Stage::Content);
        if !matches!(answer, Answer::Say(_)) {
            self.shared.take(Mail {
                sender: self.sender.clone().unwrap_or_default(),
                recipients: self.recipients.clone(),
                content,
                user: self.user.clone(),
                encrypted: self.secrecy == Secrecy::Encrypted,
                connection: self.number,
            });
        }
        self.forget();
        self.give(answer, "250 2.0.0 Taken").await
    }

    fn forget(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    /// What the script says for the stage; `accepting` if it has nothing against it. False if that is the end.
    async fn answer(&mut self, stage: Stage, accepting: &str) -> io::Result<bool> {
        let answer = self.shared.answer(stage);
        self.give(answer, accepting).await
    }

    async fn give(&mut self, answer: Answer, accepting: &str) -> io::Result<bool> {
        match answer {
            Answer::Accept => self.say(accepting).await,
            Answer::Say(line) => self.say(&line).await,
            Answer::Await(gate) => {
                gate.pass().await;
                self.say(accepting).await
            }
            Answer::Hang => {
                self.shared.counts.send_modify(|counts| counts.hanging += 1);
                while self.stream.read(&mut [0; 1024]).await? > 0 {}
                Ok(false)
            }
            Answer::Drop => Ok(false),
        }
    }

    async fn say(&mut self, lines: &str) -> io::Result<bool> {
        self.stream.write_all(format!("{lines}\r\n").as_bytes()).await?;
        self.stream.flush().await?;
        Ok(true)
    }

    async fn ask(&mut self, question: &str) -> io::Result<String> {
        self.say(question).await?;
        Ok(self.line().await?.unwrap_or_default())
    }

    /// The next line without its end; none if the other side has ended.
    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        Ok(Some(line.strip_suffix("\r\n").unwrap_or(&line).to_owned()))
    }
}

/// What stands between `<` and `>`.
fn address(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or("", |(address, _)| address).to_owned()
}

fn decoded(base64: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(base64).ok()?).ok()
}

/// User and password of `AUTH PLAIN`.
fn plain(base64: &str) -> Option<(String, String)> {
    let text = decoded(base64)?;
    let mut parts = text.split('\0').skip(1);
    Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
}
