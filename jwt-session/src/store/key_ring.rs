//! What a store of key rings must do: read a document, and replace it where nobody else has.

use core::fmt;
use core::time::Duration;

use jwt_core::keys::BoxFuture;

use super::StoreError;

/// Keeps the documents of [key rings](crate::KeyRing), one for each name.
///
/// All it owes is that a replacement is one step for everybody else, lasting once it has returned, and answered in
/// bounded time. What the document says is for the ring alone: its private keys are sealed. Whoever writes a store runs
/// the suite `store_suite::key_ring` (feature `store-suite`) over it.
pub trait KeyRingStore: Send + Sync + 'static {
    /// The document of that name as the last replacement that returned anywhere has left it; none where there never was
    /// one.
    ///
    /// # Errors
    /// [`StoreError`] where the engine cannot be asked or says no.
    fn load<'s>(&'s self, name: &'s str) -> BoxFuture<'s, Result<Option<KeyRingDocument>, StoreError>>;

    /// Replaces the document where its version is still `version`, or, for `None`, where there is none yet. Tells the
    /// new version, which is above all earlier ones of that name; none where somebody else was faster, and then nothing
    /// was written.
    ///
    /// Names have at most 256 bytes, documents at most [`KeyRingDocument::MOST_BYTES`].
    ///
    /// # Errors
    /// [`StoreError`] where the engine cannot be asked or says no. It may have been written where the answer of the
    /// engine does not come.
    fn replace<'s>(
        &'s self,
        name: &'s str,
        version: Option<u64>,
        text: &'s str,
    ) -> BoxFuture<'s, Result<Option<u64>, StoreError>>;

    /// The time by the store's own clock since the Unix epoch, for a store that has one beside the clocks of the nodes: a
    /// database on a machine of its own. Rings then go by this time, and a node whose clock is far off is found out.
    /// Default: none.
    ///
    /// # Errors
    /// [`StoreError`] where the engine cannot be asked.
    fn now(&self) -> BoxFuture<'_, Result<Option<Duration>, StoreError>> {
        Box::pin(async { Ok(None) })
    }
}

/// The document of a key ring: JSON text, and how often it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRingDocument {
    version: u64,
    text: String,
}

impl KeyRingDocument {
    /// A document has at most 128 KiB: so much have 24 keys of ML-DSA-87.
    pub const MOST_BYTES: usize = 128 * 1024;

    /// What a store has read.
    #[must_use]
    pub const fn new(version: u64, text: String) -> Self {
        Self { version, text }
    }

    /// The number of this version; grows with each replacement.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The text, as it was handed in.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for KeyRingDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRingDocument").field("version", &self.version).finish_non_exhaustive()
    }
}
