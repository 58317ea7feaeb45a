//! Labels of BIDS file names: `S01` in `sub-S01`.

use std::collections::{BTreeMap, BTreeSet};

/// What of `text` a label may hold: letters, digits, and `+` between words (BIDS, "Entities").
pub(super) fn label(text: &str) -> String {
    let words = text.split(|char: char| !char.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("+")
}

/// A label for each name, by number. Two names never share one, not even on a file system that
/// ignores case.
pub(super) fn labels<'a>(
    names: impl Iterator<Item = (i64, &'a str)>,
    fallback: &str,
) -> BTreeMap<i64, String> {
    let mut taken = BTreeSet::new();
    let mut labels = BTreeMap::new();
    for (id, name) in names {
        let plain = match label(name) {
            empty if empty.is_empty() => format!("{fallback}{id}"),
            other => other,
        };
        let mut unique = plain.clone();
        let mut number = 1;
        while !taken.insert(unique.to_ascii_lowercase()) {
            number += 1;
            unique = format!("{plain}+{number}");
        }
        labels.insert(id, unique);
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_letters_digits_and_plus() {
        assert_eq!(label("S01"), "S01");
        assert_eq!(label("mirror, on"), "mirror+on");
        assert_eq!(label("  a_b-c/../d "), "a+b+c+d");
        assert_eq!(label("你好"), "");
    }

    #[test]
    fn labels_are_unique() {
        let names = ["atrium", "Atrium", "你好", "atrium!", "atrium+2", "再见"];
        let labels = labels((1..).zip(names), "room");
        let labels: Vec<&str> = labels.values().map(String::as_str).collect();
        assert_eq!(labels, ["atrium", "Atrium+2", "room3", "atrium+3", "atrium+2+2", "room6"]);
    }
}
