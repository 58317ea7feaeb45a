//! A frame as a client sends it, or as none should.

pub(crate) const CONTINUATION: u8 = 0;
pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING_FRAME: u8 = 9;
pub(crate) const PONG_FRAME: u8 = 10;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame as it goes out.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) fin: bool,
    /// The three reserved bits, 4 for RSV1.
    pub(crate) reserved: u8,
    pub(crate) opcode: u8,
    pub(crate) masked: bool,
    pub(crate) payload: &'a [u8],
    /// The length that the header tells, where it is not the payload's.
    pub(crate) declared: Option<u64>,
}

impl<'a> Frame<'a> {
    /// A whole, correct frame.
    pub(crate) fn new(opcode: u8, payload: &'a [u8]) -> Self {
        Self { fin: true, reserved: 0, opcode, masked: true, payload, declared: None }
    }

    /// The same frame, with more to follow.
    pub(crate) fn unfinished(self) -> Self {
        Self { fin: false, ..self }
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.fin) << 7 | self.reserved << 4 | self.opcode];
        let masked = u8::from(self.masked) << 7;
        match self.declared.unwrap_or(self.payload.len() as u64) {
            short @ 0..=125 => bytes.push(masked | short as u8),
            medium @ 126..=0xffff => {
                bytes.push(masked | 126);
                bytes.extend((medium as u16).to_be_bytes());
            }
            long => {
                bytes.push(masked | 127);
                bytes.extend(long.to_be_bytes());
            }
        }
        if self.masked {
            bytes.extend(MASK);
            bytes
                .extend(self.payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
        } else {
            bytes.extend(self.payload);
        }
        bytes
    }
}
