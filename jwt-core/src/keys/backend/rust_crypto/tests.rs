use p256::elliptic_curve::ops::Neg;

use super::*;
use crate::KeyType;
use crate::keys::fixtures as f;

fn made(pair: &Pair, message: &[u8]) -> Vec<u8> {
    let mut signature = Vec::new();
    pair.sign.sign(message, &mut signature).unwrap();
    signature
}

fn new_pair(algorithm: Algorithm) -> Pair {
    signer(algorithm, &generate(algorithm).ok().unwrap().secret).ok().unwrap()
}

fn asymmetric() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.into_iter().filter(|a| !a.is_symmetric())
}

#[test]
fn rsa_keys_that_sign_are_absent_and_nothing_else() {
    let no_backend = KeyError::NoBackend { operation: RSA_SIGNING };

    let absent: Vec<_> = asymmetric().filter(|a| generate(*a).err() == Some(no_backend.clone())).collect();
    assert_eq!(absent, f::absent());
    assert!(asymmetric().all(|a| absent.contains(&a) == (a.facts().key_type == KeyType::Rsa)));

    let private = der::private(&f::der(f::RSA_PKCS8)).ok().unwrap().secret;
    let public = der::public(&f::der(f::RSA_PUBLIC)).ok().unwrap();
    for algorithm in absent {
        assert_eq!(signer(algorithm, &private).err(), Some(no_backend.clone()), "{algorithm}");
        assert!(verifier(algorithm, &public).is_ok(), "{algorithm}");
    }
    for algorithm in asymmetric().filter(|a| a.facts().key_type != KeyType::Rsa) {
        let pair = new_pair(algorithm);
        assert!(verifier(algorithm, &pair.public).ok().unwrap().verify(b"m", &made(&pair, b"m")));
    }
    for algorithm in Algorithm::ALL.into_iter().filter(|a| a.is_symmetric()) {
        assert!(hmac(algorithm, f::SECRET.as_bytes()).is_ok(), "{algorithm}");
    }
}

#[test]
fn a_signature_has_one_length_here_too() {
    // Beneath the check of the length in `VerifyingKey::verify`.
    for algorithm in asymmetric().filter(|a| a.facts().key_type != KeyType::Rsa) {
        let pair = new_pair(algorithm);
        let (verify, good) = (verifier(algorithm, &pair.public).ok().unwrap(), made(&pair, b"m"));
        for bad in [&good[1..], &good[..good.len() - 1], &[&good[..], &[0]].concat(), &[]] {
            assert!(!verify.verify(b"m", bad), "{algorithm} {}", bad.len());
        }
    }
    let shared = hmac(Algorithm::HS256, f::SECRET.as_bytes()).ok().unwrap();
    let good = made(&Pair { sign: shared.sign, public: new_pair(Algorithm::EdDSA).public }, b"m");
    assert!(shared.verify.verify(b"m", &good));
    assert!(!shared.verify.verify(b"m", &good[..16]) && !shared.verify.verify(b"m", &[]));
}

#[test]
fn the_high_and_the_low_s_are_accepted() {
    let pair = new_pair(Algorithm::ES256);
    let verify = verifier(Algorithm::ES256, &pair.public).ok().unwrap();
    let one = p256::ecdsa::Signature::from_slice(&made(&pair, b"m")).unwrap();
    let other = p256::ecdsa::Signature::from_scalars(*one.r(), one.s().neg()).unwrap();
    assert_ne!(one, other);
    assert!(verify.verify(b"m", &one.to_bytes()) && verify.verify(b"m", &other.to_bytes()));
}

#[test]
fn a_point_of_small_order_accepts_no_forgery() {
    // The neutral point as key and as R, S = 0: without the strict check good for every message.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let forged = [neutral, [0; 32]].concat();
    let key = PublicMaterial::Okp { curve: Curve::Ed25519, x: neutral.to_vec() };
    let verify = verifier(Algorithm::EdDSA, &key).ok().unwrap();
    assert!((0..64).all(|message| !verify.verify(&[message], &forged)));
}

#[test]
fn two_forms_of_an_ml_dsa_key_agree() {
    let seed = Zeroizing::new(vec![9; der::SEED_LEN]);
    let key = ExpandedSigningKey::<MlDsa44>::from_seed(seed.as_slice().try_into().unwrap());
    #[expect(deprecated, reason = "the form is compared")]
    let right = key.to_expanded().to_vec();
    let mut wrong = right.clone();
    wrong[right.len() - 1] ^= 1;
    let algorithm = Algorithm::MlDsa44;
    let with = |expanded: &[u8]| {
        let expanded = Some(Zeroizing::new(expanded.to_vec()));
        signer(algorithm, &PrivateParts::Akp { algorithm, seed: seed.clone(), expanded }).err()
    };
    assert_eq!(with(&right), None);
    for bad in [&wrong[..], &right[1..], &[]] {
        assert_eq!(with(bad), Some(KeyError::HalvesDiffer { algorithm }));
    }
}

#[test]
fn every_signature_but_that_of_ed25519_is_fresh() {
    for algorithm in asymmetric().filter(|a| a.facts().key_type != KeyType::Rsa) {
        let pair = new_pair(algorithm);
        let fresh = algorithm.facts().family != Family::EdDsa;
        assert_eq!(made(&pair, b"m") != made(&pair, b"m"), fresh, "{algorithm}");
    }
}

/// With both features on, each backend is the other's oracle.
#[cfg(feature = "aws-lc-rs")]
mod beside_aws_lc {
    use super::super::super::aws_lc;
    use super::*;

    #[test]
    fn both_derive_one_public_key_and_accept_each_others_signatures() {
        for algorithm in asymmetric() {
            let private = aws_lc::generate(algorithm).ok().unwrap().secret;
            let theirs = aws_lc::signer(algorithm, &private).ok().unwrap();
            let ours = verifier(algorithm, &theirs.public).ok().unwrap();
            let mut signatures = vec![made(&theirs, b"m")];
            match signer(algorithm, &private) {
                Ok(pair) => {
                    assert!(pair.public == theirs.public, "{algorithm}");
                    signatures.push(made(&pair, b"m"));
                }
                Err(error) => assert_eq!(error, KeyError::NoBackend { operation: RSA_SIGNING }),
            }
            let theirs = aws_lc::verifier(algorithm, &theirs.public).ok().unwrap();
            for good in signatures {
                let mut bad = good.clone();
                bad[good.len() / 3] ^= 1;
                for verify in [&ours, &theirs] {
                    assert!(verify.verify(b"m", &good) && !verify.verify(b"n", &good), "{algorithm}");
                    assert!(!verify.verify(b"m", &bad), "{algorithm}");
                }
            }
        }
    }

    #[test]
    fn both_compute_the_same_codes_and_hashes() {
        for algorithm in Algorithm::ALL.into_iter().filter(|a| a.is_symmetric()) {
            // Also above the block of the hash, where the secret itself is hashed.
            for secret in [&[5; 64][..], &[6; 200]] {
                let both = [hmac(algorithm, secret), aws_lc::hmac(algorithm, secret)];
                let [ours, theirs] = both.map(|shared| {
                    let mut code = Vec::new();
                    shared.ok().unwrap().sign.sign(b"m", &mut code).unwrap();
                    code
                });
                assert_eq!(ours, theirs, "{algorithm}");
            }
        }
        for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            assert_eq!(digest(hash, b"m"), aws_lc::digest(hash, b"m"));
        }
    }
}
