//! The reader: its faults and their codes, memory, and that chunks make no difference.

use proptest::prelude::*;

use super::super::CloseReason;
use super::*;

pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut out = vec![first];
    match payload.len() {
        len @ 0..126 => out.push(0x80 | len as u8),
        len @ 126..0x1_0000 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    out.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ mask[i % 4]));
    out
}

fn collect(reader: &mut FrameReader, bytes: &[u8]) -> (Vec<String>, Result<(), CloseReason>) {
    let mut seen = Vec::new();
    let result = reader
        .read(&mut bytes.to_vec(), |incoming: Incoming<'_>| seen.push(format!("{incoming:?}")));
    (seen, result)
}

fn fault(bytes: &[u8]) -> u16 {
    collect(&mut FrameReader::new(1000), bytes).1.unwrap_err().code
}

#[test]
fn faults_have_their_codes() {
    assert_eq!(fault(&[0x81, 0x01, b'a']), 1002, "unmasked");
    assert_eq!(fault(&frame(0xc1, b"a")), 1002, "reserved bit");
    assert_eq!(fault(&frame(0x83, b"a")), 1002, "unknown opcode");
    assert_eq!(fault(&frame(0x80, b"a")), 1002, "continuation first");
    assert_eq!(fault(&[frame(0x01, b"a"), frame(0x81, b"a")].concat()), 1002, "interleaved");
    assert_eq!(fault(&frame(0x09, b"a")), 1002, "fragmented ping");
    assert_eq!(fault(&frame(0x89, &[0; 126])), 1002, "long ping");
    assert_eq!(fault(&frame(0x88, &[3])), 1002, "short close");
    assert_eq!(fault(&frame(0x88, &1005u16.to_be_bytes())), 1002, "close code");
    assert_eq!(fault(&frame(0x81, &[0xff])), 1007);
    assert_eq!(fault(&frame(0x88, &[3, 0xe8, 0xff])), 1007);
    assert_eq!(fault(&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 3, 0xe9, 1, 2, 3, 4]), 1009, "declared");
    assert_eq!(
        fault(&[0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]),
        1009
    );
    let start = frame(0x01, &[b'a'; 600]);
    assert_eq!(fault(&[&start[..], &[0x80, 0xfe, 1, 0x91, 1, 2, 3, 4]].concat()), 1009);
}

#[test]
fn the_largest_message_passes() {
    let text = "a".repeat(1000);
    let whole = frame(0x81, text.as_bytes());
    assert_eq!(collect(&mut FrameReader::new(1000), &whole).0.len(), 1);
    let parts = [frame(0x01, &[b'a'; 600]), frame(0x80, &[b'a'; 400])].concat();
    let expected = ["Fragment(600)".to_owned(), format!("Text({text:?})")];
    assert_eq!(collect(&mut FrameReader::new(1000), &parts).0, expected);
}

#[test]
fn a_quiet_reader_holds_no_memory() {
    let mut reader = FrameReader::new(1 << 20);
    let message = frame(0x81, &vec![b'a'; 1 << 20]);
    for chunk in message.chunks(60_000) {
        collect(&mut reader, chunk).1.unwrap();
    }
    assert!(!reader.is_within_message());
    assert_eq!(reader.buffered(), 0);
    assert!(size_of::<FrameReader>() <= 24);
}

#[test]
fn a_declared_length_reserves_nothing() {
    let mut reader = FrameReader::new(1 << 30);
    let header = [0x81, 0xff, 0, 0, 0, 0, 0x3f, 0xff, 0xff, 0xff, 1, 2, 3, 4];
    collect(&mut reader, &header).1.unwrap();
    assert!(reader.is_within_message());
    assert!(reader.buffered() < 300, "{}", reader.buffered());
    let mut came = 0;
    for chunk in [1, 10, 1000, 5000, 32 << 10, 32 << 10, 1] {
        // Masked, they are valid UTF-8.
        let bytes: Vec<u8> = (came..came + chunk).map(|i| b'a' ^ [1, 2, 3, 4][i % 4]).collect();
        collect(&mut reader, &bytes).1.unwrap();
        came += chunk;
        assert!(reader.buffered() <= 2 * came + 300, "{} of {came}", reader.buffered());
    }
}

/// Takes messages of at most `limit` bytes, or of 2000 once one of them is `wide`.
struct Limited {
    limit: usize,
    seen: usize,
}

impl Receiver for &mut Limited {
    fn take(&mut self, incoming: Incoming<'_>) {
        self.seen += 1;
        if incoming == Incoming::Text("wide") {
            self.limit = 2000;
        }
    }

    fn max_message(&self) -> usize {
        self.limit
    }
}

#[test]
fn a_receivers_limit_holds_from_the_next_frame_on_and_within_a_message() {
    let big = frame(0x81, &[b'a'; 2000]);
    let read = |reader: &mut FrameReader, limit, bytes: &[u8]| {
        let mut limited = Limited { limit, seen: 0 };
        let result = reader.read(&mut bytes.to_vec(), &mut limited);
        (limited.seen, result.map_err(|reason| reason.code))
    };
    let mut reader = FrameReader::new(5000);
    assert_eq!(read(&mut reader, 1000, &big), (0, Err(1009)));

    // Widened by a message just before, in the same bytes.
    let mut reader = FrameReader::new(5000);
    let bytes = [&frame(0x81, b"wide")[..], &big].concat();
    assert_eq!(read(&mut reader, 1000, &bytes), (2, Ok(())));

    // Within a fragmented message, and within a frame.
    assert_eq!(read(&mut reader, 1000, &frame(0x01, &[b'a'; 900])), (1, Ok(())));
    assert_eq!(read(&mut reader, 2000, &frame(0x80, &[b'a'; 1100])), (1, Ok(())));
    assert_eq!(read(&mut reader, 2000, &big[..100]), (0, Ok(())));
    assert_eq!(read(&mut reader, 1000, &big[100..101]), (0, Err(1009)));
}

#[test]
fn bad_utf8_is_refused_with_the_byte_that_makes_it_bad() {
    // In the middle of a frame of which most is still to come.
    let mut text = "κόσμε".as_bytes().to_vec();
    text.extend_from_slice(&[0xf4, 0x90]);
    text.extend_from_slice(&[b'a'; 500]);
    let bytes = frame(0x81, &text);
    let bad = bytes.len() - 500;
    let mut reader = FrameReader::new(1000);
    assert_eq!(collect(&mut reader, &bytes[..bad - 1]).1, Ok(()));
    assert_eq!(collect(&mut reader, &bytes[bad - 1..bad]).1.unwrap_err().code, 1007);

    // In a fragment that is whole, of a message that is not: the character spans both fragments.
    let mut reader = FrameReader::new(1000);
    assert_eq!(collect(&mut reader, &frame(0x01, &[0xf4])).1, Ok(()));
    assert_eq!(collect(&mut reader, &frame(0x00, &[0x90])).1.unwrap_err().code, 1007);

    // At the end of a message, a character that is not complete.
    let cut = [frame(0x01, &[0xe6]), frame(0x80, &[0x9d])].concat();
    assert_eq!(fault(&cut), 1007);
    assert_eq!(fault(&frame(0x81, &[0xe6, 0x9d])), 1007);
}

#[test]
fn every_frame_is_reported() {
    let bytes = [
        frame(0x01, b""),
        frame(0x00, b""),
        frame(0x8a, b""),
        frame(0x00, b"ab"),
        frame(0x80, b""),
        frame(0x02, b""),
        frame(0x80, b""),
    ]
    .concat();
    let expected = [
        "Fragment(0)",
        "Fragment(0)",
        "Pong([])",
        "Fragment(2)",
        "Text(\"ab\")",
        "Fragment(0)",
        "Binary([])",
    ];
    assert_eq!(collect(&mut FrameReader::new(1000), &bytes).0, expected);
    // Even when each byte comes alone.
    let mut reader = FrameReader::new(1000);
    let seen: Vec<String> = bytes.chunks(1).flat_map(|byte| collect(&mut reader, byte).0).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_fault_or_a_close_is_the_end() {
    for end in [frame(0x88, b""), frame(0x83, b"")] {
        let mut reader = FrameReader::new(1000);
        let _ = collect(&mut reader, &end);
        assert_eq!(collect(&mut reader, &frame(0x81, b"late")), (Vec::new(), Ok(())));
        assert_eq!(reader.buffered(), 0);
    }
}

#[test]
fn nothing_counts_after_a_close() {
    let bytes = [frame(0x88, &1000u16.to_be_bytes()), frame(0x81, b"late")].concat();
    let (seen, result) = collect(&mut FrameReader::new(1000), &bytes);
    assert_eq!(seen, ["Close(Some(1000))"]);
    assert_eq!(result, Ok(()));
}

proptest! {
    #[test]
    fn chunks_make_no_difference(
        texts in proptest::collection::vec("[ -~é李]{0,200}", 1..6),
        cut in 1usize..50,
    ) {
        let mut bytes = Vec::new();
        for text in &texts {
            let (first, second) = text.as_bytes().split_at(text.len() / 2);
            bytes.extend(frame(0x01, first));
            bytes.extend(frame(0x89, b"ping"));
            bytes.extend(frame(0x80, second));
            bytes.extend(frame(0x81, text.as_bytes()));
        }
        let mut reader = FrameReader::new(1000);
        let mut seen = Vec::new();
        for chunk in bytes.chunks(cut) {
            let (some, result) = collect(&mut reader, chunk);
            prop_assert!(result.is_ok());
            seen.extend(some);
        }
        let expected: Vec<String> = texts
            .iter()
            .flat_map(|text| {
                let fragment = text.len() / 2;
                [
                    format!("Fragment({fragment})"),
                    "Ping([112, 105, 110, 103])".to_owned(),
                    format!("Text({text:?})"),
                    format!("Text({text:?})"),
                ]
            })
            .collect();
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn chunks_make_no_difference_to_arbitrary_frames(
        bytes in super::differential::frames(),
        cuts in proptest::collection::vec(1usize..40, 1..20),
    ) {
        let whole = collect(&mut FrameReader::new(super::differential::MAX), &bytes);
        let mut reader = FrameReader::new(super::differential::MAX);
        let mut seen = Vec::new();
        let mut rest = &bytes[..];
        let mut result = Ok(());
        for cut in cuts.iter().cycle() {
            let (chunk, after) = rest.split_at(rest.len().min(*cut));
            rest = after;
            let (some, verdict) = collect(&mut reader, chunk);
            seen.extend(some);
            if verdict.is_err() {
                result = verdict;
            }
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!((seen, result), whole);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = collect(&mut FrameReader::new(100), &bytes);
    }
}
