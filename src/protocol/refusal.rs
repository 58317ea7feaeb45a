//! Why a request is refused.

use std::borrow::Cow;

use super::Code;

/// Why a request can't be carried out, whoever sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The code of the answer.
    pub code: Code,
    /// A sentence for the developer of the client.
    pub reason: Cow<'static, str>,
    /// Whether a client that hasn't logged in gets this answer too. It gets 403 otherwise.
    pub before_login: bool,
}

impl Refusal {
    pub(crate) fn new(code: Code, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into(), before_login: false }
    }

    /// An invariant is broken; `reason` is for the developers of the server.
    pub(crate) fn internal(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InternalError, reason)
    }

    pub(crate) fn also_before_login(mut self) -> Self {
        self.before_login = true;
        self
    }
}
