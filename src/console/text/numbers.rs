//! Numbers and times, as short as they can be read at a glance.

use std::time::Duration;

/// A measured rate, rounded to what is worth reading: `29.8`, `120`, `0`.
pub(crate) fn rate(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if value < 99.95 {
        format!("{value:.1}")
    } else if value < 99_999.5 {
        format!("{value:.0}")
    } else {
        format!("{:.0}k", value / 1e3)
    }
}

/// A rate that was set, in full: `30`, `12.5`.
pub(crate) fn fps(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number of bytes in at most five characters: `812B`, `4.2k`, `38.1M`.
pub(crate) fn bytes(value: f64) -> String {
    let mut value = value;
    if value < 999.5 {
        return format!("{value:.0}B");
    }
    for unit in ["k", "M", "G", "T"] {
        value /= 1e3;
        if value < 99.95 {
            return format!("{value:.1}{unit}");
        }
        if value < 999.5 {
            return format!("{value:.0}{unit}");
        }
    }
    format!("{value:.0}T")
}

/// Bytes per second with their unit: `42.3 kB/s`.
pub(crate) fn byte_rate(value: f64) -> String {
    let short = bytes(value);
    let digits = short.trim_end_matches(|ch: char| ch.is_ascii_alphabetic());
    let unit = short[digits.len()..].trim_end_matches('B');
    format!("{digits} {unit}B/s")
}

/// Milliseconds without their unit: `0.41`, `12`, `184`.
pub(crate) fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis < 9.995 { format!("{millis:.2}") } else { format!("{millis:.0}") }
}

/// Milliseconds without their unit, in at most four characters: `0.4`, `12`, `184`.
pub(crate) fn short_millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis < 9.95 { format!("{millis:.1}") } else { format!("{millis:.0}") }
}

/// How far a clock is off, with its sign and unit, in at most seven characters where it is less
/// than a day: `+0.3ms`, `-184ms`, `+12.5s`, `-3600s`.
pub(crate) fn offset(seconds: f64) -> String {
    let millis = seconds * 1e3;
    match millis.abs() {
        size if size < 99.95 => format!("{millis:+.1}ms"),
        size if size < 999.5 => format!("{millis:+.0}ms"),
        size if size < 99_950.0 => format!("{seconds:+.1}s"),
        size if size < 1e9 => format!("{seconds:+.0}s"),
        // Such a clock does not count from 1970.
        _ => format!("{seconds:+.0e}s"),
    }
}

/// A time span at a glance: `42s`, `14m03s`, `2h07m`, `3d04h`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// A running clock: `02:14:07`.
pub(crate) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([rate(0.0), rate(29.97), rate(2381.4)], ["0", "30.0", "2381"]);
        assert_eq!([fps(30.0), fps(12.5), fps(0.1)], ["30", "12.5", "0.1"]);
        assert_eq!(
            [bytes(812.0), bytes(4200.0), bytes(38.1e6), bytes(238e6)],
            ["812B", "4.2k", "38.1M", "238M"]
        );
        assert_eq!([byte_rate(0.0), byte_rate(42_300.0)], ["0 B/s", "42.3 kB/s"]);
        let offsets = [0.000_31, -0.184, 12.46, -3600.2, 1.7e9, 0.0];
        assert_eq!(
            offsets.map(offset),
            ["+0.3ms", "-184ms", "+12.5s", "-3600s", "+2e9s", "+0.0ms"]
        );
        assert_eq!(span(Duration::from_secs(7627)), "2h07m");
        assert_eq!(clock(Duration::from_secs(8047)), "02:14:07");
    }
}
