//! A token whose signature is made elsewhere.

use core::fmt;

use super::{IssueError, issued};
use crate::algorithm::Algorithm;
use crate::base64url;
use crate::keys::{SignError, VerifyingKey};

/// A token without its signature: what is to be signed, and by which key.
///
/// ```
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
/// use jwt_core::{Algorithm, Issuer, SigningKey, Verifier};
///
/// let far_away = SigningKey::generate(Algorithm::ES256)?;
/// let issuer = Issuer::builder()
///     .with_key(SigningKey::remote(far_away.verifying_key()))
///     .with_audience("api")
///     .with_issuer("https://id")
///     .build()?;
/// let unsigned = issuer.token().with_subject("alice").unsigned()?;
/// let mut signature = Vec::new();
/// far_away.sign(unsigned.signing_input(), &mut signature)?;
/// assert!(unsigned.clone().with_signature(b"none").is_err());
/// let token = unsigned.with_signature(&signature)?;
///
/// let verifier = Verifier::builder().with_key(&far_away).with_audience("api").with_issuer("https://id");
/// assert!(verifier.build()?.verify(&token).is_ok());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct UnsignedToken {
    pub(super) signing_input: Vec<u8>,
    pub(super) key: VerifyingKey,
}

impl UnsignedToken {
    /// What is to be signed (RFC 7515 §5.1): header and payload, as they stand in the token.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        &self.signing_input
    }

    /// The algorithm that is to sign it.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// The `kid` of the key that is to sign it.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key.key_id().map(|key_id| &**key_id)
    }

    /// The token, with a signature in the form of RFC 7518 §3 (for ECDSA `r ‖ s` in full length, not DER).
    ///
    /// # Errors
    /// - [`IssueError::Sign`]: it is no signature of this token by the issuer's key.
    /// - [`IssueError::Refused`]: the token is too long.
    pub fn with_signature(self, signature: &[u8]) -> Result<String, IssueError> {
        // Whoever asks for a signature over a network finds a wrong one here, and not at all verifiers.
        if !self.key.verify(&self.signing_input, signature) {
            return Err(IssueError::Sign(SignError::new(
                "it is not a signature of this token by the issuer's key",
            )));
        }
        let (algorithm, key_id) = (self.algorithm(), self.key.key_id().cloned());
        let mut token = self.signing_input;
        token.push(b'.');
        base64url::encode_into(signature, &mut token);
        let token =
            String::from_utf8(token).map_err(|error| IssueError::Sign(SignError::new(error.utf8_error())))?;
        issued(token, algorithm, key_id.as_deref())
    }
}

impl fmt::Debug for UnsignedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsignedToken").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use crate::{Algorithm, Issuer, SigningKey};

    #[test]
    fn only_a_signature_of_this_token_by_this_key_completes_it() {
        let far_away = SigningKey::generate(Algorithm::ES256).unwrap();
        let remote = SigningKey::remote(far_away.verifying_key());
        let issuer = Issuer::builder().with_key(remote).with_audience("api").with_issuer("https://id");
        let issuer = issuer.build().unwrap();
        let unsigned = issuer.token().with_subject("alice").unsigned().unwrap();
        assert_eq!(unsigned.algorithm(), Algorithm::ES256);
        assert_eq!(unsigned.key_id(), far_away.key_id().map(|key_id| &**key_id));
        let signature = |key: &SigningKey, message: &[u8]| {
            let mut signature = Vec::new();
            key.sign(message, &mut signature).unwrap();
            signature
        };
        let good = signature(&far_away, unsigned.signing_input());
        let other = SigningKey::generate(Algorithm::ES256).unwrap();
        for bad in [
            Vec::new(),
            good[1..].to_vec(),
            signature(&far_away, b"another token"),
            signature(&other, unsigned.signing_input()),
        ] {
            assert_eq!(unsigned.clone().with_signature(&bad).unwrap_err().code(), "signer");
        }
        let token = unsigned.clone().with_signature(&good).unwrap();
        assert!(token.as_bytes().starts_with(unsigned.signing_input()));
        // It does not sign by itself.
        assert_eq!(issuer.token().sign().unwrap_err().code(), "signer");
    }

    #[test]
    fn an_unsigned_token_is_checked_as_a_signed_one() {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let issuer = Issuer::builder().with_key(key).with_audience("api").with_issuer("https://id");
        let issuer = issuer.build().unwrap();
        let code = |builder: crate::TokenBuilder<'_>| builder.unsigned().unwrap_err().code();
        assert_eq!(code(issuer.token().with_claim("exp", &1)), "registered_claim");
        assert_eq!(code(issuer.token().with_claim("nonce", "n")), "wrong_token_kind");
    }
}
