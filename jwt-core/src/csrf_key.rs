//! The key of double-submit values.

use core::cell::Cell;
use core::fmt;

use crate::algorithm::Algorithm;
use crate::keys::{self, HmacSecret, KeyError, SignError, SigningKey, VerifyingKey};
use crate::request::{issue_double_submit, verify_double_submit};

/// Makes and verifies double-submit values, each bound to one session (`sid`) by HMAC-SHA-256.
///
/// A page reads its value from an endpoint of ours and sends it back as `X-CSRF-Token`; a foreign
/// page can do neither. Use a key that nothing else uses.
///
/// ```
/// use jwt_core::{Algorithm, CsrfKey, HmacSecret};
/// let key = CsrfKey::new(&HmacSecret::generate(Algorithm::HS256)?)?;
/// let value = key.issue("session-1")?;
/// assert!(key.verify(&value, "session-1"));
/// assert!(!key.verify(&value, "session-2"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CsrfKey {
    sign: SigningKey,
    verify: VerifyingKey,
}

impl CsrfKey {
    /// A key from a secret of at least 32 bytes.
    ///
    /// # Errors
    /// [`KeyError`] where the secret is shorter or no backend is built in.
    pub fn new(secret: &HmacSecret) -> Result<Self, KeyError> {
        let sign = SigningKey::from_secret(Algorithm::HS256, secret)?;
        Ok(Self { verify: sign.verifying_key(), sign })
    }

    /// A new value for a session.
    ///
    /// # Errors
    /// [`SignError`] where random bits or the signer fail.
    pub fn issue(&self, session_id: &str) -> Result<String, SignError> {
        let mut random = [0; 16];
        keys::random(&mut random)?;
        let failure = Cell::new(None);
        let value = issue_double_submit(session_id.as_bytes(), random, &|message| {
            let mut mac = Vec::new();
            failure.set(self.sign.sign(message, &mut mac).err());
            mac
        });
        failure.into_inner().map_or(Ok(value), Err)
    }

    /// Whether `value` was issued for this session.
    #[must_use]
    pub fn verify(&self, value: &str, session_id: &str) -> bool {
        verify_double_submit(value, session_id.as_bytes(), &|message, mac| self.verify.verify(message, mac))
    }
}

impl fmt::Debug for CsrfKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfKey")
    }
}
