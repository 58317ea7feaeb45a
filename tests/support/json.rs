//! JSON as it is written in a text: numbers keep their digits, strings their UTF-16 code units,
//! objects their order, so that nothing is lost between the wire and a comparison.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(Vec<u16>),
    Array(Vec<Json>),
    Object(Vec<(Vec<u16>, Json)>),
}

/// The value of `text`, which must be JSON and nothing else.
pub(crate) fn json(text: &str) -> Json {
    let mut parser = Parser { bytes: text.as_bytes(), at: 0 };
    parser.space();
    let value = parser.value();
    parser.space();
    assert_eq!(parser.at, text.len(), "something follows the JSON in {text}");
    value
}

impl Json {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.encode_utf16().collect())
    }

    /// The keys of an object in the order in which they stand in the text.
    pub(crate) fn keys(&self) -> Vec<String> {
        match self {
            Self::Object(members) => {
                members.iter().map(|(key, _)| String::from_utf16_lossy(key)).collect()
            }
            other => panic!("{other:?} is not an object"),
        }
    }

    /// The member of an object.
    pub(crate) fn at(&self, key: &str) -> &Self {
        self.get(key).unwrap_or_else(|| panic!("no {key:?} in {self:?}"))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let key: Vec<u16> = key.encode_utf16().collect();
        match self {
            Self::Object(members) => members.iter().rev().find(|(k, _)| *k == key).map(|(_, v)| v),
            other => panic!("{other:?} is not an object"),
        }
    }

    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            other => panic!("{other:?} is not an array"),
        }
    }

    pub(crate) fn as_text(&self) -> String {
        match self {
            Self::Text(units) => String::from_utf16(units).expect("whole characters"),
            other => panic!("{other:?} is not text"),
        }
    }

    pub(crate) fn digits(&self) -> &str {
        match self {
            Self::Number(digits) => digits,
            other => panic!("{other:?} is not a number"),
        }
    }

    /// A small whole number; `None` if it is something else.
    pub(crate) fn as_number(&self) -> Option<u64> {
        match self {
            Self::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn as_f64(&self) -> f64 {
        self.digits().parse().expect("a JSON number")
    }
}

/// Equal as JSON values: numbers by their exact decimal value (the sign of a zero counts),
/// objects whatever their order.
impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => decimal(a) == decimal(b),
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a
                .iter()
                .map(|(k, v)| (k, v))
                .collect::<BTreeMap<_, _>>()
                .into_iter()
                .eq(b.iter().map(|(k, v)| (k, v)).collect::<BTreeMap<_, _>>()),
            _ => false,
        }
    }
}

/// A number's sign, its digits without zeros at either end, and the power of ten behind them.
fn decimal(number: &str) -> (bool, String, i64) {
    let (negative, rest) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse().expect("a small exponent")),
        None => (rest, 0_i64),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    if digits.is_empty() {
        return (negative, String::new(), 0);
    }
    let trimmed = digits.trim_end_matches('0');
    let power = exponent - fraction.len() as i64 + (digits.len() - trimmed.len()) as i64;
    (negative, trimmed.to_owned(), power)
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(digits) => f.write_str(digits),
            Self::Text(units) => match String::from_utf16(units) {
                Ok(text) => write!(f, "{text:?}"),
                Err(_) => write!(f, "text of units {units:04x?}"),
            },
            Self::Array(items) => f.debug_list().entries(items).finish(),
            Self::Object(members) => f
                .debug_map()
                .entries(members.iter().map(|(k, v)| (String::from_utf16_lossy(k), v)))
                .finish(),
        }
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn fail(&self, what: &str) -> ! {
        panic!("not JSON at byte {}: {what} in {}", self.at, String::from_utf8_lossy(self.bytes))
    }

    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.bytes[self.at..].starts_with(token.as_bytes());
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn need(&mut self, token: &str) {
        if !self.take(token) {
            self.fail(&format!("{token:?} expected"));
        }
    }

    fn value(&mut self) -> Json {
        match self.peek() {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => Json::Text(self.string()),
            b'-' | b'0'..=b'9' => self.number(),
            _ if self.take("null") => Json::Null,
            _ if self.take("true") => Json::Bool(true),
            _ if self.take("false") => Json::Bool(false),
            _ => self.fail("no value"),
        }
    }

    fn object(&mut self) -> Json {
        self.need("{");
        let mut members = Vec::new();
        self.space();
        while !self.take("}") {
            if !members.is_empty() {
                self.need(",");
                self.space();
            }
            let key = self.string();
            self.space();
            self.need(":");
            self.space();
            members.push((key, self.value()));
            self.space();
        }
        Json::Object(members)
    }

    fn array(&mut self) -> Json {
        self.need("[");
        let mut items = Vec::new();
        self.space();
        while !self.take("]") {
            if !items.is_empty() {
                self.need(",");
                self.space();
            }
            items.push(self.value());
            self.space();
        }
        Json::Array(items)
    }

    fn number(&mut self) -> Json {
        let start = self.at;
        self.take("-");
        if !self.take("0") {
            self.digits();
        }
        if self.take(".") {
            self.digits();
        }
        if self.take("e") || self.take("E") {
            let _signed = self.take("+") || self.take("-");
            self.digits();
        }
        Json::Number(String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned())
    }

    fn digits(&mut self) {
        if !self.peek().is_ascii_digit() {
            self.fail("a digit expected");
        }
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
    }

    fn string(&mut self) -> Vec<u16> {
        self.need("\"");
        let mut units = Vec::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), b'"' | b'\\' | 0..=0x1f) {
                self.at += 1;
            }
            let plain = std::str::from_utf8(&self.bytes[start..self.at]).expect("UTF-8");
            units.extend(plain.encode_utf16());
            if self.take("\"") {
                return units;
            }
            self.need("\\");
            let escape = self.peek();
            self.at += 1;
            units.push(match escape {
                b'"' | b'\\' | b'/' => u16::from(escape),
                b'b' => 8,
                b'f' => 12,
                b'n' => 10,
                b'r' => 13,
                b't' => 9,
                b'u' => self.hex(),
                _ => self.fail("a bad escape"),
            });
        }
    }

    fn hex(&mut self) -> u16 {
        let digits = self.bytes.get(self.at..self.at + 4).unwrap_or_default();
        self.at += 4;
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        u16::from_str_radix(digits, 16).unwrap_or_else(|_| self.fail("four hex digits expected"))
    }
}
