//! The wire: what a client may say, what it is told, and how both are written.
//!
//! Everything here follows PROTOCOL.md and does no I/O. [`decode`](decode::decode) turns the text
//! of a frame into a typed [`Request`] or a [`Refusal`]; [`encode`] writes answers and events,
//! WebSocket header included, once for everyone who gets them.

pub mod decode;
pub mod encode;
mod number;
mod pose;
mod scan;
pub mod websocket;

use std::borrow::Cow;

use crate::model::{Pose, RoomName, UserName};

/// The room that always stands, and that everyone joins at login.
pub const LOBBY: &str = "lobby";

/// The user in whose name the operator speaks; nobody can log in with it.
pub const SERVER_USER: &str = "*server*";

/// The deepest nesting of objects and arrays in a message.
pub const MAX_DEPTH: usize = 64;

/// The longest `type` of an event, in Unicode scalar values.
pub const MAX_TYPE_CHARS: usize = 64;

/// The codes of answers (PROTOCOL.md, "Answers").
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

    /// The `msg` that goes with it.
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

    /// Whether it goes out as `"info":"error"`.
    pub const fn is_error(self) -> bool {
        self.number() >= 400
    }
}

/// One request, complete and checked as far as it can be without knowing the lobby.
#[derive(Debug, PartialEq)]
pub enum Request {
    /// Become a user.
    Login {
        /// The name asked for.
        user: UserName,
        /// A digest of the password.
        password: Password,
    },
    /// Ask whether the server is there.
    Ping,
    /// Ask for all rooms.
    Rooms,
    /// Ask for the commands.
    Help,
    /// Enter a room.
    Join(RoomName),
    /// Go out of a room.
    Leave(RoomName),
    /// Ask who is in a room.
    List(RoomName),
    /// Say something to a room.
    Say {
        /// The room.
        room: RoomName,
        /// What is said.
        event: EventBody,
    },
    /// Tell where the head is.
    Transform {
        /// The room.
        room: RoomName,
        /// The pose.
        pose: Pose,
    },
}

/// The part of an event that its sender decides: `"type":T,"data":D`, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct EventBody {
    /// JSON text without braces.
    pub text: Box<str>,
    /// Whether it is kept in history; a `button` is not.
    pub kept: bool,
}

/// A password, kept as a SHA-256 digest of its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Option<[u8; 32]>);

impl Password {
    /// The digest of `text`.
    pub fn new(text: &str) -> Self {
        use sha2::Digest;
        Self((!text.is_empty()).then(|| sha2::Sha256::digest(text.as_bytes()).into()))
    }

    /// Whether both are the same text, and not empty: the same person coming back.
    pub fn is_same_person(&self, other: &Self) -> bool {
        self.0.is_some() && self == other
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

/// A request that can't be carried out, whoever asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The code of the answer.
    pub code: Code,
    /// A sentence for the developer of the client.
    pub reason: Cow<'static, str>,
    /// Whether the same answer is given before login too. What is not, is 403 there.
    pub before_login: bool,
}

impl Refusal {
    pub(crate) fn new(code: Code, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into(), before_login: false }
    }

    pub(crate) fn also_before_login(mut self) -> Self {
        self.before_login = true;
        self
    }
}
