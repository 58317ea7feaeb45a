//! What can be wrong with the settings, in words that say what to change.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A flag of the command line, without its dashes.
    Flag(&'static str),
    /// An environment variable.
    Environment(String),
    /// A TOML file.
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "the flag --{name}"),
            Self::Environment(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {path:?}"),
        }
    }
}

/// A setting with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The setting's name, as its flag without dashes.
    pub setting: &'static str,
    /// Its value.
    pub value: String,
    /// Where it came from; none for a default or if a program set it.
    pub source: Option<Source>,
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}{}", self.setting, self.value, from(&self.source))
    }
}

/// Settings that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A value that a setting can't have.
    #[error("wrong value {value:?} for {setting}{}: allowed is {allowed}", from(.source_of_value))]
    Value {
        /// The setting's name, as its flag without dashes.
        setting: &'static str,
        /// The value that was given.
        value: String,
        /// Where it came from; none if a program set it.
        source_of_value: Option<Source>,
        /// What would be right.
        allowed: String,
    },
    /// Two settings that contradict each other.
    #[error("{} and {}: {rule}", .both[0], .both[1])]
    Conflict {
        /// The two.
        both: Box<[Given; 2]>,
        /// Why they don't go together, and what to do.
        rule: &'static str,
    },
    /// A key of the file that is no setting.
    #[error("the file {path:?} sets {key:?}, which is no setting{}", suggestion(.nearest))]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The setting that was perhaps meant.
        nearest: Option<&'static str>,
    },
    /// A file that can't be read or is not TOML.
    #[error("the settings file {path:?}, named by {named_by}, can't be used: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What named it.
        named_by: Source,
        /// What went wrong.
        reason: String,
    },
    /// An argument or a variable that is not text.
    #[error("{0} holds a value that is not UTF-8 text")]
    NotText(Source),
}

fn from(source: &Option<Source>) -> String {
    source.as_ref().map(|source| format!(" (from {source})")).unwrap_or_default()
}

fn suggestion(nearest: &Option<&'static str>) -> String {
    match nearest {
        Some(name) => format!("; did you mean {name}?"),
        None => "; vrlobby --help lists them all".to_owned(),
    }
}

/// A command line that does not lead to an [`Invocation`](super::Invocation).
#[derive(Debug, Error)]
pub enum ParseError {
    /// Help or the version was asked for, or the flags are wrong.
    #[error("{0}")]
    Usage(#[from] clap::Error),
    /// A setting is wrong.
    #[error("error: {0}")]
    Config(#[from] ConfigError),
}

impl ParseError {
    /// The exit code that says so: 0 for help and version, 2 for wrong usage.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(error) if error.exit_code() == 0 => 0,
            Self::Usage(_) | Self::Config(_) => 2,
        }
    }

    /// Prints help and version to stdout, everything else to stderr.
    ///
    /// # Errors
    /// If the stream can't be written.
    pub fn print(&self) -> io::Result<()> {
        match self {
            Self::Usage(error) => error.print(),
            Self::Config(_) => {
                use io::Write;
                writeln!(io::stderr(), "{self}")
            }
        }
    }
}
