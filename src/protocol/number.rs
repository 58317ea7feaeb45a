//! JSON numbers as 64-bit floats, in and out without a change of value.

use crate::model::ClockProbe;

/// Powers of ten that a 64-bit float holds exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// The largest integer up to which a 64-bit float holds all integers exactly.
const MAX_EXACT: u64 = 1 << 53;

/// Reads the plain decimal, without an exponent, that `text` starts with; returns its value and
/// its length. `None` if there is none, or if it isn't JSON (`01`, `1.`).
///
/// A short decimal is an integer divided by a power of ten. Where a float holds both exactly, the
/// one division rounds correctly (Clinger 1990); the standard library reads the others.
#[inline]
pub(super) fn plain_decimal(text: &str) -> Option<(f64, usize)> {
    let bytes = text.as_bytes();
    let negative = bytes.first() == Some(&b'-');
    let start = usize::from(negative);
    // Wraps around only with more digits than are accepted below.
    let mut digits = 0u64;
    let mut read_digits = |from: usize| {
        let mut at = from;
        while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
            digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            at += 1;
        }
        at
    };
    let point = read_digits(start);
    if point == start || (bytes[start] == b'0' && point > start + 1) {
        return None;
    }
    let (end, decimals) = match bytes.get(point) {
        Some(b'.') => match read_digits(point + 1) {
            end if end == point + 1 => return None,
            end => (end, end - point - 1),
        },
        _ => (point, 0),
    };
    let count = end - start - usize::from(decimals > 0);
    // 19 digits always fit a `u64`.
    let value = if count <= 19 && digits <= MAX_EXACT && decimals < POWERS_OF_TEN.len() {
        let magnitude = digits as f64 / POWERS_OF_TEN[decimals];
        if negative { -magnitude } else { magnitude }
    } else {
        text[..end].parse().ok()?
    };
    Some((value, end))
}

/// The client's time that a JSON value stands for; `None` if it is no number, or one that lies too far
/// out to be a time.
pub(super) fn client_time(json: &str) -> Option<f64> {
    if !json.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    json.parse().ok().filter(|value| is_client_time(*value))
}

/// Whether a number is finite, and near enough to zero to be the time of a client's clock.
pub(super) fn is_client_time(value: f64) -> bool {
    value.abs() <= ClockProbe::MAX_CLIENT_TIME
}

/// The most bytes that a number takes.
pub(super) const MAX_NUMBER: usize = 24;

/// Writes the shortest JSON number that reads back as `value`, which has to be finite; returns its
/// length. An integral one has no `.0`.
#[inline]
pub(super) fn write_number(out: &mut [u8; MAX_NUMBER], value: f64) -> usize {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value).as_bytes();
    let text = text.strip_suffix(b".0").unwrap_or(text);
    out[..text.len()].copy_from_slice(text);
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: f64) -> String {
        let mut out = [0; MAX_NUMBER];
        let len = write_number(&mut out, value);
        String::from_utf8(out[..len].to_vec()).unwrap()
    }

    #[test]
    fn integers_have_no_decimals() {
        for text in ["0", "-0", "1", "-17", "90", "123456789", "1000000000", "0.5", "-1.25"] {
            assert_eq!(written(text.parse().unwrap()), text);
        }
    }

    #[test]
    fn only_plain_decimals_are_read() {
        for (text, expected) in [
            ("1.5,", Some((1.5, 3))),
            ("-2}", Some((-2.0, 2))),
            ("0", Some((0.0, 1))),
            ("1e3", Some((1.0, 1))),
            ("", None),
            ("-", None),
            ("01", None),
            ("-00.5", None),
            ("1.", None),
            (".5", None),
            ("+1", None),
            ("null", None),
        ] {
            assert_eq!(plain_decimal(text), expected, "{text}");
        }
    }

    #[test]
    fn the_edges_of_the_shortcut_are_exact() {
        for text in [
            "9007199254740992",
            "9007199254740993",
            "0.9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "1.8446744073709551617",
            "0.0000000000000000000001",
            "0.00000000000000000000001",
            "0.30000000000000004",
            "123456789.12345678901234567890123456789",
            "-0.0",
        ] {
            let (value, len) = plain_decimal(text).unwrap();
            assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
            assert_eq!(len, text.len());
        }
    }

    #[test]
    fn client_times_are_finite_numbers_within_bounds() {
        for (json, time) in [
            ("0", Some(0.0)),
            ("-1.5", Some(-1.5)),
            ("1763000000.000042", Some(1_763_000_000.000_042)),
            ("1e15", Some(1e15)),
            ("-1E+15", Some(-1e15)),
            ("1000000000000000.2", None),
            ("1e999", None),
            ("null", None),
            ("\"1\"", None),
            ("true", None),
            ("[1]", None),
            ("{}", None),
        ] {
            assert_eq!(client_time(json), time, "{json}");
        }
    }

    fn finite() -> impl Strategy<Value = f64> {
        use proptest::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
        POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO
    }

    proptest! {
        #[test]
        fn reading_equals_the_standard_library(text in "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,25})?") {
            let (value, len) = plain_decimal(&text).unwrap();
            prop_assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits());
            prop_assert_eq!(len, text.len());
        }

        #[test]
        fn what_is_written_reads_back_the_same(value in finite()) {
            let text = written(value);
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits());
            prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok());
            // Rust's own shortest text has as many digits, though not always the same form.
            let digits = |text: &str| {
                let mantissa = text.split('e').next().unwrap_or_default().replace(['-', '.'], "");
                mantissa.trim_matches('0').len()
            };
            prop_assert_eq!(digits(&text), digits(&format!("{value:e}")));
        }

        #[test]
        fn short_decimals_come_out_as_they_came_in(whole in -99_999i32..100_000, decimals in 1u32..1000) {
            let text = format!("{whole}.{decimals:03}");
            let text = text.trim_end_matches('0');
            prop_assert_eq!(written(text.parse().unwrap()), text);
        }
    }
}
