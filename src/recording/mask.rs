//! Takes names out of sentences.

use std::borrow::Cow;

use crate::model::{MAX_USER_CHARS, UserName};

/// `text` with every name in it that `stand_in` knows replaced. A name is found however it is
/// written (see [`UserName`]), also within Rust's quotes, but only as whole words.
pub(super) fn mask<'a>(
    text: &'a str,
    stand_in: impl Fn(&UserName) -> Option<String>,
) -> Cow<'a, str> {
    let edges = edges(text);
    let mut masked = String::new();
    let mut done = 0;
    let mut from = 0;
    while from < edges.len() {
        match longest(text, &edges[from..], &stand_in) {
            Some((words, instead)) => {
                masked.push_str(&text[done..edges[from]]);
                masked.push_str(&instead);
                done = edges[from + words];
                from += words;
            }
            None => from += 1,
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(&text[done..]);
    Cow::Owned(masked)
}

/// The longest name that begins at the first of `edges`: at which of them it ends, and what stands
/// in for it.
fn longest(
    text: &str,
    edges: &[usize],
    stand_in: &impl Fn(&UserName) -> Option<String>,
) -> Option<(usize, String)> {
    let (start, ends) = edges.split_first()?;
    let fits = |end: &usize| {
        // A backslash and a quote are one character.
        text[*start..*end].chars().filter(|c| *c != '\\').count() <= MAX_USER_CHARS
    };
    let fitting = ends.iter().take_while(|end| fits(end)).count();
    (1..=fitting).rev().find_map(|words| {
        let candidate = &text[*start..ends[words - 1]];
        // The match begins with the name, not with spaces around it.
        if candidate.trim() != candidate {
            return None;
        }
        let known = |text: &str| stand_in(&UserName::new(text).ok()?);
        Some((words, known(candidate).or_else(|| known(&unquoted(candidate)?))?))
    })
}

/// `text` without the backslashes that `{:?}` puts before quotes and backslashes; `None` if there are
/// none.
fn unquoted(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next @ ('"' | '\'' | '\\')) if c == '\\' => {
                plain.push(*next);
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    (plain != text).then_some(plain)
}

/// Where words may begin and end: everywhere but between two letters or digits.
fn edges(text: &str) -> Vec<usize> {
    let mut edges = Vec::new();
    let mut before: Option<char> = None;
    for (at, c) in text.char_indices() {
        if !(before.is_some_and(char::is_alphanumeric) && c.is_alphanumeric()) {
            edges.push(at);
        }
        before = Some(c);
    }
    edges.push(text.len());
    edges
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(names: &[(&str, &str)], text: &str) -> String {
        let names: Vec<_> = names
            .iter()
            .map(|(name, instead)| (UserName::new(name).unwrap(), (*instead).to_owned()))
            .collect();
        let stand_in = |name: &UserName| {
            names.iter().find(|(known, _)| known == name).map(|(_, instead)| instead.clone())
        };
        mask(text, stand_in).into_owned()
    }

    #[test]
    fn names_are_found_as_whole_words_however_they_are_written() {
        let names = [("ada", "S01"), ("Zoë  K.", "S02"), ("eve\"", "S03"), ("ada b", "S04")];
        for (text, expected) in [
            ("kicked ada", "kicked S01"),
            ("kicked ADA: no", "kicked S01: no"),
            ("adaptive, canada, ada2", "adaptive, canada, ada2"),
            ("ada,ada/(ada)", "S01,S01/(S01)"),
            ("kicked zoe\u{308} k.", "kicked S02"),
            ("lobby has the title \"eve\\\"'s\" now", "lobby has the title \"S03's\" now"),
            ("marked \"ada b begins\"", "marked \"S04 begins\""),
            ("ada  B", "S04"),
            ("", ""),
            ("nobody", "nobody"),
        ] {
            assert_eq!(masked(&names, text), expected, "{text}");
        }
        assert!(matches!(mask("all rooms tick at 20 fps", |_| None), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn what_knows_no_name_changes_nothing(text in any::<String>()) {
            prop_assert_eq!(mask(&text, |_| None), text.as_str());
        }

        #[test]
        fn a_name_does_not_survive(before in "[a-z ]{0,6}", name in "[A-Z!\"\\\\é]{2,9}", after in "[a-z .]{0,6}") {
            for text in [format!("{before} {name} {after}"), format!("{:?}", format!("{before} {name}, {after}"))] {
                let masked = masked(&[(&name, "#")], &text);
                prop_assert!(!masked.contains(&name), "{} in {}", name, masked);
                prop_assert!(masked.contains('#'));
            }
        }
    }
}
