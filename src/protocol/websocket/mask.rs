//! Masking of payloads (RFC 6455, section 5.3).

/// Unmasks the next part of a payload in place, eight bytes at a time, and turns `mask` so that
/// it fits the part after it.
pub(super) fn unmask(payload: &mut [u8], mask: &mut [u8; 4]) {
    let [a, b, c, d] = *mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let mut chunks = payload.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        chunk.copy_from_slice(&(u64::from_ne_bytes(word) ^ wide).to_ne_bytes());
    }
    for (byte, mask) in chunks.into_remainder().iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    mask.rotate_left(payload.len() % 4);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_are_unmasked_like_the_whole(
            payload in proptest::collection::vec(any::<u8>(), 0..100),
            mask in any::<[u8; 4]>(),
            cut in any::<proptest::sample::Index>(),
        ) {
            let plain: Vec<u8> =
                payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
            let mut parts = payload.clone();
            let (first, second) = parts.split_at_mut(cut.index(payload.len() + 1));
            let mut turned = mask;
            unmask(first, &mut turned);
            unmask(second, &mut turned);
            prop_assert_eq!(parts, plain);
        }
    }
}
