//! The XML of headers and footers.

/// Builds a document without attributes, as XDF has it.
#[derive(Debug)]
pub(super) struct Xml(String);

impl Xml {
    /// Builds `<info>…</info>`.
    pub(super) fn info(build: impl FnOnce(&mut Self)) -> String {
        let mut xml = Self("<?xml version=\"1.0\"?>".to_owned());
        xml.group("info", build);
        xml.0
    }

    /// Adds an element with elements inside.
    pub(super) fn group(&mut self, name: &str, build: impl FnOnce(&mut Self)) {
        self.0.push_str(&format!("<{name}>"));
        build(self);
        self.0.push_str(&format!("</{name}>"));
    }

    /// Adds an element with a text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.group(name, |xml| xml.0.extend(text.chars().map(escaped)));
    }

    /// Adds an element with a number.
    pub(super) fn number(&mut self, name: &str, number: impl ToString) {
        self.text(name, &number.to_string());
    }
}

/// A character as XML 1.0 has it. Those that it can't have become the replacement character.
fn escaped(char: char) -> std::borrow::Cow<'static, str> {
    match char {
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        '&' => "&amp;".into(),
        '\r' => "&#13;".into(),
        '\t' | '\n' => char.to_string().into(),
        '\0'..=' ' if char != ' ' => "\u{fffd}".into(),
        '\u{fffe}' | '\u{ffff}' => "\u{fffd}".into(),
        _ => char.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        let xml = Xml::info(|xml| {
            xml.text("name", "a<b & \"c\"\r\n\u{1b}[31m 你好");
            xml.group("desc", |xml| xml.number("count", 3));
        });
        assert_eq!(
            xml,
            "<?xml version=\"1.0\"?><info><name>a&lt;b &amp; \"c\"&#13;\n\u{fffd}[31m 你好</name>\
             <desc><count>3</count></desc></info>"
        );
    }
}
