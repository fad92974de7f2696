//! Whether 32 bytes are a sound Ed25519 public key (RFC 8032 §5.1.3 and §5.1.7).
//!
//! Backends only store the bytes when a key is made, and find out about a bad point, if at all, at every
//! verification. Here is enough arithmetic modulo p = 2²⁵⁵ − 19 to ask once. Nothing in it is secret,
//! so it need not take constant time.

use super::KeyError;
use crate::Algorithm;

/// Refuses bytes that are no point, and points whose order divides the cofactor 8. Under such a "key" one
/// fixed signature verifies for one message in eight or more.
pub(crate) fn point(algorithm: Algorithm, bytes: &[u8]) -> Result<(), KeyError> {
    let rejected = KeyError::Rejected { algorithm };
    let Ok(mut y) = <[u8; 32]>::try_from(bytes) else { return Err(rejected) };
    // The top bit is the sign of x, which decides nothing here.
    y[31] &= 0x7f;
    let (reduced, y) = (is_reduced(&y), Field::from_bytes(&y));
    if !reduced || !Point::at(y).is_on_curve() {
        return Err(rejected);
    }
    let eightfold = Point::at(y).doubled().doubled().doubled();
    if eightfold.is_neutral() { Err(KeyError::SmallOrderPoint) } else { Ok(()) }
}

/// Below p, little endian: 0xed, 0xff …, 0x7f.
fn is_reduced(y: &[u8; 32]) -> bool {
    let [low, middle @ .., high] = y;
    *low < 0xed || *high < 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

/// A point of −x² + y² = 1 + d·x²·y² with d = −121665 / 121666, by its y = `y / z` alone. As x occurs
/// squared only, its root is never needed.
#[derive(Clone, Copy)]
struct Point {
    y: Field,
    z: Field,
}

impl Point {
    const fn at(y: Field) -> Self {
        Self { y, z: Field::ONE }
    }

    /// x² as a fraction: (y² − 1) / (d·y² + 1), both parts times 121666.
    fn x_squared(self) -> (Field, Field) {
        let (yy, zz) = (self.y.times(self.y), self.z.times(self.z));
        let numerator = yy.minus(zz).times(Field::small(121_666));
        let denominator = zz.times(Field::small(121_666)).minus(yy.times(Field::small(121_665)));
        (numerator, denominator)
    }

    /// The fraction is a square exactly when the product of its parts is.
    fn is_on_curve(self) -> bool {
        let (u, v) = self.x_squared();
        u.times(v).is_square()
    }

    /// y of the double: (y² + x²) / (1 − d·x²·y²), both parts times 121666.
    fn doubled(self) -> Self {
        let (u, v) = self.x_squared();
        let (yy, zz) = (self.y.times(self.y), self.z.times(self.z));
        let y = yy.times(v).plus(zz.times(u)).times(Field::small(121_666));
        let z = zz.times(v).times(Field::small(121_666)).plus(yy.times(u).times(Field::small(121_665)));
        Self { y, z }
    }

    /// y = 1.
    fn is_neutral(self) -> bool {
        self.y.minus(self.z).reduced() == [0; 5]
    }
}

/// A number modulo p in five limbs of 51 bits, each below 2⁵² between operations.
#[derive(Clone, Copy)]
struct Field([u64; 5]);

const LIMB_BITS: u32 = 51;
const LIMB_MASK: u64 = (1 << LIMB_BITS) - 1;
/// 4·p, limb by limb: more than any number, so that a difference stays positive.
const FOUR_P: [u64; 5] = [(1 << 53) - 76, (1 << 53) - 4, (1 << 53) - 4, (1 << 53) - 4, (1 << 53) - 4];

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "limbs are below 2⁵², products below 2¹⁰⁴, their sums with factor 19 below 2¹¹²; indices are below 5"
)]
impl Field {
    const ONE: Self = Self([1, 0, 0, 0, 0]);

    const fn small(n: u32) -> Self {
        // `u64::from` is not const.
        let [a, b, c, d] = n.to_le_bytes();
        Self([u64::from_le_bytes([a, b, c, d, 0, 0, 0, 0]), 0, 0, 0, 0])
    }

    fn from_bytes(bytes: &[u8; 32]) -> Self {
        let mut limbs = [0; 5];
        for bit in 0..255 {
            let set = bytes[bit / 8] >> (bit % 8) & 1;
            limbs[bit / 51] |= u64::from(set) << (bit % 51);
        }
        Self(limbs)
    }

    fn plus(self, other: Self) -> Self {
        Self(core::array::from_fn(|i| self.0[i] + other.0[i])).carried()
    }

    fn minus(self, other: Self) -> Self {
        Self(core::array::from_fn(|i| self.0[i] + FOUR_P[i] - other.0[i])).carried()
    }

    fn times(self, other: Self) -> Self {
        let mut wide = [0_u128; 5];
        for (i, a) in self.0.into_iter().enumerate() {
            for (j, b) in other.0.into_iter().enumerate() {
                let product = u128::from(a) * u128::from(b);
                // 2²⁵⁵ = 19 (mod p).
                if i + j < 5 { wide[i + j] += product } else { wide[i + j - 5] += 19 * product }
            }
        }
        let mut limbs = [0; 5];
        let mut carry = 0_u128;
        for (limb, sum) in limbs.iter_mut().zip(wide) {
            let sum = sum + carry;
            *limb = u64::try_from(sum & u128::from(LIMB_MASK)).unwrap_or(0);
            carry = sum >> LIMB_BITS;
        }
        // The last sum holds no factor 19, so that its carry is below 2⁵⁶.
        limbs[0] += 19 * u64::try_from(carry).unwrap_or(0);
        Self(limbs).carried()
    }

    /// Carries what exceeds 51 bits, so that every limb is below 2⁵².
    fn carried(self) -> Self {
        let mut limbs = self.0;
        for i in 0..5 {
            let carry = limbs[i] >> LIMB_BITS;
            limbs[i] &= LIMB_MASK;
            if i < 4 { limbs[i + 1] += carry } else { limbs[0] += 19 * carry }
        }
        Self(limbs)
    }

    /// The limbs of the one number below p.
    fn reduced(self) -> [u64; 5] {
        let mut limbs = self.carried().carried().0;
        // At most once p too much: adding 19 then carries out of the top.
        let excess = limbs.iter().fold(19, |carry, limb| (limb + carry) >> LIMB_BITS);
        limbs[0] += 19 * excess;
        for i in 0..4 {
            limbs[i + 1] += limbs[i] >> LIMB_BITS;
            limbs[i] &= LIMB_MASK;
        }
        limbs[4] &= LIMB_MASK;
        limbs
    }

    /// Euler's criterion: n to the power (p − 1) / 2 = 2²⁵⁴ − 10 is 1, or 0 for 0.
    fn is_square(self) -> bool {
        let mut power = Self::ONE;
        for bit in (0..254).rev() {
            power = power.times(power);
            // 2²⁵⁴ − 10 in binary: 250 ones, then 0110.
            if bit >= 4 || 0b0110 >> bit & 1 == 1 {
                power = power.times(self);
            }
        }
        matches!(power.reduced(), [0 | 1, 0, 0, 0, 0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALGORITHM: Algorithm = Algorithm::Ed25519;

    fn small(y: u8) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[0] = y;
        bytes
    }

    /// A number next to p, which itself ends in 0xed.
    fn near_p(low: u8) -> [u8; 32] {
        let mut bytes = [0xff; 32];
        bytes[0] = low;
        bytes[31] = 0x7f;
        bytes
    }

    #[test]
    fn small_numbers_are_points_where_the_equation_has_a_root() {
        // Computed from the equation of RFC 8032 §5.1 with a general-purpose calculator.
        let points = [
            3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 19, 21, 23, 24, 25, 26, 27, 28, 29, 30, 32, 33, 35, 37, 39,
            40, 42, 43, 44, 48, 51, 52, 54, 55, 56, 57, 58, 60, 61, 62, 63,
        ];
        for y in 2..64 {
            let expected =
                if points.contains(&y) { Ok(()) } else { Err(KeyError::Rejected { algorithm: ALGORITHM }) };
            assert_eq!(point(ALGORITHM, &small(y)), expected, "{y}");
        }
    }

    #[test]
    fn the_base_point_and_the_keys_of_the_rfc_are_sound() {
        // RFC 8032 §5.1.
        let mut base = [0x66; 32];
        base[0] = 0x58;
        assert_eq!(point(ALGORITHM, &base), Ok(()));
        // RFC 8032 §7.1, TEST 1.
        let key = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(point(ALGORITHM, &crate::base64url::decode_private(key).unwrap()), Ok(()));
    }

    #[test]
    fn only_32_bytes_below_p_are_a_point() {
        let rejected = Err(KeyError::Rejected { algorithm: ALGORITHM });
        for low in 0xed..=0xff {
            assert_eq!(point(ALGORITHM, &near_p(low)), rejected, "{low}");
        }
        for len in [0, 31, 33] {
            assert_eq!(point(ALGORITHM, &vec![1; len]), rejected, "{len}");
        }
    }

    /// One of the four points of order 8, as y; the others have the other sign, or −y.
    const ORDER_8: [u8; 32] = [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ];

    /// The points whose order divides 8, both signs of each y.
    fn small_order() -> Vec<[u8; 32]> {
        // p − y, byte by byte from the low end, with a borrow.
        let mut negative = near_p(0xed);
        let mut borrow = 0;
        for (byte, y) in negative.iter_mut().zip(ORDER_8) {
            let (rest, below) = byte.overflowing_sub(y);
            let (rest, below_too) = rest.overflowing_sub(borrow);
            (*byte, borrow) = (rest, u8::from(below || below_too));
        }
        let signed = |y: [u8; 32]| {
            let mut other = y;
            other[31] |= 0x80;
            [y, other]
        };
        [small(0), small(1), near_p(0xec), ORDER_8, negative].into_iter().flat_map(signed).collect()
    }

    #[test]
    fn points_of_small_order_are_refused() {
        for y in small_order() {
            assert_eq!(point(ALGORITHM, &y), Err(KeyError::SmallOrderPoint), "{y:?}");
        }
    }

    // The other backend refuses these keys by itself.
    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn every_point_of_small_order_would_accept_a_forgery() {
        use crate::Curve;
        use crate::keys::{backend, material::PublicMaterial};

        // R = the neutral point, S = 0: it holds wherever the order of the key divides the hash.
        let mut forged = [0; 64];
        forged[0] = 1;
        for y in small_order() {
            let key = PublicMaterial::Okp { curve: Curve::Ed25519, x: y.to_vec() };
            let unguarded = backend::verifier(ALGORITHM, &key).unwrap();
            let forgeries = (0..64).filter(|m| unguarded.verify(&[*m], &forged)).count();
            // x = 0 has no negative, and AWS-LC does not decode that spelling.
            let decodes = y[31] < 0x80 || !(y[0] == 1 || y[0] == 0xec);
            assert_eq!(forgeries > 0, decodes, "{y:?}: {forgeries}");
        }
    }

    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    #[test]
    fn generated_keys_are_sound() {
        for _ in 0..50 {
            assert!(crate::SigningKey::generate(ALGORITHM).is_ok());
        }
    }
}
