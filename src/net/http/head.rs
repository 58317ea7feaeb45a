//! Reads the head of a request, up to a size limit.

use tokio::io::{AsyncRead, AsyncReadExt};

use super::answer::Answer;

/// The head of a request as it came, its empty line included, and what came after it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) bytes: Vec<u8>,
    pub(super) rest: Vec<u8>,
}

/// Why there is no head.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReadError {
    /// The peer has gone.
    Gone,
    /// It is refused with this answer.
    Refused(Answer),
}

/// Reads a head of at most `limit` bytes.
pub(super) async fn read<S: AsyncRead + Unpin>(
    stream: &mut S,
    limit: usize,
) -> Result<Head, ReadError> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        let before = bytes.len();
        let room = limit.saturating_sub(before) as u64;
        let read = stream.take(room).read_buf(&mut bytes).await.map_err(|_| ReadError::Gone)?;
        if read == 0 && bytes.len() >= limit {
            return Err(ReadError::Refused(Answer::new(
                "431 Request Header Fields Too Large",
                format!("a handshake has at most {limit} bytes"),
            )));
        }
        if read == 0 {
            return Err(ReadError::Gone);
        }
        if !bytes[0].is_ascii_graphic() {
            return Err(ReadError::Refused(not_http()));
        }
        // The empty line may straddle two reads.
        if let Some(end) = end_of_head(&bytes, before.saturating_sub(3)) {
            let rest = bytes.split_off(end);
            return Ok(Head { bytes, rest });
        }
    }
}

/// The answer to a peer that does not speak HTTP.
pub(super) fn not_http() -> Answer {
    Answer::new("400 Bad Request", "this is not HTTP; connect with ws:// (not wss://)")
}

/// Where the head ends, if its empty line has come. Searches from `from` on.
fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let unseen = &bytes[from..];
    let end = |line: &[u8]| {
        unseen.windows(line.len()).position(|window| window == line).map(|at| at + line.len())
    };
    let ends = [end(b"\r\n\r\n"), end(b"\n\n"), end(b"\n\r\n")];
    ends.into_iter().flatten().min().map(|end| from + end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_chunks(chunks: &[&[u8]], limit: usize) -> Result<Head, ReadError> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut stream = tokio_test_stream(chunks);
        runtime.block_on(read(&mut stream, limit))
    }

    /// A stream that returns one chunk a read.
    fn tokio_test_stream(chunks: &[&[u8]]) -> impl AsyncRead + Unpin + use<> {
        struct Chunks(std::collections::VecDeque<Vec<u8>>);
        impl AsyncRead for Chunks {
            fn poll_read(
                mut self: std::pin::Pin<&mut Self>,
                _cx: &mut std::task::Context<'_>,
                buffer: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                if let Some(mut chunk) = self.0.pop_front() {
                    let taken = chunk.len().min(buffer.remaining());
                    buffer.put_slice(&chunk[..taken]);
                    if taken < chunk.len() {
                        self.0.push_front(chunk.split_off(taken));
                    }
                }
                std::task::Poll::Ready(Ok(()))
            }
        }
        let chunks = chunks.iter().filter(|chunk| !chunk.is_empty());
        Chunks(chunks.map(|chunk| chunk.to_vec()).collect())
    }

    #[test]
    fn a_head_ends_with_its_empty_line_wherever_it_is_cut() {
        let text = b"GET / HTTP/1.1\r\nHost: h\r\n\r\nrest";
        for cut in 1..text.len() {
            let (first, second) = text.split_at(cut);
            let head = read_chunks(&[first, second], 1000).unwrap();
            assert_eq!(head.bytes, &text[..text.len() - 4], "cut at {cut}");
        }
    }

    #[test]
    fn a_head_is_bounded() {
        let long = b"GET / HTTP/1.1\r\nX: yyyyyyyyyyyyyyyyyyyyyyyy";
        let Err(ReadError::Refused(answer)) = read_chunks(&[long], 20) else { panic!("was read") };
        assert_eq!(answer.status, "431 Request Header Fields Too Large");
        assert_eq!(read_chunks(&[&long[..10]], 20), Err(ReadError::Gone));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(
            chunks in proptest::collection::vec(
                proptest::collection::vec(
                    prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a'), any::<u8>()],
                    0..40,
                ),
                0..6,
            ),
            limit in 0usize..120,
        ) {
            let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            if let Ok(head) = read_chunks(&chunks, limit) {
                prop_assert!(head.bytes.len() <= limit);
                prop_assert!(head.bytes.ends_with(b"\n"));
            }
        }
    }
}
