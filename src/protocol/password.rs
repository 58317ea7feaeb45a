//! Passwords, of which only digests are kept.

use std::fmt;

use sha2::{Digest, Sha256};

/// A password, kept as a SHA-256 digest of its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Option<[u8; 32]>);

impl Password {
    /// The digest of `text`.
    pub fn new(text: &str) -> Self {
        Self((!text.is_empty()).then(|| Sha256::digest(text.as_bytes()).into()))
    }

    /// Whether both are digests of the same non-empty text: then it is the same person coming back.
    pub fn is_same_person(&self, other: &Self) -> bool {
        self.0.is_some() && self == other
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}
