//! From the text of a message to a typed [`Request`], or to a [`Refusal`] for its sender.

mod login;
mod wrong;

use std::borrow::Cow;

use serde_json::value::RawValue;

use self::login::login;
use self::wrong::{bad_request, text_of};
use super::json::{Object, nests_deeper_than};
use super::number::client_time;
use super::pose::read_pose;
use super::scan::{UsualTransform, usual_transform};
use super::{Code, EventBody, MAX_DEPTH, MAX_TYPE_CHARS, Refusal, Request};
use crate::model::RoomName;

/// The last room name that a connection sent, so that a stream of poses has it checked only once.
#[derive(Debug, Default)]
pub struct RoomCache(Option<RoomName>);

/// Decodes one message.
///
/// # Errors
/// The answer that the sender gets. It never panics, whatever the message.
pub fn decode(message: &str, cache: &mut RoomCache) -> Result<Request, Refusal> {
    match usual_transform(message) {
        Some(UsualTransform { room, pose, time }) => {
            Ok(Request::Transform { room: cache.get(room)?, pose, time })
        }
        None => decode_fully(message, cache),
    }
}

/// Decodes any message; [`decode`] takes a shortcut for most transforms.
pub(super) fn decode_fully(json: &str, cache: &mut RoomCache) -> Result<Request, Refusal> {
    if nests_deeper_than(json, MAX_DEPTH) {
        return Err(Refusal::new(
            Code::InvalidStructure,
            format!("the message is nested deeper than {MAX_DEPTH}"),
        )
        .also_before_login());
    }
    let object = Object::parse(json).map_err(|error| {
        let reason = match error.classify() {
            serde_json::error::Category::Data => "the message has to be a JSON object".to_owned(),
            _ => format!("the message is not JSON: {error}"),
        };
        Refusal::new(Code::InvalidStructure, reason).also_before_login()
    })?;
    let mut message = Message::default();
    for (key, value) in &object.entries {
        match key.as_deref() {
            Some("system") => message.system = Some(value),
            Some("room") => message.room = Some(value),
            Some("type") => message.kind = Some(value),
            Some("data") => message.data = Some(value),
            Some("options") => message.options = Some(value),
            _ => {}
        }
    }
    if let Some(system) = message.system {
        let command = text_of("system", system)?;
        return match &*command {
            "login" => login(message.options).map_err(Refusal::also_before_login),
            "ping" => Ok(Request::Ping { time: message.options.and_then(time_of) }),
            "rooms" => Ok(Request::Rooms),
            "help" => Ok(Request::Help),
            other => Err(Refusal::new(
                Code::NotRecognized,
                format!(
                    "there is no system command {:?}; try login, ping, rooms or help",
                    shown(other)
                ),
            )),
        };
    }
    message.to_room(cache)
}

/// The values of the keys that the contract defines.
#[derive(Default)]
struct Message<'a> {
    system: Option<&'a RawValue>,
    room: Option<&'a RawValue>,
    kind: Option<&'a RawValue>,
    data: Option<&'a RawValue>,
    options: Option<&'a RawValue>,
}

impl Message<'_> {
    /// A message without `system`: a request to a room.
    fn to_room(&self, cache: &mut RoomCache) -> Result<Request, Refusal> {
        let Some(room) = self.room else {
            return Err(bad_request("the message needs a key \"system\" or \"room\""));
        };
        let room = cache.get(&text_of("room", room)?)?;
        let kind = match self.kind {
            Some(kind) => text_of("type", kind)?,
            None => Cow::Borrowed("msg"),
        };
        let Some(data) = self.data else {
            return Err(bad_request(
                "the message needs a key \"data\"; \"\" if there is nothing to say",
            ));
        };
        match &*kind {
            "join" => Ok(Request::Join(room)),
            "leave" => Ok(Request::Leave(room)),
            "list" => Ok(Request::List(room)),
            "transform" => match read_pose(data) {
                Ok((pose, time)) => Ok(Request::Transform { room, pose, time }),
                Err(reason) => Err(Refusal::new(Code::InvalidStructure, reason)),
            },
            kind => {
                let chars = kind.chars().count();
                if !(1..=MAX_TYPE_CHARS).contains(&chars) {
                    return Err(bad_request(format!(
                        "\"type\" has 1 to {MAX_TYPE_CHARS} characters, this one has {chars}"
                    )));
                }
                Ok(Request::Say { room, event: EventBody::new(kind, data.get()) })
            }
        }
    }
}

impl RoomCache {
    fn get(&mut self, text: &str) -> Result<RoomName, Refusal> {
        match &self.0 {
            Some(name) if name.as_str() == text => Ok(name.clone()),
            _ => {
                let name = RoomName::new(text)
                    .map_err(|error| bad_request(format!("\"room\": {error}")))?;
                Ok(self.0.insert(name).clone())
            }
        }
    }
}

/// The time in the options of a ping. Whatever is no time asks for no comparison of clocks, and is no
/// mistake: any ping is answered.
fn time_of(options: &RawValue) -> Option<f64> {
    let object = Object::parse(options.get()).ok()?;
    let (_, time) = object.entries.iter().rfind(|(key, _)| key.as_deref() == Some("time"))?;
    client_time(time.get())
}

/// The beginning of a text, for an error message.
fn shown(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests;
