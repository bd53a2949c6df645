//! With which token which server is asked: from the environment, or as `smokex login` has kept it.

use std::{
    env, fs,
    io::{self, ErrorKind},
    path::PathBuf,
};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    file::{self, Readers},
    remote::{Address, Remote},
};

/// The server's address, and a token for it. They go before what was kept.
pub const SERVER: &str = "SMOKEX_SERVER";
pub const TOKEN: &str = "SMOKEX_TOKEN";

/// Where `smokex serve` listens if nothing else is said.
pub const DEFAULT_SERVER: &str = "http://localhost:8080";

/// Whether a token may go where everybody on the way can read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    #[default]
    Secure,
    /// Somebody said `--insecure`.
    Any,
}

impl Transport {
    pub fn of(insecure: bool) -> Self {
        if insecure { Self::Any } else { Self::Secure }
    }

    /// # Errors
    /// A sentence, if the token would be readable on its way there.
    pub fn permit(self, address: &Address) -> Result<(), String> {
        if self == Self::Secure && address.is_readable_on_the_way() {
            return Err(format!(
                "Everybody on the way to {address} could read the token. Use https://, or say --insecure if the way \
                 is yours alone."
            ));
        }
        Ok(())
    }
}

/// A server and what it is asked with.
#[derive(Serialize, Deserialize)]
pub struct Credentials {
    pub server: Address,
    #[serde(serialize_with = "exposed", deserialize_with = "hidden")]
    pub token: SecretString,
    /// As it was said when they were kept.
    #[serde(default)]
    pub transport: Transport,
}

fn exposed<S: serde::Serializer>(token: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose_secret())
}

fn hidden<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

impl Credentials {
    /// Those to use: of the environment, else those that were kept.
    ///
    /// # Errors
    /// A sentence, if there are none, or the token may not go there.
    pub fn find(transport: Transport) -> Result<Self, String> {
        let (server, token) = (variable(SERVER)?, variable(TOKEN)?);
        let server = server.map(|text| text.parse().map_err(|error| format!("{SERVER}: {error}"))).transpose()?;
        // What is kept does not matter where the environment says everything.
        let kept = if server.is_some() && token.is_some() { None } else { Self::kept()? };
        let found = combine(server, token, kept)?;
        if found.transport == Transport::Secure {
            transport.permit(&found.server)?;
        }
        Ok(found)
    }

    /// As [`Self::find`], ready to be asked.
    pub fn remote(transport: Transport) -> Result<Remote, String> {
        let found = Self::find(transport)?;
        Remote::new(found.server, &found.token)
    }

    /// What was kept; none if nothing is.
    pub fn kept() -> Result<Option<Self>, String> {
        let Ok(path) = path() else { return Ok(None) };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(format!("{} cannot be read: {error}.", path.display())),
        };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|_| format!("{} holds something else than it should. Log in again.", path.display()))
    }

    /// Keeps these in the place of others, readable by the user alone, and tells where.
    pub fn keep(&self) -> Result<PathBuf, String> {
        let path = path()?;
        let text = serde_json::to_string_pretty(self).expect("texts can be written as JSON") + "\n";
        let folder = path.parent().expect("the file is in a folder");
        let kept = make_folder(folder).and_then(|()| file::replace(&path, text.as_bytes(), Readers::Owner));
        kept.map_err(|error| format!("{} cannot be written: {error}.", path.display()))?;
        Ok(path)
    }

    /// Deletes what was kept, and tells where it was; none if nothing was.
    pub fn forget() -> Result<Option<PathBuf>, String> {
        let path = path()?;
        match fs::remove_file(&path) {
            Ok(()) => Ok(Some(path)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(format!("{} cannot be deleted: {error}.", path.display())),
        }
    }
}

/// A token goes only to the server that it is for.
fn combine(server: Option<Address>, token: Option<String>, kept: Option<Credentials>) -> Result<Credentials, String> {
    match (server, token, kept) {
        (Some(server), Some(token), _) => Ok(Credentials { server, token: token.into(), transport: Transport::Secure }),
        (None, Some(token), Some(kept)) => Ok(Credentials { token: token.into(), ..kept }),
        (None, Some(_), None) => Err(format!("{TOKEN} is set, but not for which server: set {SERVER}, too.")),
        (Some(server), None, Some(kept)) if kept.server == server => Ok(kept),
        (Some(server), None, _) => Err(format!("There is no token for {server}: set {TOKEN}, or log in there.")),
        (None, None, Some(kept)) => Ok(kept),
        (None, None, None) => Err(format!("Log in first with `smokex login`, or set {SERVER} and {TOKEN}.")),
    }
}

/// A variable of the environment; none if it is empty, as CI leaves it where a secret is missing.
pub fn variable(name: &str) -> Result<Option<String>, String> {
    match env::var(name) {
        Ok(value) => Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(format!("{name} holds something else than text.")),
    }
}

/// The file in the user's folder of configuration.
fn path() -> Result<PathBuf, String> {
    // An address that is not absolute is to be ignored, as the specification of these folders says.
    let folder = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_CONFIG_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".config")))
        .map(|folder| folder.join("smokex").join("credentials.json"))
        .ok_or_else(|| "There is no folder to keep a token in: neither XDG_CONFIG_HOME nor HOME is set.".to_owned())
}

fn make_folder(path: &std::path::Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<Address> {
        Some(text.parse().unwrap())
    }

    fn kept() -> Option<Credentials> {
        Some(Credentials { server: address("https://a").unwrap(), token: "kept".into(), transport: Transport::Any })
    }

    #[test]
    fn the_environment_goes_before_what_was_kept() {
        let found = |server: Option<&str>, token: Option<&str>, kept| {
            let found = combine(server.and_then(address), token.map(str::to_owned), kept).unwrap();
            (found.server.to_string(), found.token.expose_secret().to_owned())
        };
        let pair = |server: &str, token: &str| (server.to_owned(), token.to_owned());
        assert_eq!(found(Some("https://b"), Some("given"), kept()), pair("https://b", "given"));
        assert_eq!(found(Some("https://b"), Some("given"), None), pair("https://b", "given"));
        assert_eq!(found(None, Some("given"), kept()), pair("https://a", "given"));
        assert_eq!(found(Some("https://a/"), None, kept()), pair("https://a", "kept"));
        assert_eq!(found(None, None, kept()), pair("https://a", "kept"));
    }

    #[test]
    fn a_kept_token_goes_to_no_other_server() {
        for kept in [kept(), None] {
            let error = combine(address("https://b"), None, kept).err().unwrap();
            assert!(error.starts_with("There is no token for https://b"), "{error}");
        }
        assert!(combine(None, Some("given".to_owned()), None).is_err());
        assert!(combine(None, None, None).is_err());
    }

    #[test]
    fn what_was_said_when_logging_in_holds_for_that_server_alone() {
        let found = combine(address("http://b"), Some("given".to_owned()), kept()).unwrap();
        assert_eq!(found.transport, Transport::Secure);
    }

    #[test]
    fn a_token_goes_nowhere_readable_unless_somebody_says_so() {
        let address = address("http://smokex.example.com").unwrap();
        assert!(Transport::Secure.permit(&address).unwrap_err().contains("--insecure"));
        assert_eq!(Transport::Any.permit(&address), Ok(()));
    }

    #[test]
    fn credentials_survive_their_file_and_older_ones_are_read() {
        let text = serde_json::to_string(&kept()).unwrap();
        let read: Credentials = serde_json::from_str(&text).unwrap();
        assert_eq!((read.token.expose_secret(), read.transport), ("kept", Transport::Any));
        let read: Credentials = serde_json::from_str(r#"{"server": "https://a", "token": "t"}"#).unwrap();
        assert_eq!(read.transport, Transport::Secure);
    }
}
