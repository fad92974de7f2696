//! That the suites run on the backend that they were started for, and that jwt-core needs nothing of jsonwebtoken's.

#![allow(clippy::unwrap_used, reason = "what fails in here fails a test")]

use std::panic::catch_unwind;

use jsonwebtoken::{EncodingKey, Header};
use jwt_core::{Algorithm, KeySet, SigningKey, VerifyingKey, jws};
use tests::backend::{absent, generate, signs};

#[test]
fn the_backend_lacks_what_the_list_says_and_nothing_else() {
    for algorithm in Algorithm::ALL {
        let made = SigningKey::generate(algorithm).map(drop).map_err(|error| error.code());
        assert_eq!(made, if signs(algorithm) { Ok(()) } else { Err("no_backend") }, "{algorithm}");
    }
    assert_eq!(absent().len(), if cfg!(feature = "aws-lc-rs") { 0 } else { 6 });
}

/// With neither or both of its backends on, jsonwebtoken panics unless a provider was installed, which none of our
/// crates does.
#[test]
#[expect(clippy::disallowed_methods, reason = "to see that this build is one in which it panics")]
fn where_jsonwebtoken_panics_our_keys_sign_and_verify() {
    #[cfg(feature = "jsonwebtoken-backends")]
    let _both_are_on = (
        &jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER,
        &jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER,
    );
    let secret: Vec<u8> = (0..32).collect();
    let theirs = EncodingKey::from_secret(&secret);
    let panicked =
        catch_unwind(|| jsonwebtoken::encode(&Header::default(), &(), &EncodingKey::from_secret(&secret)));
    let words = panicked.unwrap_err();
    assert!(words.downcast_ref::<String>().unwrap().contains("CryptoProvider"));

    let imported = SigningKey::try_from((Algorithm::HS256, &theirs)).unwrap();
    for key in Algorithm::ALL.into_iter().map(generate).chain([imported]) {
        let (token, public) = (jws::sign(b"payload", &key).unwrap(), key.verifying_key());
        let public = match jsonwebtoken::DecodingKey::try_from(&public) {
            Ok(theirs) => VerifyingKey::try_from((key.algorithm(), &theirs)).unwrap(),
            Err(error) => {
                assert_eq!(error.code(), "no_equivalent", "{}", key.algorithm());
                public
            }
        };
        let verify = |token: &str| jws::verify(token, &KeySet::new([public.clone()]).unwrap()).is_ok();
        assert!(verify(&token), "{}", key.algorithm());
        assert!(!verify(&token.replacen('.', "A.", 2)), "{}", key.algorithm());
    }
}
