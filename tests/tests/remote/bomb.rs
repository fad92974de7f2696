//! A compressed body that is small on the way and large when it is unpacked.

/// So many zeros as gzip (RFC 1952), 158 of them in each byte and a half or so: one block of fixed Huffman codes
/// (RFC 1951 §3.2.6) that repeats the byte before. The checksum is left out, which whoever unpacks on the way sees last.
pub(crate) fn gzip_of_zeros(zeros: usize) -> Vec<u8> {
    // Deflate, no name, no time.
    let mut bits = Bits(vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255], 0, 0);
    // The last block, with fixed codes.
    bits.put(0b1, 1);
    bits.put(0b01, 2);
    bits.code(0b0011_0000, 8); // the literal 0
    for _ in 0..zeros / 258 {
        bits.code(0b1100_0101, 8); // a length of 258
        bits.code(0, 5); // from one byte before
    }
    bits.code(0, 7); // the end
    bits.put(0, 7);
    bits.0.extend([0; 8]);
    bits.0
}

/// Bits, the lowest of each byte first.
struct Bits(Vec<u8>, u32, u32);

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.1 |= value << self.2;
        self.2 += count;
        while self.2 >= 8 {
            self.0.push((self.1 & 0xFF) as u8);
            self.1 >>= 8;
            self.2 -= 8;
        }
    }

    /// Huffman codes have their highest bit first (RFC 1951 §3.1.1).
    fn code(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }
}

#[test]
fn it_is_small() {
    assert!(gzip_of_zeros(64 << 20).len() < 512 * 1024);
}
