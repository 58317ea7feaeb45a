//! The codes of answers, and the message that goes with each.

/// The codes of answers (wire contract, "Answers").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Code {
    Ok,
    AccessGranted,
    Listing,
    Help,
    Pong,
    BadRequest,
    Unauthorized,
    AccessDenied,
    InvalidStructure,
    Conflict,
    LimitReached,
    TooManyRequests,
    InternalError,
    NotRecognized,
}

impl Code {
    /// The number on the wire.
    pub const fn number(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::AccessGranted => 202,
            Self::Listing => 212,
            Self::Help => 214,
            Self::Pong => 220,
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::AccessDenied => 403,
            Self::InvalidStructure => 406,
            Self::Conflict => 409,
            Self::LimitReached => 413,
            Self::TooManyRequests => 429,
            Self::InternalError => 500,
            Self::NotRecognized => 501,
        }
    }

    /// The `msg` of the answer.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Ok => "Ok.",
            Self::AccessGranted => "Access granted.",
            Self::Listing => "Listing information.",
            Self::Help => "Help message.",
            Self::Pong => "Pong.",
            Self::BadRequest => "Bad request.",
            Self::Unauthorized => "User unauthorized.",
            Self::AccessDenied => "Access denied.",
            Self::InvalidStructure => "Data object has invalid structure.",
            Self::Conflict => "Request conflicts current status.",
            Self::LimitReached => "Limit reached.",
            Self::TooManyRequests => "Too many requests.",
            Self::InternalError => "Internal server error.",
            Self::NotRecognized => "Command not recognized.",
        }
    }

    /// Whether the answer is an `"info":"error"`.
    pub const fn is_error(self) -> bool {
        self.number() >= 400
    }
}
