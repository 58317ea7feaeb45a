//! Finds where a text mentions a person, and takes the mentions out.

use std::ops::Range;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;

use super::escapes::{self, Decoded};
use crate::model::fold_name;

/// What stands in place of a mention.
pub(super) const REDACTED: &str = "[redacted]";

/// The names of a person, to be found in texts: as whole words, and compared as the wire contract
/// compares names.
#[derive(Debug)]
pub(super) struct Mentions {
    /// Folded; not empty.
    names: Vec<String>,
}

/// A text after its mentions were taken out, and how many there were.
pub(super) type Replaced = (String, u64);

impl Mentions {
    pub(super) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut mentions = Self { names: Vec::new() };
        names.into_iter().for_each(|name| mentions.add(name));
        mentions
    }

    pub(super) fn add(&mut self, name: &str) {
        let folded = Folded::new(name).text.trim().to_owned();
        if !folded.is_empty() && !self.names.contains(&folded) {
            self.names.push(folded);
        }
    }

    /// A sentence without its mentions; `None` if it has none. A name counts too if it is written
    /// with the escapes of Rust's `Debug`, as names in our own sentences are.
    pub(super) fn replace(&self, text: &str) -> Option<Replaced> {
        let mut found = self.find(text);
        if text.contains('\\') {
            let decoded = escapes::of_rust(text);
            found.extend(self.find(&decoded.text).into_iter().map(|at| decoded.source(at)));
        }
        cut(text, found)
    }

    /// JSON without the mentions in its strings and keys; `None` if it has none. All that is not
    /// mentioned stays as it is, byte for byte.
    pub(super) fn replace_json(&self, json: &str) -> Option<Replaced> {
        let mut found = Vec::new();
        for Range { start, end } in escapes::json_strings(json) {
            let literal = &json[start..end];
            let decoded = match literal.contains('\\') {
                true => escapes::of_json(literal),
                false => Decoded::plain(literal),
            };
            let places = self.find(&decoded.text).into_iter().map(|at| decoded.source(at));
            found.extend(places.map(|at| start + at.start..start + at.end));
        }
        cut(json, found)
    }

    fn find(&self, text: &str) -> Vec<Range<usize>> {
        if text.is_ascii() {
            // Nearly all texts end here.
            let lower = text.to_ascii_lowercase();
            let first_word = |name: &str| name.split(' ').next().is_some_and(|w| lower.contains(w));
            if !self.names.iter().any(|name| first_word(name)) {
                return Vec::new();
            }
        }
        let folded = Folded::new(text);
        let mut words = WordBounds::new(text);
        let mut found = Vec::new();
        for name in &self.names {
            let mut from = 0;
            while let Some(place) = folded.text[from..].find(name.as_str()) {
                let start = from + place;
                let whole = folded.source(start, start + name.len());
                match whole.filter(|at| words.has(at.start) && words.has(at.end)) {
                    Some(at) => {
                        found.push(at);
                        from = start + name.len();
                    }
                    None => from = start + name.chars().next().map_or(1, char::len_utf8),
                }
            }
        }
        found
    }
}

/// Replaces parts of a text, which may overlap.
fn cut(text: &str, mut found: Vec<Range<usize>>) -> Option<Replaced> {
    if found.is_empty() {
        return None;
    }
    found.sort_unstable_by_key(|at| (at.start, at.end));
    let (mut left, mut done, mut count) = (String::with_capacity(text.len()), 0, 0);
    for Range { start, end } in found {
        if start >= done {
            left.push_str(&text[done..start]);
            left.push_str(REDACTED);
            count += 1;
        }
        done = done.max(end);
    }
    left.push_str(&text[done..]);
    Some((left, count))
}

/// A text folded as names are, with the way back to the text.
struct Folded {
    text: String,
    /// Where each grapheme begins, in the folded text and in the original; the ends come last.
    starts: Vec<(usize, usize)>,
}

impl Folded {
    fn new(original: &str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut starts = Vec::with_capacity(original.len() + 1);
        for (at, grapheme) in original.grapheme_indices(true) {
            starts.push((text.len(), at));
            let folded = fold_name(grapheme);
            // Blanks fold to nothing, but a run of them separates words.
            if !folded.is_empty() {
                text.push_str(&folded);
            } else if grapheme.chars().all(char::is_whitespace) && !text.ends_with(' ') {
                text.push(' ');
            }
        }
        starts.push((text.len(), original.len()));
        Self { text, starts }
    }

    /// Where a part of the folded text is in the original; `None` if it begins or ends within a
    /// grapheme.
    fn source(&self, start: usize, end: usize) -> Option<Range<usize>> {
        // Graphemes that fold to nothing share their place with the one after them.
        let after = self.starts.partition_point(|(folded, _)| *folded <= start);
        let (folded, from) = *self.starts.get(after.checked_sub(1)?)?;
        let (ends, to) =
            *self.starts.get(self.starts.partition_point(|(folded, _)| *folded < end))?;
        (folded == start && ends == end).then_some(from..to)
    }
}

/// Where words begin and end in a text.
struct WordBounds<'a> {
    text: &'a str,
    /// By Unicode's default rules (UAX 29, section 4.1), which know scripts without spaces. Not
    /// made before they are needed.
    bounds: Option<Vec<usize>>,
}

impl<'a> WordBounds<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, bounds: None }
    }

    /// Whether a word begins or ends at `at`. Unlike the default rules, everything but letters,
    /// digits and their marks separates words: `anna_2`, `anna's` and `anna.b` mention `anna`.
    fn has(&mut self, at: usize) -> bool {
        let (before, after) = self.text.split_at(at);
        let is_inside = before.chars().next_back().is_some_and(is_of_word)
            && after.chars().next().is_some_and(is_of_word);
        let text = self.text;
        let bounds = || text.split_word_bound_indices().map(|(start, _)| start).collect();
        !is_inside || self.bounds.get_or_insert_with(bounds).binary_search(&at).is_ok()
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c.general_category_group() == GeneralCategoryGroup::Mark
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn replaced(names: &[&str], text: &str) -> String {
        let mentions = Mentions::of(names.iter().copied());
        mentions.replace(text).map_or_else(|| text.to_owned(), |(text, _)| text)
    }

    #[test]
    fn whole_words_are_found_whatever_their_case() {
        for (text, left) in [
            ("anna", "[redacted]"),
            ("Hi ANNA!", "Hi [redacted]!"),
            (
                "anna's head, @anna, anna_2 and anna.b",
                "[redacted]'s head, @[redacted], [redacted]_2 and [redacted].b",
            ),
            ("banana, annabel and hanna", "banana, annabel and hanna"),
            ("Ａｎｎａ", "[redacted]"),
            ("こんにちはAnnaさん", "こんにちは[redacted]さん"),
            ("réanna re\u{301}anna annaé", "réanna re\u{301}anna annaé"),
            ("anna2 anna", "anna2 [redacted]"),
        ] {
            assert_eq!(replaced(&["Anna"], text), left, "{text}");
        }
        assert_eq!(replaced(&["小明"], "你好小明吗？"), "你好[redacted]吗？");
        assert_eq!(
            replaced(&["Zoë"], "ZOE\u{308} and zoë and zoe"),
            "[redacted] and [redacted] and zoe"
        );
        assert_eq!(replaced(&["STRASSE"], "straße"), "[redacted]");
        assert_eq!(replaced(&["S"], "ß S"), "ß [redacted]");
        assert_eq!(replaced(&["🙂"], "a🙂b"), "a[redacted]b");
        assert_eq!(replaced(&["Анна"], "АННА, Аннабель"), "[redacted], Аннабель");
    }

    #[test]
    fn names_of_several_words_are_found_across_white_space() {
        assert_eq!(replaced(&["Anna  Berta"], "x anna\t\n berta y"), "x [redacted] y");
        assert_eq!(replaced(&["ana ana"], "xana ana ana"), "xana [redacted]");
        assert_eq!(
            replaced(&["anna", "anna berta", "S07"], "anna berta s07"),
            "[redacted] [redacted]"
        );
        assert_eq!(replaced(&[" anna "], "(anna)"), "([redacted])");
        assert_eq!(replaced(&["", " "], "a b"), "a b");
    }

    #[test]
    fn names_in_our_own_sentences_may_be_escaped() {
        let name = "Zoe\u{301} \"x\"";
        let sentence = format!("marked {name:?} begins");
        assert_eq!(replaced(&[name], &sentence), "marked \"[redacted]\" begins");
        assert_eq!(replaced(&["nina"], r"C:\users\nina\x"), r"C:\users\[redacted]\x");
    }

    #[test]
    fn json_keeps_all_else_as_it_is() {
        let json = |text: &str| {
            Mentions::of(["Anna", "Zoë"]).replace_json(text).map(|(text, count)| {
                assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
                (text, count)
            })
        };
        let text = r#"{"anna": [1.50, "hi\u0020\u0041nna\n", "zo\u00EB"], "x":"\ud83d anna \ud83d\ude42"}"#;
        let left = r#"{"[redacted]": [1.50, "hi\u0020[redacted]\n", "[redacted]"], "x":"\ud83d [redacted] \ud83d\ude42"}"#;
        let mentions = Mentions::of(["Anna", "Zoë"]);
        assert_eq!(mentions.replace_json(text), Some((left.to_owned(), 4)));
        assert_eq!(json(r#""\"Anna\"""#), Some((r#""\"[redacted]\"""#.to_owned(), 1)));
        assert_eq!(json(r#"["\\", "anna\\"]"#), Some((r#"["\\", "[redacted]\\"]"#.to_owned(), 1)));
        assert_eq!(json(r#"{"a":"banana","b":"\u00e9"}"#), None);
    }

    proptest! {
        #[test]
        fn every_mention_is_found_and_nothing_else_changes(
            before in "[ -~é你\u{308}🙂]{0,12}", after in "[ -~é你\u{308}🙂]{0,12}",
            upper in any::<bool>(),
        ) {
            let name = if upper { "QUJÄX" } else { "qujäx" };
            let (text, separated) = (format!("{before}{name}{after}"), format!("{before} {name} {after}"));
            let mentions = Mentions::of(["Qujäx"]);
            // A combining mark after the name makes it another word.
            let after_words = after.trim_start_matches('\u{308}');
            let separated = separated.replace(&format!(" {after}"), &format!(" {after_words}"));
            let left = mentions.replace(&separated).map(|(text, _)| text);
            prop_assert_eq!(left, Some(format!("{before} [redacted] {after_words}")));
            let json = serde_json::to_string(&[&separated]).unwrap();
            let left = mentions.replace_json(&json).unwrap().0;
            let read: Vec<String> = serde_json::from_str(&left).unwrap();
            prop_assert_eq!(&read[0], &format!("{before} [redacted] {after_words}"));
            if let Some((left, _)) = mentions.replace(&text) {
                prop_assert!(left.starts_with(&before) && left.ends_with(&after));
            }
        }

        #[test]
        fn any_text_is_survived(text in "\\PC*", json in "[\"\\\\u{}a-f0-9dANn ]{0,40}") {
            let mentions = Mentions::of(["a", "nn", "é", "🙂"]);
            for text in [&text, &json] {
                let _ = mentions.replace(text);
                if let Some((left, _)) = mentions.replace_json(text) {
                    prop_assert!(left.contains(REDACTED));
                }
            }
        }
    }
}
