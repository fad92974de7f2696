//! Keys that are too weak or broken to be trusted, refused when they are imported.
//!
//! The rules hold for public and private keys alike: a weak key that signs is no better than one
//! that verifies.

use super::KeyError;
use super::material::trimmed;

/// The smallest RSA modulus (RFC 7518 §3.3) and the largest: a check costs time that grows with
/// the square of the size, and keys come from strangers' key sets.
pub(crate) const RSA_BITS: core::ops::RangeInclusive<usize> = 2048..=8192;

/// The largest exponent that the backends take; every exponent in use has 17 bits.
const MAX_EXPONENT_BITS: usize = 33;

/// Refuses an RSA key of the wrong size, with an even modulus, an exponent that is even or 1, or
/// the ROCA fingerprint.
pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Result<(), KeyError> {
    let bits = bit_len(n);
    if !RSA_BITS.contains(&bits) {
        return Err(KeyError::RsaSize { bits });
    }
    if !is_odd(n) {
        return Err(KeyError::RsaEvenModulus);
    }
    let bits = bit_len(e);
    // An odd number of at least two bits is 3 or more.
    if !is_odd(e) || !(2..=MAX_EXPONENT_BITS).contains(&bits) {
        return Err(KeyError::RsaExponent { bits });
    }
    if is_roca(n) {
        return Err(KeyError::RsaRoca);
    }
    Ok(())
}

/// Number of significant bits of a big-endian number.
fn bit_len(number: &[u8]) -> usize {
    let number = trimmed(number);
    match number.first() {
        None => 0,
        Some(first) => {
            let unused = usize::try_from(first.leading_zeros()).unwrap_or(0);
            number.len().saturating_mul(8).saturating_sub(unused)
        }
    }
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last & 1 == 1)
}

/// The fingerprint of CVE-2017-15361: the flawed generator makes primes of the form
/// `k · M + 65537^a mod M`, where `M` is a product of the first primes. So the modulus is a power of
/// 65537 modulo each of them, which a sound modulus is for all 38 at once with a chance of 2⁻²⁷.
fn is_roca(n: &[u8]) -> bool {
    (3..=167_u32).filter(|p| is_prime(*p)).all(|p| is_power_of_65537(remainder(n, p), p))
}

fn is_prime(n: u32) -> bool {
    (2..n).take_while(|d| d.saturating_mul(*d) <= n).all(|d| n.checked_rem(d) != Some(0))
}

/// `n mod p`, byte by byte; `p` is below 2⁸, so nothing overflows.
fn remainder(n: &[u8], p: u32) -> u32 {
    n.iter().fold(0, |rest, byte| {
        let next = rest.saturating_mul(256).saturating_add(u32::from(*byte));
        next.checked_rem(p).unwrap_or(0)
    })
}

/// Whether `value` lies in the multiplicative subgroup that 65537 generates modulo `p`.
fn is_power_of_65537(value: u32, p: u32) -> bool {
    let generator = 65_537_u32.checked_rem(p).unwrap_or(0);
    let mut power = 1_u32;
    for _ in 0..p {
        if power == value {
            return true;
        }
        power = power.saturating_mul(generator).checked_rem(p).unwrap_or(0);
    }
    false
}

#[cfg(test)]
mod tests {
    #![expect(clippy::arithmetic_side_effects, reason = "small numbers of the tests' own")]

    use super::*;

    const E: [u8; 3] = [1, 0, 1];

    /// A number of `bits` bits with pseudo-random middle, the last byte as given.
    fn modulus(bits: usize, last: u8) -> Vec<u8> {
        let len = bits.div_ceil(8);
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut n: Vec<u8> = (0..len)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[3]
            })
            .collect();
        let top = (bits - 1) % 8;
        n[0] = (n[0] & ((1 << top) - 1)) | (1 << top);
        n[len - 1] = last;
        n
    }

    /// 65537^128: 2049 bits, and a power of 65537 modulo everything, as the moduli of CVE-2017-15361.
    fn roca() -> Vec<u8> {
        // Little endian while it grows: times 2¹⁶ + 1 is the number plus itself two bytes up.
        let mut n = vec![1_u8];
        for _ in 0..128 {
            let byte = |place: usize| u16::from(n.get(place).copied().unwrap_or(0));
            let mut carry = 0;
            let product = (0..n.len() + 3).map(|place| {
                let sum = byte(place) + if place < 2 { 0 } else { byte(place - 2) } + carry;
                carry = sum >> 8;
                sum.to_le_bytes()[0]
            });
            n = product.collect();
        }
        n.reverse();
        trimmed(&n).to_vec()
    }

    #[test]
    fn sizes_from_2048_to_8192_bits_are_accepted() {
        for bits in [2048, 2049, 3072, 4096, 8191, 8192] {
            assert_eq!(rsa(&modulus(bits, 0x35), &E), Ok(()), "{bits}");
        }
        for bits in [512, 1024, 2047, 8193, 16384] {
            assert_eq!(rsa(&modulus(bits, 0x35), &E), Err(KeyError::RsaSize { bits }), "{bits}");
        }
        assert_eq!(rsa(&[], &E), Err(KeyError::RsaSize { bits: 0 }));
    }

    #[test]
    fn leading_zeros_do_not_make_a_modulus_longer() {
        let padded = [vec![0; 200], modulus(1024, 0x35)].concat();
        assert_eq!(rsa(&padded, &E), Err(KeyError::RsaSize { bits: 1024 }));
    }

    #[test]
    fn an_even_modulus_is_refused() {
        assert_eq!(rsa(&modulus(2048, 0x34), &E), Err(KeyError::RsaEvenModulus));
    }

    #[test]
    fn exponents_are_odd_at_least_3_and_at_most_33_bits() {
        let n = modulus(2048, 0x35);
        for good in [&[3][..], &[17], &[1, 0, 1], &[1, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(rsa(&n, good), Ok(()), "{good:?}");
        }
        for (bad, bits) in [
            (&[][..], 0),
            (&[0], 0),
            (&[1], 1),
            (&[2], 2),
            (&[1, 0, 0], 17),
            (&[2, 0, 0, 0, 1], 34),
            (&[0x80, 0, 0, 0, 0, 0, 0, 1], 64),
        ] {
            assert_eq!(rsa(&n, bad), Err(KeyError::RsaExponent { bits }), "{bad:?}");
        }
    }

    #[test]
    fn the_roca_fingerprint_is_refused() {
        let n = roca();
        assert_eq!(bit_len(&n), 2049);
        assert_eq!(rsa(&n, &E), Err(KeyError::RsaRoca));
        // A step aside leaves the subgroups.
        let mut aside = n;
        let last = aside.len() - 1;
        aside[last] ^= 2;
        assert_eq!(rsa(&aside, &E), Ok(()));
    }

    #[test]
    fn thirty_eight_primes_are_asked() {
        let primes: Vec<u32> = (3..=167).filter(|p| is_prime(*p)).collect();
        assert_eq!((primes.len(), primes[0], primes[37]), (38, 3, 167));
    }

    #[test]
    fn subgroups_are_those_of_65537() {
        // 65537 is −1 modulo 3 and modulo 11.
        let group = |p| (0..p).filter(|v| is_power_of_65537(*v, p)).collect::<Vec<_>>();
        assert_eq!(group(3), [1, 2]);
        assert_eq!(group(11), [1, 10]);
    }
}
