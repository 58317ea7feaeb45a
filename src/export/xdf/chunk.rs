//! The chunks of an XDF file (github.com/sccn/xdf, "Specifications", version 1.0).

use std::io::{self, Write};

const MAGIC: &[u8] = b"XDF:";

const FILE_HEADER: u16 = 1;
const STREAM_HEADER: u16 = 2;
const SAMPLES: u16 = 3;
const CLOCK_OFFSET: u16 = 4;
const BOUNDARY: u16 = 5;
const STREAM_FOOTER: u16 = 6;

/// What a boundary chunk holds: readers of a damaged file look for it.
const BOUNDARY_UUID: [u8; 16] = [
    0x43, 0xa5, 0x46, 0xdc, 0xcb, 0xf5, 0x41, 0x0f, 0xb3, 0x0e, 0xd5, 0x46, 0x73, 0x83, 0xcb, 0xe4,
];

/// Bytes after which a boundary chunk comes.
const BOUNDARY_EVERY: usize = 1024 * 1024;

/// Writes chunks.
#[derive(Debug)]
pub(super) struct Chunks<W> {
    out: W,
    since_boundary: usize,
}

impl<W: Write> Chunks<W> {
    /// Begins a file.
    pub(super) fn begin(mut out: W, header: &str) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        let mut chunks = Self { out, since_boundary: 0 };
        chunks.chunk(FILE_HEADER, &[], header.as_bytes())?;
        Ok(chunks)
    }

    /// Introduces a stream.
    pub(super) fn stream_header(&mut self, stream: u32, header: &str) -> io::Result<()> {
        self.chunk(STREAM_HEADER, &stream.to_le_bytes(), header.as_bytes())
    }

    /// Writes samples and empties them; nothing if there are none.
    pub(super) fn samples(&mut self, stream: u32, samples: &mut Samples) -> io::Result<()> {
        if samples.count == 0 {
            return Ok(());
        }
        let mut start = stream.to_le_bytes().to_vec();
        push_length(&mut start, u64::from(samples.count));
        self.chunk(SAMPLES, &start, &samples.bytes)?;
        samples.count = 0;
        samples.bytes.clear();
        if self.since_boundary >= BOUNDARY_EVERY {
            self.chunk(BOUNDARY, &[], &BOUNDARY_UUID)?;
            self.since_boundary = 0;
        }
        Ok(())
    }

    /// At `time` on a stream's own clock, adding `offset` gives the recording's time. In seconds.
    pub(super) fn clock_offset(&mut self, stream: u32, time: f64, offset: f64) -> io::Result<()> {
        let mut values = time.to_le_bytes().to_vec();
        values.extend(offset.to_le_bytes());
        self.chunk(CLOCK_OFFSET, &stream.to_le_bytes(), &values)
    }

    /// Ends a stream.
    pub(super) fn stream_footer(&mut self, stream: u32, footer: &str) -> io::Result<()> {
        self.chunk(STREAM_FOOTER, &stream.to_le_bytes(), footer.as_bytes())
    }

    /// Ends the file.
    pub(super) fn into_inner(self) -> W {
        self.out
    }

    fn chunk(&mut self, tag: u16, start: &[u8], rest: &[u8]) -> io::Result<()> {
        let mut head = Vec::with_capacity(16);
        push_length(&mut head, (2 + start.len() + rest.len()) as u64);
        head.extend(tag.to_le_bytes());
        head.extend(start);
        self.out.write_all(&head)?;
        self.out.write_all(rest)?;
        self.since_boundary += head.len() + rest.len();
        Ok(())
    }
}

/// Samples of one stream that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Samples {
    count: u32,
    bytes: Vec<u8>,
}

impl Samples {
    /// Adds a sample of numbers (`double64`).
    pub(super) fn push_numbers(&mut self, time: f64, values: &[f64]) {
        self.begin(time);
        for value in values {
            self.bytes.extend(value.to_le_bytes());
        }
    }

    /// Adds a sample of one text (`string`).
    pub(super) fn push_text(&mut self, time: f64, value: &str) {
        self.begin(time);
        push_length(&mut self.bytes, value.len() as u64);
        self.bytes.extend(value.as_bytes());
    }

    fn begin(&mut self, time: f64) {
        self.count += 1;
        // Eight bytes of time follow.
        self.bytes.push(8);
        self.bytes.extend(time.to_le_bytes());
    }

    /// The bytes that wait.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// Appends a length: the number of its bytes, and itself.
fn push_length(out: &mut Vec<u8>, length: u64) {
    if let Ok(length) = u8::try_from(length) {
        out.extend([1, length]);
    } else if let Ok(length) = u32::try_from(length) {
        out.push(4);
        out.extend(length.to_le_bytes());
    } else {
        out.push(8);
        out.extend(length.to_le_bytes());
    }
}
