//! Positions in a recording, as they are typed.

/// The most hours that a time may have.
const MAX_HOURS: u32 = 10_000;

/// Microseconds of a time as `754.2`, `12:34.2` or `00:12:34.2`.
pub(super) fn position(text: &str) -> Result<i64, String> {
    let wrong = || "it has to be seconds, as 754.2, or HH:MM:SS, as 00:12:34.2".to_owned();
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(decimals) || decimals.len() > 6 || text.ends_with('.') {
        return Err(wrong());
    }
    let parts: Vec<&str> = whole.split(':').collect();
    if parts.len() > 3 {
        return Err(wrong());
    }
    let mut seconds = 0;
    for (place, part) in parts.iter().enumerate() {
        let value: u32 = part.parse().ok().filter(|_| digits(part)).ok_or_else(wrong)?;
        if place > 0 && value >= 60 {
            return Err(wrong());
        }
        seconds = seconds * 60 + u64::from(value);
    }
    if seconds > u64::from(MAX_HOURS) * 3600 {
        return Err(format!("it has to be at most {MAX_HOURS} hours"));
    }
    let micros: u64 = format!("{decimals:0<6}").parse().map_err(|_| wrong())?;
    i64::try_from(seconds * 1_000_000 + micros).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_hours_minutes_and_seconds() {
        for (text, expected) in [
            ("0", 0),
            ("754.2", 754_200_000),
            ("00:12:34.2", 754_200_000),
            ("12:34.200000", 754_200_000),
            ("0.000001", 1),
            ("90", 90_000_000),
            ("26:00:00", 93_600_000_000),
        ] {
            assert_eq!(position(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            ":",
            "-1",
            "+1",
            "1.",
            ".5",
            "1:60",
            "1:2:3:4",
            "1e3",
            "NaN",
            "1.1234567",
            "1:-2",
            "99999999999",
            "4000000000:00:00",
            "1.5:00",
        ] {
            assert!(position(text).is_err(), "{text}");
        }
    }
}
