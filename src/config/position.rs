//! Positions in a recording, as they are typed.

/// Reads seconds, `MM:SS` or `HH:MM:SS`, each with decimals, as microseconds.
pub(super) fn position(text: &str) -> Result<i64, String> {
    const MOST: f64 = 1e9;
    let wrong = || {
        format!(
            "{text:?} is not a time: give seconds since the start, or HH:MM:SS, as 754.5 or 0:12:34.5"
        )
    };
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 3 {
        return Err(wrong());
    }
    let mut seconds = 0.0;
    for (at, part) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        let is_number = part.starts_with(|c: char| c.is_ascii_digit())
            && part.chars().all(|c| c.is_ascii_digit() || (is_last && c == '.'));
        let value: f64 = part.parse().ok().filter(|_| is_number).ok_or_else(wrong)?;
        if at > 0 && value >= 60.0 {
            return Err(wrong());
        }
        seconds = seconds * 60.0 + value;
    }
    if seconds > MOST {
        return Err(wrong());
    }
    Ok((seconds * 1e6).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_clock_times_are_read() {
        for (text, micros) in [
            ("0", 0),
            ("754.5", 754_500_000),
            ("12:34.5", 754_500_000),
            ("0:12:34.5", 754_500_000),
            ("01:00:00", 3_600_000_000),
            ("90", 90_000_000),
            ("0.000001", 1),
        ] {
            assert_eq!(position(text), Ok(micros), "{text}");
        }
        for text in ["", "-1", "1:60", "1:-1", "1:2:3:4", "1e3", "inf", "NaN", "1.5:00", ":1", "+1"]
        {
            let error = position(text).unwrap_err();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }
}
