//! Where the key comes from that seals secrets in the database.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Environment, Invalid};
use crate::{
    key::{Key, KeyFileError},
    var_dir::VarDir,
};

/// The key itself, or the folder in which one is kept.
#[derive(Clone)]
pub enum KeyConfig {
    /// From `SMOKEX_KEY`.
    Given(Key),
    /// The file `key` in `VAR_DIR`, made when it is first needed.
    File(VarDir),
}

impl KeyConfig {
    /// The variable read here.
    pub const VARIABLE: &str = "SMOKEX_KEY";
    /// The variable that holds former keys.
    pub const FORMER: &str = "SMOKEX_OLD_KEYS";

    /// From `SMOKEX_KEY`, else `VAR_DIR`. No file is touched yet.
    ///
    /// # Errors
    /// If the variable is not the base64 of 32 bytes.
    pub fn from_env() -> Result<Self, Invalid> {
        Self::read(&Environment::process())
    }

    /// As [`Self::from_env`], from other variables.
    ///
    /// # Errors
    /// If the variable is not the base64 of 32 bytes.
    pub fn read(environment: &Environment) -> Result<Self, Invalid> {
        let Some(text) = environment.text(Self::VARIABLE)? else {
            return Ok(Self::File(VarDir::read(environment)?));
        };
        decode(&text)
            .map(Self::Given)
            .map_err(|problem| Invalid::new(Self::VARIABLE, problem, "Write what `openssl rand -base64 32` prints"))
    }

    /// The keys of `SMOKEX_OLD_KEYS`, with commas between: they seal nothing, and still open what they sealed.
    ///
    /// # Errors
    /// If one of them is not the base64 of 32 bytes.
    pub fn former_from_env() -> Result<Vec<Key>, Invalid> {
        Self::read_former(&Environment::process())
    }

    /// As [`Self::former_from_env`], from other variables.
    ///
    /// # Errors
    /// If one of them is not the base64 of 32 bytes.
    pub fn read_former(environment: &Environment) -> Result<Vec<Key>, Invalid> {
        let texts = environment.words(Self::FORMER)?;
        let read = |(number, text): (usize, &String)| {
            decode(text).map_err(|problem| {
                let problem = format!("has a key, number {number}, that {problem}");
                Invalid::new(Self::FORMER, problem, "Write former values of SMOKEX_KEY with commas between")
            })
        };
        (1..).zip(&texts).map(read).collect()
    }

    /// The key, if it was given or its file is there already.
    ///
    /// # Errors
    /// If the file cannot be read or does not hold a key.
    pub fn existing(&self) -> Result<Option<Key>, KeyFileError> {
        match self {
            Self::Given(key) => Ok(Some(key.clone())),
            Self::File(var) => Key::load(var),
        }
    }

    /// The key; makes the file if there is none yet.
    ///
    /// # Errors
    /// If the file cannot be read or made, or does not hold a key.
    pub fn load(&self) -> Result<Key, KeyFileError> {
        match self {
            Self::Given(key) => Ok(key.clone()),
            Self::File(var) => Key::load_or_make(var),
        }
    }
}

/// The key that a text holds, or what is wrong with the text, which is not repeated.
fn decode(text: &str) -> Result<Key, String> {
    let bytes = STANDARD.decode(text).map_err(|_| "is not base64".to_owned())?;
    let length = bytes.len();
    bytes.try_into().map(Key::new).map_err(|_| format!("decodes to {length} bytes instead of 32"))
}

impl fmt::Debug for KeyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(key) => f.debug_tuple("Given").field(key).finish(),
            Self::File(var) => f.debug_tuple("File").field(var).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_base64_of_32_bytes() {
        let text = STANDARD.encode([7; 32]);
        let config = KeyConfig::read(&Environment::given([("SMOKEX_KEY", &text)])).unwrap();
        assert_eq!(config.load().unwrap().expose(), &[7; 32]);
        assert_eq!(format!("{config:?}"), "Given(Key(…))");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        for (text, problem) in [("correct horse", "is not base64"), ("aaaa", "decodes to 3 bytes instead of 32")] {
            let error = KeyConfig::read(&Environment::given([("SMOKEX_KEY", text)])).unwrap_err().to_string();
            assert_eq!(error, format!("SMOKEX_KEY {problem}. Write what `openssl rand -base64 32` prints."));
            assert!(!error.contains(text));
        }
    }

    #[test]
    fn former_keys_stand_with_commas_between() {
        let read = |text: &str| KeyConfig::read_former(&Environment::given([("SMOKEX_OLD_KEYS", text)]));
        assert!(read("").unwrap().is_empty());
        let keys = read(&format!("{}, {},", STANDARD.encode([1; 32]), STANDARD.encode([2; 32]))).unwrap();
        assert_eq!(keys.iter().map(|key| key.expose()[0]).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(
            read(&format!("{},aaaa", STANDARD.encode([1; 32]))).unwrap_err().to_string(),
            "SMOKEX_OLD_KEYS has a key, number 2, that decodes to 3 bytes instead of 32. Write former values of \
             SMOKEX_KEY with commas between."
        );
    }
}
