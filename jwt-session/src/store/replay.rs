//! What a store of uses must do: tell the first use of something from every later one.

use core::fmt;
use core::time::Duration;

use jwt_core::keys::BoxFuture;
use sha2::{Digest as _, Sha256};

use super::StoreError;

/// Remembers what was used, for as long as it could be used again.
///
/// There is one operation, and all it owes is that it is one step for everybody else, lasting once it has returned, and
/// answered in bounded time. Whoever writes a store runs the suite `store_suite::replay` (feature `store-suite`) over it.
pub trait ReplayStore: Send + Sync + 'static {
    /// Uses `id` up: of all calls for it that ever are, one is answered by true.
    ///
    /// `until`, the time since the Unix epoch, is when whatever bears the name is over for everybody, and is the same in
    /// every call for it. From then on, by the clock of the store, the answer is false without a look, so that the store
    /// may forget the name; not by a clock that has just begun or jumped, which may be set right
    /// ([`Steady`](super::Steady)). Else a store forgets by itself: no call leaves behind more than it found, but for the name
    /// it is about, while there are names that are over.
    ///
    /// # Errors
    /// [`StoreError`] where the engine cannot be asked or says no. Where its answer does not come it may be used up.
    fn consume(&self, id: UseId, until: Duration) -> BoxFuture<'_, Result<bool, StoreError>>;
}

/// The name of what is used once: a SHA-256, so that a store holds nothing of it and names all have one length.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UseId([u8; 32]);

impl UseId {
    /// The name of what these parts name together. `kind` keeps the names of one use apart from those of others.
    ///
    /// ```
    /// use jwt_session::store::UseId;
    /// let id = UseId::of("invoice", &[b"2026", b"17"]);
    /// assert_eq!(id, UseId::of("invoice", &[b"2026", b"17"]));
    /// assert_ne!(id, UseId::of("invoice", &[b"20261", b"7"]));
    /// assert_ne!(id, UseId::of("order", &[b"2026", b"17"]));
    /// ```
    #[must_use]
    pub fn of(kind: &str, parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"jwt-session use v1\0");
        for part in core::iter::once(&kind.as_bytes()).chain(parts) {
            // The length before each keeps the parts apart.
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// The name of these bytes, for stores that keep it as such.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for UseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UseId")
    }
}
