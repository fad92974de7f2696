//! The bounds that all that is remote has in common.

use core::time::Duration;

use jwt_core::Algorithm;

/// For everything that one fetch takes, from the look-up of the name to the last byte, discovery included.
pub(crate) const FETCH: Duration = Duration::from_secs(5);
/// How much longer a fetch is waited for than it takes, where somebody watches it from outside.
pub(crate) const A_LITTLE_LONGER: Duration = Duration::from_secs(1);
/// How long a request waits for a fetch. What that brings later is there for the next one.
pub(crate) const WAIT: Duration = Duration::from_secs(2);
/// How many requests wait for keys at a time; the others are answered that it cannot be decided now.
pub(crate) const MOST_WAITING: usize = 64;
/// Of a JWK set, and of metadata: as much as jwt-core reads of a set.
pub(crate) const MOST_BYTES: usize = 512 * 1024;
/// Of an answer about a token, or with one.
pub(crate) const MOST_ANSWER_BYTES: usize = 64 * 1024;
/// How long the metadata of a provider is believed. It changes in years, and where something is no longer where it
/// says, it is read again at once.
pub(crate) const METADATA: Duration = Duration::from_secs(24 * 60 * 60);

/// What one fetch may take, and whose keys it is for.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) timeout: Duration,
    pub(crate) most_bytes: usize,
    /// The algorithms that tokens may have, where that is known of whoever verifies by the keys.
    pub(crate) allowed: Option<Box<[Algorithm]>>,
}

impl Default for Terms {
    fn default() -> Self {
        Self { timeout: FETCH, most_bytes: MOST_BYTES, allowed: None }
    }
}

/// Of foreign text what helps in a log: escaped, and not long.
pub(crate) fn shortened(text: &str) -> String {
    text.escape_debug().take(128).collect()
}
