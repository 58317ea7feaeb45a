//! Numbers in settings: plain, seconds or bytes, within a range; or a word that stands for no
//! number, such as `none`.

use std::time::Duration;

pub(super) const KIB: f64 = 1024.0;
pub(super) const MIB: f64 = 1024.0 * KIB;
pub(super) const GIB: f64 = 1024.0 * MIB;
pub(super) const TIB: f64 = 1024.0 * GIB;

const UNITS: [(&str, f64); 4] = [("TiB", TIB), ("GiB", GIB), ("MiB", MIB), ("KiB", KIB)];

/// What a number counts.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Whole,
    Fraction,
    Seconds,
    Bytes,
    BytesPerSecond,
}

/// What a number may be.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) unit: Unit,
    pub(super) least: f64,
    /// Far below 2^53, so that an `f64` holds every whole number up to it exactly.
    pub(super) most: f64,
    /// The word for no number, where that is allowed.
    pub(super) word: Option<&'static str>,
}

impl Range {
    pub(super) fn contains(&self, value: Option<f64>) -> bool {
        value.map_or(self.word.is_some(), |value| (self.least..=self.most).contains(&value))
    }

    /// The value of `text`, if it is one and allowed.
    pub(super) fn read(&self, text: &str) -> Option<Option<f64>> {
        let value = match self.unit {
            _ if self.word == Some(text) => None,
            Unit::Whole => Some(digits(text)?),
            Unit::Fraction | Unit::Seconds => Some(text.parse().ok()?),
            Unit::Bytes | Unit::BytesPerSecond => Some(bytes(text)?),
        };
        self.contains(value).then_some(value)
    }

    pub(super) fn show(&self, value: Option<f64>) -> String {
        match (value, self.unit) {
            (None, _) => self.word.unwrap_or("none").to_owned(),
            (Some(bytes), Unit::Bytes) => show_bytes(bytes),
            (Some(value), _) => value.to_string(),
        }
    }

    pub(super) fn allowed(&self) -> String {
        let (least, most) = (self.least, self.most);
        let range = match self.unit {
            Unit::Whole => format!("a whole number from {least} to {most}"),
            Unit::Fraction => format!("a number from {least} to {most}"),
            Unit::Seconds => format!("a number of seconds from {least} to {most}"),
            Unit::Bytes | Unit::BytesPerSecond => format!(
                "a size from {} to {}, in bytes or with KiB, MiB, GiB or TiB",
                show_bytes(least),
                show_bytes(most)
            ),
        };
        self.word.map_or(range.clone(), |word| format!("{range}, or {word}"))
    }
}

/// Rust's own parser accepts signs, fractions and exponents too.
fn digits(text: &str) -> Option<f64> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn bytes(text: &str) -> Option<f64> {
    let text = text.to_ascii_lowercase();
    let in_unit = |(name, size): (&str, f64)| {
        Some((text.strip_suffix(&name.to_ascii_lowercase())?.trim_end(), size))
    };
    let (number, size) = UNITS.into_iter().find_map(in_unit).unwrap_or((&text, 1.0));
    Some(digits(number)? * size)
}

fn show_bytes(bytes: f64) -> String {
    let unit = UNITS.into_iter().find(|(_, size)| bytes > 0.0 && bytes % size == 0.0);
    unit.map_or(bytes.to_string(), |(name, size)| format!("{}{name}", bytes / size))
}

/// A field that holds a number. `set` is given only what a [`Range`] contains.
pub(super) trait Number {
    fn get(&self) -> Option<f64>;
    fn set(&mut self, value: Option<f64>);
}

macro_rules! number {
    ($($type:ty: |$n:ident| $get:expr, |$v:ident| $set:expr;)*) => {$(
        impl Number for $type {
            fn get(&self) -> Option<f64> {
                let $n = *self;
                $get
            }

            fn set(&mut self, $v: Option<f64>) {
                *self = $set;
            }
        }
    )*};
}

number! {
    u16: |n| Some(f64::from(n)), |v| v.unwrap_or_default() as u16;
    u32: |n| Some(f64::from(n)), |v| v.unwrap_or_default() as u32;
    f64: |n| Some(n), |v| v.unwrap_or_default();
    // The largest one stands for no limit.
    usize: |n| (n != usize::MAX).then_some(n as f64), |v| v.map_or(usize::MAX, |v| v as usize);
    Option<usize>: |n| n.map(|n| n as f64), |v| v.map(|v| v as usize);
    Option<f64>: |n| n, |v| v;
    Duration: |n| Some(n.as_secs_f64()), |v| Duration::from_secs_f64(v.unwrap_or_default());
}
