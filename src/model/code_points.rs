//! Code points that draw nothing although their general category doesn't say so.
//!
//! The source is the property `Default_Ignorable_Code_Point` in Unicode's
//! DerivedCoreProperties.txt. Most of its code points are format characters (category Cf), which
//! the category already gives away; the rest are in the table here.

use std::ops::RangeInclusive;

/// Letters and marks that draw nothing, with or without a width.
const FILLERS: [RangeInclusive<char>; 5] = [
    '\u{34f}'..='\u{34f}',   // combining grapheme joiner
    '\u{115f}'..='\u{1160}', // hangul choseong and jungseong fillers
    '\u{17b4}'..='\u{17b5}', // khmer inherent vowels
    '\u{3164}'..='\u{3164}', // hangul filler
    '\u{ffa0}'..='\u{ffa0}', // halfwidth hangul filler
];

/// Selectors and unassigned code points that are reserved for invisible characters.
const SELECTORS_AND_RESERVED: [RangeInclusive<char>; 4] = [
    '\u{180b}'..='\u{180f}', // mongolian variation selectors and vowel separator
    '\u{2065}'..='\u{2065}',
    '\u{fff0}'..='\u{fff8}',
    '\u{e0000}'..='\u{e0fff}', // tags, variation selectors supplement
];

/// They choose between the text and emoji forms of the character before them.
const PRESENTATION_SELECTORS: RangeInclusive<char> = '\u{fe00}'..='\u{fe0f}';

/// A symbol by its category, but it looks like a space; not in `Default_Ignorable_Code_Point`.
const BRAILLE_BLANK: char = '\u{2800}';

/// Whether `c` is a letter or mark that shows nothing.
pub(super) fn is_filler(c: char) -> bool {
    FILLERS.iter().any(|range| range.contains(&c))
}

/// Whether `c` is a default-ignorable code point that is neither a format character nor a
/// presentation selector.
pub(super) fn is_invisible(c: char) -> bool {
    is_filler(c) || SELECTORS_AND_RESERVED.iter().any(|range| range.contains(&c))
}

/// Whether `c` only selects the text or emoji form of the character before it.
pub(super) fn is_presentation_selector(c: char) -> bool {
    PRESENTATION_SELECTORS.contains(&c)
}

/// Whether `c` looks like a space: white space or the Braille blank.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == BRAILLE_BLANK
}

#[cfg(test)]
mod tests {
    use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

    use super::*;

    /// `Default_Ignorable_Code_Point` as DerivedCoreProperties.txt of Unicode 16.0 lists it.
    const DEFAULT_IGNORABLE: [RangeInclusive<char>; 17] = [
        '\u{ad}'..='\u{ad}',
        '\u{34f}'..='\u{34f}',
        '\u{61c}'..='\u{61c}',
        '\u{115f}'..='\u{1160}',
        '\u{17b4}'..='\u{17b5}',
        '\u{180b}'..='\u{180f}',
        '\u{200b}'..='\u{200f}',
        '\u{202a}'..='\u{202e}',
        '\u{2060}'..='\u{206f}',
        '\u{3164}'..='\u{3164}',
        '\u{fe00}'..='\u{fe0f}',
        '\u{feff}'..='\u{feff}',
        '\u{ffa0}'..='\u{ffa0}',
        '\u{fff0}'..='\u{fff8}',
        '\u{1bca0}'..='\u{1bca3}',
        '\u{1d173}'..='\u{1d17a}',
        '\u{e0000}'..='\u{e0fff}',
    ];

    #[test]
    fn category_and_table_together_are_the_unicode_property() {
        for c in '\0'..=char::MAX {
            let ignorable = DEFAULT_IGNORABLE.iter().any(|range| range.contains(&c));
            let in_table = is_invisible(c) || is_presentation_selector(c);
            let format = c.general_category() == GeneralCategory::Format;
            assert!(!in_table || ignorable, "{c:?} is not default ignorable");
            assert!(in_table || format || !ignorable, "{c:?} is missing");
        }
    }

    #[test]
    fn blank_is_what_looks_like_a_space() {
        for c in [' ', '\u{a0}', '\u{1680}', '\u{2003}', '\u{3000}', '\u{2800}'] {
            assert!(is_blank(c), "{c:?}");
        }
        for c in ['a', '\u{200b}', '\u{2801}', '\u{3164}'] {
            assert!(!is_blank(c), "{c:?}");
        }
    }
}
