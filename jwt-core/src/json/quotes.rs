//! Texts without escapes, where every quote opens or closes a string: all that tokens mostly are.
//!
//! There, strings need no search. The quotes of 64 bytes are marked at once, by loops without branches
//! that the compiler turns into vector instructions, and no mark waits for the one before it.

/// Whether there is neither an escape nor a control character, white space other than ` ` included.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    bytes.iter().fold(0_u8, |special, &byte| special | u8::from(byte < 0x20) | u8::from(byte == b'\\')) == 0
}

/// The places of the quotes of a text, in order.
pub(super) struct Quotes<'j> {
    bytes: &'j [u8],
    /// Where the block begins that `marks` are of.
    block: usize,
    /// A bit for each quote that was not yet asked for.
    marks: u64,
}

impl<'j> Quotes<'j> {
    pub(super) fn of(bytes: &'j [u8]) -> Self {
        Self { bytes, block: 0, marks: marks(bytes) }
    }

    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<usize> {
        while self.marks == 0 {
            self.block = self.block.wrapping_add(64);
            self.marks = marks(self.bytes.get(self.block..)?);
        }
        let first = usize::try_from(self.marks.trailing_zeros()).ok()?;
        // Takes the lowest bit away.
        self.marks &= self.marks.wrapping_sub(1);
        Some(self.block.wrapping_add(first))
    }
}

/// A bit for each of the first 64 bytes, the lowest for the first: whether it is a quote.
#[inline]
fn marks(bytes: &[u8]) -> u64 {
    match bytes.first_chunk() {
        Some(block) => marks_of(block),
        None => {
            let mut block = [0; 64];
            block.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            marks_of(&block)
        }
    }
}

#[inline(never)]
fn marks_of(block: &[u8; 64]) -> u64 {
    // Each quote as one bit, in the place that it has among its eight bytes; then eight bytes are added up.
    const PLACES: [[u8; 8]; 8] = [[1, 2, 4, 8, 16, 32, 64, 128]; 8];
    let mut bits = [0; 64];
    for ((bit, byte), place) in bits.iter_mut().zip(block).zip(PLACES.as_flattened()) {
        *bit = if *byte == b'"' { *place } else { 0 };
    }
    let (eights, _) = bits.as_chunks::<8>();
    let sum =
        |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0101_0101_0101_0101).wrapping_shr(56);
    eights.iter().rev().fold(0, |marks, eight| marks.wrapping_shl(8) | sum(eight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quote_is_found_wherever_it_stands() {
        for len in 0..200 {
            for at in 0..len {
                let mut text = vec![b'a'; len];
                text[at] = b'"';
                text[len - 1] = b'"';
                let expected: Vec<usize> = (0..len).filter(|&at| text[at] == b'"').collect();
                let mut quotes = Quotes::of(&text);
                let found: Vec<usize> = core::iter::from_fn(|| quotes.next()).collect();
                assert_eq!(found, expected, "{len} {at}");
            }
        }
        for byte in 0..=255_u8 {
            assert_eq!(marks(&[byte; 64]), if byte == b'"' { u64::MAX } else { 0 }, "{byte:#04x}");
        }
    }

    #[test]
    fn escapes_and_control_characters_are_not_plain() {
        for byte in 0..=255_u8 {
            for len in [1, 15, 16, 17, 100] {
                for at in 0..len {
                    let mut text = vec![b'a'; len];
                    text[at] = byte;
                    assert_eq!(is_plain(&text), byte >= 0x20 && byte != b'\\', "{byte:#04x} {len} {at}");
                }
            }
        }
    }
}
