//! Why a key ring could not be opened, or could not do what was wanted.

use core::fmt;
use core::time::Duration;

use jwt_core::{Algorithm, ConfigError, KeyError};

use super::key_encryption_key::KeyEncryptionKeyError;
use crate::store::{StoreError, StoreErrorKind};

/// Why a key ring could not be opened, or could not do what was wanted.
///
/// What it says is for operators.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyRingError {
    /// The store could not be asked: nothing is known to have happened. Asking again is right.
    Store(StoreError),
    /// The ring opens under none of the key-encryption keys, or was tampered with. No key was made in its place.
    NotOpened {
        /// The ring.
        ring: String,
        /// How many key-encryption keys were tried.
        tried: usize,
    },
    /// What the store holds is no ring that this version can have written.
    Malformed {
        /// The ring.
        ring: String,
    },
    /// The store holds an older state of the ring than this process has seen or
    /// [is content with](super::KeyRingBuilder::with_least_revision), another one under the same number, or none any
    /// longer. Nothing has changed here. Where a backup was restored on purpose, start the process anew, and
    /// [drop again](super::KeyRing#after-a-restore) what was dropped since.
    WentBack {
        /// The ring.
        ring: String,
    },
    /// The ring holds keys of another algorithm. A ring keeps the algorithm that it began with, and an authority reads
    /// one ring: another algorithm takes another ring and another issuer.
    AnotherAlgorithm {
        /// The ring.
        ring: String,
        /// Of its keys.
        found: Algorithm,
        /// What was asked for.
        expected: Algorithm,
    },
    /// A setting is out of its range.
    Unfit {
        /// Which one.
        setting: &'static str,
    },
    /// There is no key-encryption key to seal with.
    NoKeyEncryptionKey,
    /// A key-encryption key cannot be read.
    KeyEncryptionKey(KeyEncryptionKeyError),
    /// A key could not be made.
    Key(KeyError),
    /// The issuer could not be made of a key.
    Issuer(ConfigError),
    /// The issuer that was made of a key signs with another one, or has another name or lifetime than before.
    IssuerDiffers,
    /// The next key has not been published for long enough: verifiers may not know it yet.
    TooSoon {
        /// How long it takes until it has.
        wait: Duration,
    },
    /// Too many keys of the ring still verify what they have signed.
    Full,
    /// The ring has no key of that name.
    UnknownKey,
    /// This node's clock, the store's and the times in the ring do not go together, so that nothing was done that time
    /// drives. What other nodes did was taken over, and [`drop_key`](super::KeyRing::drop_key) works. Look at the clocks
    /// of all nodes; [`trust_clock`](super::KeyRing::trust_clock) is for times that a wrong one has left.
    Clock {
        /// By how much they differ. None where this node's clock cannot tell the time at all.
        difference: Option<Duration>,
    },
    /// The store was not read for longer than [is bearable](super::KeyRingBuilder::with_longest_silence): nothing is
    /// signed, verified or published until a [tick](super::KeyRing::tick) reads it. Status 503.
    Silent {
        /// For how long it was not read.
        silence: Duration,
    },
    /// The ring has no key here to sign with: the one that did was dropped and the store has not taken note of it yet, or
    /// no issuer could be made of the next one. A [tick](super::KeyRing::tick) tries again. Status 503.
    NotSigning,
    /// The operating system gives no random bits.
    NoRandomBits,
}

impl KeyRingError {
    /// The stable name, for logs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.kind().code(),
            Self::NotOpened { .. } => "key_ring_not_opened",
            Self::Malformed { .. } => "key_ring_malformed",
            Self::WentBack { .. } => "key_ring_went_back",
            Self::AnotherAlgorithm { .. } => "key_ring_another_algorithm",
            Self::Unfit { .. } => "key_ring_unfit",
            Self::NoKeyEncryptionKey => "no_key_encryption_key",
            Self::KeyEncryptionKey(_) => "key_encryption_key",
            Self::Key(_) => "key_not_made",
            Self::Issuer(_) => "issuer_not_made",
            Self::IssuerDiffers => "issuer_differs",
            Self::TooSoon { .. } => "key_ring_too_soon",
            Self::Full => "key_ring_full",
            Self::UnknownKey => "unknown_key",
            Self::Clock { .. } => "clock",
            Self::Silent { .. } => "key_ring_silent",
            Self::NotSigning => "key_ring_not_signing",
            Self::NoRandomBits => "no_random_bits",
        }
    }
}

impl From<StoreError> for KeyRingError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<StoreErrorKind> for KeyRingError {
    fn from(kind: StoreErrorKind) -> Self {
        Self::Store(kind.into())
    }
}

impl From<KeyEncryptionKeyError> for KeyRingError {
    fn from(error: KeyEncryptionKeyError) -> Self {
        Self::KeyEncryptionKey(error)
    }
}

impl From<KeyError> for KeyRingError {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<ConfigError> for KeyRingError {
    fn from(error: ConfigError) -> Self {
        Self::Issuer(error)
    }
}

impl fmt::Display for KeyRingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::NotOpened { ring, tried } => write!(
                f,
                "the key ring `{ring}` opens under none of the {tried} key-encryption keys: it was sealed under \
                 another one, or tampered with"
            ),
            Self::Malformed { ring } => write!(f, "what the store holds as the key ring `{ring}` is none"),
            Self::WentBack { ring } => {
                write!(
                    f,
                    "the store holds an older state of the key ring `{ring}` than was seen before, another one of the \
                     same number, or none"
                )
            }
            Self::AnotherAlgorithm { ring, found, expected } => write!(
                f,
                "the key ring `{ring}` holds keys for {found}, not {expected}: a ring keeps its algorithm"
            ),
            Self::Unfit { setting } => write!(f, "the {setting} of the key ring is out of its range"),
            Self::NoKeyEncryptionKey => {
                f.write_str("there is no key-encryption key to seal the key ring with")
            }
            Self::KeyEncryptionKey(error) => error.fmt(f),
            Self::Key(error) => write!(f, "a key of the ring could not be made: {error}"),
            Self::Issuer(error) => write!(f, "no issuer could be made of a key of the ring: {error}"),
            Self::IssuerDiffers => f.write_str(
                "the issuer must sign with the key that it is given, under one name and lifetime for all",
            ),
            Self::TooSoon { wait } => {
                write!(f, "the next key must be published for another {} seconds", wait.as_secs())
            }
            Self::Full => f.write_str("too many keys of the ring still verify what they have signed"),
            Self::UnknownKey => f.write_str("the ring has no key of that name"),
            Self::Clock { difference: None } => f.write_str("the clock does not tell the time"),
            Self::Clock { difference: Some(difference) } => write!(
                f,
                "clocks of the nodes of the key ring, or of its store, are {} seconds apart",
                difference.as_secs()
            ),
            Self::Silent { silence } => {
                write!(f, "the key ring was not read from its store for {} seconds", silence.as_secs())
            }
            Self::NotSigning => f.write_str("the key ring has no key to sign with at present"),
            Self::NoRandomBits => f.write_str("the operating system gives no random bits"),
        }
    }
}

impl std::error::Error for KeyRingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Store(error) => Some(error),
            Self::KeyEncryptionKey(error) => Some(error),
            Self::Key(error) => Some(error),
            Self::Issuer(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_code_and_its_words() {
        let ring = || "r".to_owned();
        for (error, code, words) in [
            (StoreErrorKind::Full.into(), "store_full", "the store has no room for more"),
            (
                KeyRingError::NotOpened { ring: ring(), tried: 2 },
                "key_ring_not_opened",
                "the key ring `r` opens under none of the 2 key-encryption keys: it was sealed under another one, \
                 or tampered with",
            ),
            (
                KeyRingError::Malformed { ring: ring() },
                "key_ring_malformed",
                "what the store holds as the key ring `r` is none",
            ),
            (
                KeyRingError::WentBack { ring: ring() },
                "key_ring_went_back",
                "the store holds an older state of the key ring `r` than was seen before, another one of the same \
                 number, or none",
            ),
            (
                KeyRingError::AnotherAlgorithm {
                    ring: ring(),
                    found: Algorithm::ES256,
                    expected: Algorithm::EdDSA,
                },
                "key_ring_another_algorithm",
                "the key ring `r` holds keys for ES256, not EdDSA: a ring keeps its algorithm",
            ),
            (
                KeyRingError::Unfit { setting: "period" },
                "key_ring_unfit",
                "the period of the key ring is out of its range",
            ),
            (
                KeyRingError::NoKeyEncryptionKey,
                "no_key_encryption_key",
                "there is no key-encryption key to seal the key ring with",
            ),
            (
                KeyEncryptionKeyError::Length { bytes: 3 }.into(),
                "key_encryption_key",
                "a key-encryption key has 32 bytes, and this one has 3",
            ),
            (
                KeyError::PublicKey.into(),
                "key_not_made",
                &format!("a key of the ring could not be made: {}", KeyError::PublicKey),
            ),
            (
                ConfigError::NoKeys.into(),
                "issuer_not_made",
                &format!("no issuer could be made of a key of the ring: {}", ConfigError::NoKeys),
            ),
            (
                KeyRingError::IssuerDiffers,
                "issuer_differs",
                "the issuer must sign with the key that it is given, under one name and lifetime for all",
            ),
            (
                KeyRingError::TooSoon { wait: Duration::from_secs(7) },
                "key_ring_too_soon",
                "the next key must be published for another 7 seconds",
            ),
            (
                KeyRingError::Full,
                "key_ring_full",
                "too many keys of the ring still verify what they have signed",
            ),
            (KeyRingError::UnknownKey, "unknown_key", "the ring has no key of that name"),
            (KeyRingError::Clock { difference: None }, "clock", "the clock does not tell the time"),
            (
                KeyRingError::Clock { difference: Some(Duration::from_secs(7_200)) },
                "clock",
                "clocks of the nodes of the key ring, or of its store, are 7200 seconds apart",
            ),
            (
                KeyRingError::Silent { silence: Duration::from_secs(86_400) },
                "key_ring_silent",
                "the key ring was not read from its store for 86400 seconds",
            ),
            (
                KeyRingError::NotSigning,
                "key_ring_not_signing",
                "the key ring has no key to sign with at present",
            ),
            (KeyRingError::NoRandomBits, "no_random_bits", "the operating system gives no random bits"),
        ] {
            assert_eq!((error.code(), error.to_string().as_str()), (code, words));
        }
    }
}
