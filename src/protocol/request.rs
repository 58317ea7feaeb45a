//! What a client may ask for.

use super::{EventBody, Password};
use crate::model::{Pose, RoomName, UserName};

/// A request, complete and checked as far as possible without knowing the lobby.
#[derive(Debug, PartialEq)]
pub enum Request {
    /// Log in as a user.
    Login {
        /// The name asked for.
        user: UserName,
        /// A digest of the password.
        password: Password,
    },
    /// Check that the server answers, or compare clocks.
    Ping {
        /// When it was sent, in seconds of the client's clock, if clocks are to be compared.
        time: Option<f64>,
    },
    /// List the rooms.
    Rooms,
    /// List the commands.
    Help,
    /// Join a room.
    Join(RoomName),
    /// Leave a room.
    Leave(RoomName),
    /// List the members of a room.
    List(RoomName),
    /// Send an event to a room.
    Say {
        /// The room.
        room: RoomName,
        /// The event.
        event: EventBody,
    },
    /// Update the user's pose in a room.
    Transform {
        /// The room.
        room: RoomName,
        /// The pose.
        pose: Pose,
        /// When it was sampled, in seconds of the client's clock, if the client says so.
        time: Option<f64>,
    },
}
