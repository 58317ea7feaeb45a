//! The `Origin` of a browser page, as browsers send it (RFC 6454, section 6).

/// `text` as browsers send it, or `None` if it is not an origin: `null`, or
/// `scheme://host[:port]` in lower case, without the scheme's default port.
pub(super) fn normalize(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    if text == "null" {
        return Some(text);
    }
    let (scheme, rest) = text.split_once("://")?;
    let scheme_is_fine = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let (host, port) = split_port(rest)?;
    if !scheme_is_fine || !is_host(host) {
        return None;
    }
    match port {
        None => Some(format!("{scheme}://{host}")),
        Some(port) if is_default(scheme, port) => Some(format!("{scheme}://{host}")),
        Some(port) => Some(format!("{scheme}://{host}:{port}")),
    }
}

fn split_port(rest: &str) -> Option<(&str, Option<u16>)> {
    let host_end = if rest.starts_with('[') { rest.find(']')? + 1 } else { 0 };
    match rest[host_end..].split_once(':') {
        None => Some((rest, None)),
        Some((before, port)) => {
            let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            let port = port.parse().ok().filter(|port| digits && *port != 0)?;
            Some((&rest[..host_end + before.len()], Some(port)))
        }
    }
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        }
    }
}

fn is_default(scheme: &str, port: u16) -> bool {
    matches!((scheme, port), ("http" | "ws", 80) | ("https" | "wss", 443))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brings_origins_into_the_form_that_browsers_send() {
        for (given, sent) in [
            ("null", "null"),
            ("https://Example.COM", "https://example.com"),
            ("https://example.com:443", "https://example.com"),
            ("http://example.com:443", "http://example.com:443"),
            (" http://10.0.0.2:8080 ", "http://10.0.0.2:8080"),
            ("http://[::1]:80", "http://[::1]"),
            ("http://[fd00::2]:8080", "http://[fd00::2]:8080"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ] {
            assert_eq!(normalize(given).as_deref(), Some(sent), "{given}");
        }
    }

    #[test]
    fn refuses_what_is_no_origin() {
        for given in [
            "",
            "*",
            "example.com",
            "https://",
            "https://example.com/",
            "https://example.com/path",
            "https://user@example.com",
            "https://example.com:0",
            "https://example.com:65536",
            "https://example.com:+80",
            "https://example.com:",
            "https://bücher.example",
            "https://[::1",
            "https://[nonsense]",
            "https://[::1]x:80",
            "https://a b",
            "1http://example.com",
            "://example.com",
            "https://example.com\u{1b}",
        ] {
            assert_eq!(normalize(given), None, "{given}");
        }
    }
}
