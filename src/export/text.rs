//! Numbers, times and JSON as text.

use std::io::Write;

use serde_json::value::RawValue;

/// Appends a whole number.
pub(super) fn push_int(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends the shortest decimal that reads back as `value`; a whole number has no `.0`.
pub(super) fn push_number(out: &mut Vec<u8>, value: f64) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format(value);
    out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
}

/// Appends microseconds as seconds with six decimals.
pub(super) fn push_seconds(out: &mut Vec<u8>, micros: i64) {
    let magnitude = micros.unsigned_abs();
    if micros < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(itoa::Buffer::new().format(magnitude / 1_000_000).as_bytes());
    out.push(b'.');
    // Seven digits, of which the first is dropped.
    let fraction = 1_000_000 + magnitude % 1_000_000;
    out.extend_from_slice(&itoa::Buffer::new().format(fraction).as_bytes()[1..]);
}

/// Appends `text` as a JSON string.
pub(super) fn push_json_string(out: &mut Vec<u8>, text: &str) {
    // Writing to a Vec can't fail, nor can a string.
    let _ = serde_json::to_writer(out, text);
}

/// Appends `json` on one line if it is JSON, as it is; as a string otherwise.
pub(super) fn push_json(out: &mut Vec<u8>, json: &str) {
    if serde_json::from_str::<&RawValue>(json).is_err() {
        return push_json_string(out, json);
    }
    // Outside strings line breaks are white space, and inside they are escaped.
    let bytes = json.trim().bytes();
    out.extend(bytes.map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
}

/// A time as `00:12:31.042`.
pub(super) fn clock_time(micros: i64) -> String {
    let millis = micros / 1000;
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
}

/// Writes `buffer` to `file` and clears it, if it is large enough to be worth a system call.
pub(super) fn drain(buffer: &mut Vec<u8>, file: &mut impl Write) -> std::io::Result<()> {
    const ENOUGH: usize = 64 * 1024;
    if buffer.len() >= ENOUGH {
        file.write_all(buffer)?;
        buffer.clear();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_short_and_exact() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.7, "1.7"),
            (-90.0, "-90"),
            (0.1 + 0.2, "0.30000000000000004"),
            (f64::from(1.7f32), "1.7000000476837158"),
        ] {
            assert_eq!(text(|out| push_number(out, value)), expected);
        }
        for value in [1e-7, 5e-324, 1e9, 1.2345e-300, f64::MAX] {
            assert_eq!(text(|out| push_number(out, value)).parse(), Ok(value));
        }
    }

    #[test]
    fn times_have_six_decimals() {
        for (micros, expected) in [
            (0, "0.000000"),
            (1, "0.000001"),
            (-1_500_000, "-1.500000"),
            (3_600_000_042, "3600.000042"),
        ] {
            assert_eq!(text(|out| push_seconds(out, micros)), expected);
        }
        assert_eq!(clock_time(751_042_999), "00:12:31.042");
    }

    #[test]
    fn json_stays_on_its_line() {
        assert_eq!(text(|out| push_json(out, " {\"a\":\r\n\"\\n\"} ")), "{\"a\":  \"\\n\"}");
        assert_eq!(text(|out| push_json(out, "no \"json\"\n")), r#""no \"json\"\n""#);
        assert_eq!(text(|out| push_json(out, "{} {}")), r#""{} {}""#);
        assert_eq!(text(|out| push_json(out, "")), r#""""#);
    }
}
