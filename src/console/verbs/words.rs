//! Words on the command line, and how they are quoted.

/// A word as it has to be typed: in quotes if it has spaces.
pub(crate) fn quoted(name: &str) -> String {
    if name.contains([' ', '"']) {
        format!("\"{}\"", name.replace('"', "\\\""))
    } else {
        name.to_owned()
    }
}

/// Splits off the first word.
pub(crate) fn split(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let Some(inner) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut word = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, ch)) = chars.next() {
        match ch {
            '\\' => word.extend(chars.next().map(|(_, next)| next)),
            '"' => return Some((word, &inner[at + 1..])),
            _ => word.push(ch),
        }
    }
    Some((word, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_word_may_hold_spaces_and_quotes() {
        assert_eq!(split(r#" "a \"b\" c" d"#), Some(("a \"b\" c".to_owned(), " d")));
        assert_eq!(split(&quoted("a \"b\" c")), Some(("a \"b\" c".to_owned(), "")));
    }
}
