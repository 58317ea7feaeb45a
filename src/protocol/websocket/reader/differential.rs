//! The reader beside tungstenite's: the same messages, and the same connections refused.

use std::io::{self, Cursor, Read, Write};

use proptest::prelude::*;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket};

use super::tests::frame;
use super::{FrameReader, Incoming};

/// The largest message. Above 125, so that control frames are never too large for tungstenite's
/// limit of frames alone.
pub(super) const MAX: usize = 300;

/// What one reader made of the bytes: what they complete, and whether the connection is refused.
type Reading = (Vec<Message>, bool);

fn ours(bytes: &[u8]) -> Reading {
    let mut messages = Vec::new();
    let result = FrameReader::new(MAX).read(&mut bytes.to_vec(), |incoming: Incoming<'_>| {
        messages.push(match incoming {
            Incoming::Text(text) => Message::text(text),
            Incoming::Binary(payload) => Message::binary(payload.to_vec()),
            Incoming::Ping(payload) => Message::Ping(payload.to_vec().into()),
            Incoming::Pong(payload) => Message::Pong(payload.to_vec().into()),
            Incoming::Close(_) => Message::Close(None),
            Incoming::Fragment(_) => return,
        });
    });
    (messages, result.is_err())
}

/// A stream that has `.0` to be read and takes whatever is written.
struct Recorded<'a>(Cursor<&'a [u8]>);

impl Read for Recorded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Recorded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn tungstenites(bytes: &[u8]) -> Reading {
    let config = WebSocketConfig::default()
        .read_buffer_size(512)
        .max_message_size(Some(MAX))
        .max_frame_size(Some(MAX));
    let stream = Recorded(Cursor::new(bytes));
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, Some(config));
    let mut messages = Vec::new();
    loop {
        match socket.read() {
            // Its own way to refuse a close code.
            Ok(Message::Close(Some(close))) if close.reason == "Protocol violation" => {
                return (messages, true);
            }
            Ok(Message::Close(_)) => {
                messages.push(Message::Close(None));
                return (messages, false);
            }
            Ok(message) => messages.push(message),
            // The bytes are at their end.
            Err(Error::Protocol(
                tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
            )) => return (messages, false),
            Err(Error::Protocol(_) | Error::Capacity(_) | Error::Utf8(_)) => {
                return (messages, true);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[ -~é李🙂]{0,20}".prop_map(String::into_bytes),
        1 => Just(Vec::new()),
        1 => proptest::collection::vec(any::<u8>(), 0..8),
        1 => (0usize..MAX + 20).prop_map(|len| vec![b'a'; len]),
    ]
}

/// The frames of one message, cut anywhere, control frames between them.
fn message() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let opcode = prop_oneof![3 => Just(0x01u8), 1 => Just(0x02)];
    let control = (0x89u8..=0x8a, proptest::collection::vec(any::<u8>(), 0..125))
        .prop_map(|(first, payload)| frame(first, &payload));
    let cuts = proptest::collection::vec(any::<proptest::sample::Index>(), 0..4);
    (opcode, payload(), cuts, proptest::collection::vec(control, 0..3)).prop_map(
        |(opcode, payload, cuts, controls)| {
            let mut cuts: Vec<usize> =
                cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
            cuts.sort_unstable();
            let (mut frames, mut from) = (Vec::new(), 0);
            for cut in &cuts {
                frames
                    .push(frame(if frames.is_empty() { opcode } else { 0 }, &payload[from..*cut]));
                from = *cut;
            }
            let last = if frames.is_empty() { opcode } else { 0 };
            frames.push(frame(last | 0x80, &payload[from..]));
            for (i, control) in controls.into_iter().enumerate() {
                frames.insert((i * 2).min(frames.len()), control);
            }
            frames
        },
    )
}

/// A close frame, or a frame that is likely to break a rule where it stands.
fn odd() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (any::<u8>(), payload()).prop_map(|(first, payload)| frame(first, &payload)),
        proptest::collection::vec(any::<u8>(), 0..130).prop_map(|payload| frame(0x89, &payload)),
        (0u16..5100, "[ -~é]{0,8}").prop_map(|(code, reason)| {
            frame(0x88, &[&code.to_be_bytes()[..], reason.as_bytes()].concat())
        }),
        proptest::collection::vec(any::<u8>(), 0..5).prop_map(|payload| frame(0x88, &payload)),
        Just(vec![0x81, 0x01, b'a']),
        Just(vec![0x81, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
        proptest::collection::vec(any::<u8>(), 0..20),
    ]
}

/// A connection's bytes: mostly messages, sometimes something odd, frames sometimes swapped.
pub(super) fn frames() -> impl Strategy<Value = Vec<u8>> {
    let frames = proptest::collection::vec(
        prop_oneof![8 => message(), 1 => odd().prop_map(|frame| vec![frame])],
        0..6,
    )
    .prop_map(|messages| messages.concat());
    (
        frames,
        proptest::option::weighted(
            0.2,
            any::<(proptest::sample::Index, proptest::sample::Index)>(),
        ),
    )
        .prop_map(|(mut frames, swap)| {
            if let Some((a, b)) = swap.filter(|_| !frames.is_empty()) {
                let len = frames.len();
                frames.swap(a.index(len), b.index(len));
            }
            frames.concat()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn both_readers_agree(bytes in frames(), cut in proptest::option::weighted(0.3, any::<proptest::sample::Index>())) {
        let end = cut.map_or(bytes.len(), |cut| cut.index(bytes.len() + 1));
        let (messages, refused) = ours(&bytes[..end]);
        let (expected, must_refuse) = tungstenites(&bytes[..end]);
        prop_assert_eq!(&messages, &expected);
        if refused && !must_refuse {
            // We refuse by the header or by the first bad byte, tungstenite by the whole frame:
            // so it has to, once the frame is whole.
            let mut longer = bytes[..end].to_vec();
            longer.resize(end + MAX + 14, 0);
            prop_assert!(tungstenites(&longer).1, "only ours refuses");
        } else {
            prop_assert_eq!(refused, must_refuse);
        }
    }
}
