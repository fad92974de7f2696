//! Keys that are too weak or broken to be trusted, refused when they are imported.
//!
//! The rules hold for public and private keys alike: a weak key that signs is no better than one
//! that verifies.

use super::KeyError;
use super::material::trimmed;

/// The smallest RSA modulus (RFC 7518 §3.3) and the largest: a check costs time that grows with
/// the square of the size, and keys come from strangers' key sets.
const RSA_BITS: core::ops::RangeInclusive<usize> = 2048..=8192;

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

/// Refuses the encodings of Ed25519 points whose order divides the cofactor 8. Under such a "key"
/// one fixed signature verifies for one message in eight or more, and the cofactorless check of
/// RFC 8032 §5.1.7 does not notice.
///
/// The points of order 1, 2 and 4 have `y` = 1, −1 and 0; the four of order 8 have two values of `y`,
/// here by their numbers. `p`, `p + 1` are the encodings of 0 and 1 that are not reduced.
pub(crate) fn edwards(point: &[u8]) -> Result<(), KeyError> {
    let Ok(mut y) = <[u8; 32]>::try_from(point) else { return Ok(()) };
    // The sign of x is the top bit of the last byte.
    if let Some(last) = y.last_mut() {
        *last &= 0x7f;
    }
    let near_p = |low: u8| {
        let mut bytes = [0xff; 32];
        bytes[0] = low;
        bytes[31] = 0x7f;
        bytes
    };
    let small = |low: u8| {
        let mut bytes = [0; 32];
        bytes[0] = low;
        bytes
    };
    // p = 2²⁵⁵ − 19, little endian: 0xed, 0xff …, 0x7f.
    let refused = [small(0), small(1), near_p(0xec), near_p(0xed), near_p(0xee), ORDER_8, ORDER_8_NEGATIVE];
    if refused.contains(&y) { Err(KeyError::SmallOrderPoint) } else { Ok(()) }
}

/// The `y` of two points of order 8, little endian.
const ORDER_8: [u8; 32] =
    little_endian(0x7a03_ac92_77fd_c74e_c6cc_392c_fa53_202a, 0x0f67_100d_760b_3cba_4fd8_4d3d_706a_17c7);
/// The `y` of the other two, which is −[`ORDER_8`].
const ORDER_8_NEGATIVE: [u8; 32] =
    little_endian(0x05fc_536d_8802_38b1_3933_c6d3_05ac_dfd5, 0xf098_eff2_89f4_c345_b027_b2c2_8f95_e826);

const fn little_endian(high: u128, low: u128) -> [u8; 32] {
    let (high, low) = (high.to_le_bytes(), low.to_le_bytes());
    let mut bytes = [0; 32];
    let (front, back) = bytes.split_at_mut(16);
    front.copy_from_slice(&low);
    back.copy_from_slice(&high);
    bytes
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

    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn every_refused_edwards_point_would_accept_a_forgery() {
        use crate::keys::{backend, material::PublicMaterial};
        use crate::{Algorithm, Curve};

        // R = the neutral point, S = 0: it holds wherever the order of the key divides the hash.
        let mut forged = [0; 64];
        forged[0] = 1;
        let (zero, one, minus_one) = (
            [0; 32],
            {
                let mut one = [0; 32];
                one[0] = 1;
                one
            },
            {
                let mut bytes = [0xff; 32];
                bytes[0] = 0xec;
                bytes[31] = 0x7f;
                bytes
            },
        );
        for point in [zero, one, minus_one, ORDER_8, ORDER_8_NEGATIVE] {
            for sign in [0, 0x80] {
                let mut x = point;
                x[31] |= sign;
                assert_eq!(edwards(&x), Err(KeyError::SmallOrderPoint), "{x:?}");
                let key = PublicMaterial::Okp { curve: Curve::Ed25519, x: x.to_vec() };
                let unguarded = backend::verifier(Algorithm::Ed25519, &key).unwrap();
                // x = 0 has no negative, which AWS-LC refuses to decode.
                let decodes = sign == 0 || !(point == one || point == minus_one);
                let forgeries = (0..64_u8).filter(|m| unguarded.verify(&[*m], &forged)).count();
                assert_eq!(forgeries > 0, decodes, "{x:?}: {forgeries}");
            }
        }
    }

    #[test]
    fn sound_edwards_points_are_accepted() {
        // The base point (RFC 8032 §5.1).
        let mut base = [0x66; 32];
        base[0] = 0x58;
        assert_eq!(edwards(&base), Ok(()));
    }
}
