//! Encodes Protocol Buffers messages (protobuf.dev, "Encoding").

/// Appends one message's fields to a buffer. Every field that is given is written, defaults too,
/// so that a `-0.0` stays one.
#[derive(Debug)]
pub(super) struct Encoder<'a>(pub(super) &'a mut Vec<u8>);

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;
const FIXED32: u32 = 5;

impl Encoder<'_> {
    fn raw_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn tag(&mut self, field: u32, wire_type: u32) {
        self.raw_varint(u64::from(field << 3 | wire_type));
    }

    /// A field of type int64, int32, uint32, bool or an enum.
    pub(super) fn int(&mut self, field: u32, value: i64) {
        self.tag(field, VARINT);
        self.raw_varint(value as u64);
    }

    /// A field of type double.
    pub(super) fn double(&mut self, field: u32, value: f64) {
        self.tag(field, FIXED64);
        self.0.extend(value.to_le_bytes());
    }

    /// A field of type fixed32.
    pub(super) fn fixed32(&mut self, field: u32, value: u32) {
        self.tag(field, FIXED32);
        self.0.extend(value.to_le_bytes());
    }

    /// A field of type string.
    pub(super) fn string(&mut self, field: u32, value: &str) {
        self.tag(field, LENGTH);
        self.raw_varint(value.len() as u64);
        self.0.extend(value.as_bytes());
    }

    /// A field whose type is a message; `write` appends that message's fields.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Encoder<'_>)) {
        self.tag(field, LENGTH);
        // Most are shorter than 128 bytes, whose length takes one byte.
        let start = self.0.len();
        self.0.push(0);
        write(&mut Encoder(self.0));
        let length = self.0.len() - start - 1;
        if length < 0x80 {
            self.0[start] = length as u8;
        } else {
            let mut encoded = Vec::new();
            Encoder(&mut encoded).raw_varint(length as u64);
            self.0.splice(start..=start, encoded);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(write: impl FnOnce(&mut Encoder<'_>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut Encoder(&mut bytes));
        bytes
    }

    #[test]
    fn the_examples_of_the_specification() {
        assert_eq!(encode(|e| e.int(1, 150)), [0x08, 0x96, 0x01]);
        let testing = [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67];
        assert_eq!(encode(|e| e.string(2, "testing")), testing);
        assert_eq!(encode(|e| e.message(3, |e| e.int(1, 150))), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        let minus_two = [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        assert_eq!(encode(|e| e.int(1, -2)), minus_two);
    }

    #[test]
    fn long_messages_get_long_lengths() {
        for length in [0, 124, 125, 126, 127, 16_380, 16_381, 16_382, 70_000] {
            let text = "x".repeat(length);
            let inner = encode(|e| e.string(1, &text));
            let outer = encode(|e| {
                e.message(20, |e| e.string(1, &text));
                e.int(1, 1);
            });
            let mut expected = vec![0xa2, 0x01];
            Encoder(&mut expected).raw_varint(inner.len() as u64);
            expected.extend(inner);
            expected.extend([0x08, 0x01]);
            assert_eq!(outer, expected, "{length}");
        }
    }

    #[test]
    fn numbers_keep_every_bit() {
        let negative_zero = [0x09, 0, 0, 0, 0, 0, 0, 0, 0x80];
        assert_eq!(encode(|e| e.double(1, -0.0)), negative_zero);
        assert_eq!(encode(|e| e.fixed32(6, 7)), [0x35, 7, 0, 0, 0]);
    }
}
