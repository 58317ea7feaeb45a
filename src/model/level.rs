//! How much is logged.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much is logged, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// 0: what went wrong.
    Error,
    /// 1: what may go wrong.
    Warn,
    /// 2: what the operator would want to know.
    Info,
    /// 3: each join, leave and refusal. The default.
    Debug,
    /// 4: each request.
    Trace,
}

impl LogLevel {
    /// All levels, from least to most.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// The level's name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
