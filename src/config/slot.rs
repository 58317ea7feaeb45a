//! The place of one setting: how its text is read and shown, and what it may be.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::{OnHangup, origin};
use crate::model::LogLevel;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// A setting's place in the options, with its range.
pub(super) enum Slot<'a> {
    Address(&'a mut IpAddr),
    Level(&'a mut LogLevel),
    Hangup(&'a mut OnHangup),
    Path(&'a mut Option<PathBuf>),
    /// A flag without a value; the `bool` is what the place holds while it is not given.
    Switch(&'a mut bool, bool),
    Whole(Whole<'a>, Unit, u64, u64),
    Number(Number<'a>, Unit, f64, f64),
    Origins(&'a mut Option<Vec<String>>),
}

/// A place for a whole number.
pub(super) enum Whole<'a> {
    Port(&'a mut u16),
    Short(&'a mut u32),
    Size(&'a mut usize),
    Optional(&'a mut Option<usize>),
    /// `usize::MAX` stands for none.
    Unbounded(&'a mut usize),
}

/// A place for a number.
pub(super) enum Number<'a> {
    Plain(&'a mut f64),
    Optional(&'a mut Option<f64>),
    Seconds(&'a mut Duration),
}

/// What a number counts.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unit {
    Plain,
    Bytes,
    Seconds,
}

impl Slot<'_> {
    /// Puts the value that `texts` says into place; `Err` if it is not allowed. Only a list takes
    /// any number of texts but one.
    pub(super) fn read(&mut self, texts: &[String]) -> Result<(), ()> {
        if let Self::Origins(place) = self {
            **place = read_origins(texts).ok_or(())?;
            return Ok(());
        }
        let [text] = texts else { return Err(()) };
        self.read_one(text.trim()).ok_or(())
    }

    fn read_one(&mut self, text: &str) -> Option<()> {
        match self {
            Self::Address(place) => **place = text.parse().ok()?,
            Self::Level(place) => **place = read_level(text)?,
            Self::Hangup(place) => {
                **place = match text {
                    "keep" => OnHangup::Keep,
                    "stop" => OnHangup::Stop,
                    _ => return None,
                }
            }
            Self::Path(place) => {
                **place = match text {
                    "" => return None,
                    "none" => None,
                    path => Some(path.into()),
                }
            }
            Self::Switch(place, unset) => **place = read_switch(text)? != *unset,
            Self::Whole(place, unit, least, most) => {
                let value = match text {
                    "none" => None,
                    _ if *unit == Unit::Bytes => Some(read_bytes(text)?),
                    _ => Some(read_digits(text)?),
                };
                let allowed = value.map_or(place.may_be_none(), |v| (*least..=*most).contains(&v));
                return if allowed { place.set(value) } else { None };
            }
            Self::Number(place, unit, least, most) => {
                let value = match text {
                    "none" => None,
                    _ if *unit == Unit::Bytes => Some(read_bytes(text)? as f64),
                    _ => Some(text.parse().ok()?),
                };
                let allowed = value.map_or(place.may_be_none(), |v| (*least..=*most).contains(&v));
                return if allowed { place.set(value) } else { None };
            }
            Self::Origins(_) => return None,
        }
        Some(())
    }

    /// Whether the value in place is allowed.
    pub(super) fn is_allowed(&self) -> bool {
        match self {
            Self::Whole(place, _, least, most) => {
                place.get().map_or(place.may_be_none(), |v| (*least..=*most).contains(&v))
            }
            Self::Number(place, _, least, most) => {
                place.get().map_or(place.may_be_none(), |v| (*least..=*most).contains(&v))
            }
            Self::Origins(Some(list)) => {
                let is_normal = |o: &String| origin::normalize(o).as_ref() == Some(o);
                !list.is_empty() && list.iter().all(is_normal)
            }
            _ => true,
        }
    }

    /// The value in place, as [`Slot::read`] would take it.
    pub(super) fn show(&self) -> String {
        match self {
            Self::Address(place) => place.to_string(),
            Self::Level(place) => place.to_string(),
            Self::Hangup(OnHangup::Keep) => "keep".to_owned(),
            Self::Hangup(OnHangup::Stop) => "stop".to_owned(),
            Self::Path(place) => {
                place.as_ref().map_or("none".to_owned(), |path| path.display().to_string())
            }
            Self::Switch(place, unset) => (**place != *unset).to_string(),
            Self::Whole(place, unit, ..) => match place.get() {
                None => "none".to_owned(),
                Some(bytes) if *unit == Unit::Bytes => show_bytes(bytes),
                Some(value) => value.to_string(),
            },
            Self::Number(place, ..) => place.get().map_or("none".to_owned(), |v| v.to_string()),
            Self::Origins(None) => "any".to_owned(),
            Self::Origins(Some(list)) => list.join(","),
        }
    }

    /// What is allowed, in words that go on after "allowed is".
    pub(super) fn allowed(&self) -> String {
        match self {
            Self::Address(_) => "an IPv4 or IPv6 address; 0.0.0.0 or :: for all interfaces".into(),
            Self::Level(_) => "0 or error, 1 or warn, 2 or info, 3 or debug, 4 or trace".into(),
            Self::Hangup(_) => "keep (go on headless) or stop (drain and exit)".into(),
            Self::Path(_) => "the path of a file, or none".into(),
            Self::Switch(..) => "true or false".into(),
            Self::Whole(place, unit, least, most) => {
                let range = match unit {
                    Unit::Bytes => size_range(*least, *most),
                    _ => format!("a whole number from {least} to {most}"),
                };
                or_none(range, place.may_be_none())
            }
            Self::Number(place, unit, least, most) => {
                let range = match unit {
                    Unit::Bytes => size_range(*least as u64, *most as u64),
                    Unit::Seconds => format!("a number of seconds from {least} to {most}"),
                    Unit::Plain => format!("a number from {least} to {most}"),
                };
                or_none(range, place.may_be_none())
            }
            Self::Origins(_) => "a list of scheme://host[:port] (lower case, no default port, no \
                                 path) or null, or any"
                .into(),
        }
    }
}

impl Whole<'_> {
    fn may_be_none(&self) -> bool {
        matches!(self, Self::Optional(_) | Self::Unbounded(_))
    }

    fn get(&self) -> Option<u64> {
        match self {
            Self::Port(place) => Some(u64::from(**place)),
            Self::Short(place) => Some(u64::from(**place)),
            Self::Size(place) => Some(**place as u64),
            Self::Optional(place) => place.map(|value| value as u64),
            Self::Unbounded(place) => (**place != usize::MAX).then_some(**place as u64),
        }
    }

    fn set(&mut self, value: Option<u64>) -> Option<()> {
        match self {
            Self::Port(place) => **place = value?.try_into().ok()?,
            Self::Short(place) => **place = value?.try_into().ok()?,
            Self::Size(place) => **place = value?.try_into().ok()?,
            Self::Optional(place) => **place = value.map(usize::try_from).transpose().ok()?,
            Self::Unbounded(place) => {
                **place = value.map_or(Ok(usize::MAX), |v| v.try_into()).ok()?
            }
        }
        Some(())
    }
}

impl Number<'_> {
    fn may_be_none(&self) -> bool {
        matches!(self, Self::Optional(_))
    }

    fn get(&self) -> Option<f64> {
        match self {
            Self::Plain(place) => Some(**place),
            Self::Optional(place) => **place,
            Self::Seconds(place) => Some(place.as_secs_f64()),
        }
    }

    fn set(&mut self, value: Option<f64>) -> Option<()> {
        match self {
            Self::Plain(place) => **place = value?,
            Self::Optional(place) => **place = value,
            Self::Seconds(place) => **place = Duration::try_from_secs_f64(value?).ok()?,
        }
        Some(())
    }
}

fn or_none(range: String, none: bool) -> String {
    if none { range + ", or none" } else { range }
}

fn size_range(least: u64, most: u64) -> String {
    format!(
        "a size from {} to {}, in bytes or with KiB or MiB",
        show_bytes(least),
        show_bytes(most)
    )
}

fn show_bytes(bytes: u64) -> String {
    match bytes {
        _ if bytes > 0 && bytes.is_multiple_of(MIB) => format!("{}MiB", bytes / MIB),
        _ if bytes > 0 && bytes.is_multiple_of(KIB) => format!("{}KiB", bytes / KIB),
        _ => bytes.to_string(),
    }
}

fn read_bytes(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (digits, unit) = match (lower.strip_suffix("kib"), lower.strip_suffix("mib")) {
        (Some(digits), _) => (digits.trim_end(), KIB),
        (_, Some(digits)) => (digits.trim_end(), MIB),
        _ => (lower.as_str(), 1),
    };
    read_digits(digits)?.checked_mul(unit)
}

fn read_digits(text: &str) -> Option<u64> {
    // Rust's own parser takes a leading plus as well.
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn read_level(text: &str) -> Option<LogLevel> {
    let by_number = text.parse::<usize>().ok().and_then(|index| LogLevel::ALL.get(index).copied());
    by_number
        .or_else(|| LogLevel::ALL.into_iter().find(|level| level.name().eq_ignore_ascii_case(text)))
}

fn read_switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn read_origins(texts: &[String]) -> Option<Option<Vec<String>>> {
    if let [text] = texts
        && text.trim() == "any"
    {
        return Some(None);
    }
    let mut list = Vec::new();
    for text in texts.iter().flat_map(|text| text.split(',')) {
        let origin = origin::normalize(text)?;
        if !list.contains(&origin) {
            list.push(origin);
        }
    }
    if list.is_empty() { None } else { Some(Some(list)) }
}
