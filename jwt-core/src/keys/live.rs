//! The cell that holds an authority's current keys. Keys are pushed into it by whoever fetches, watches
//! or rotates them; verification only reads.

use core::fmt;
use core::ops::Deref;
use core::pin::Pin;
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::KeySet;
use crate::{Algorithm, observe};

/// The current keys of an authority: read without locks, changed by its [`LiveWriter`].
///
/// Every change, to other keys or to none, raises the epoch by one: whoever keeps what these keys
/// verified sees by it that they are not the same any more.
///
/// ```
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))] {
/// use jwt_core::keys::{KeySet, Live, SigningKey};
/// let (live, writer) = Live::new();
/// assert!(live.load().is_none());
/// let key = SigningKey::generate(jwt_core::Algorithm::Ed25519)?;
/// writer.replace(KeySet::new([key.verifying_key()])?);
/// assert_eq!(live.load().map(|keys| (keys.len(), keys.epoch())), Some((1, 1)));
/// # }
/// # Ok::<(), jwt_core::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Live(Arc<ArcSwap<State>>);

/// The writing end of a [`Live`] cell.
#[derive(Clone)]
pub struct LiveWriter(Arc<ArcSwap<State>>);

/// The keys at one moment, with their epoch. Held for the time of one verification: short, and not
/// across an `await`.
pub struct Snapshot(Guard<Arc<State>>);

struct State {
    epoch: u64,
    held: bool,
    /// Empty unless `held`.
    keys: KeySet,
}

impl Live {
    /// A cell without keys, at epoch 0, and its writer.
    #[must_use]
    pub fn new() -> (Self, LiveWriter) {
        let state = State { epoch: 0, held: false, keys: KeySet::none() };
        let cell = Arc::new(ArcSwap::from_pointee(state));
        (Self(Arc::clone(&cell)), LiveWriter(cell))
    }

    /// A cell whose keys never change, at epoch 1.
    #[must_use]
    pub fn holding(keys: KeySet) -> Self {
        let (live, writer) = Self::new();
        writer.replace(keys);
        live
    }

    /// The current keys, or `None` before the first set and after [`LiveWriter::clear`].
    #[must_use]
    pub fn load(&self) -> Option<Snapshot> {
        let state = self.0.load();
        state.held.then_some(Snapshot(state))
    }

    /// The current epoch, with keys or without.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.0.load().epoch
    }
}

impl LiveWriter {
    /// Replaces the keys at once, for the next verification.
    pub fn replace(&self, keys: KeySet) {
        self.0.rcu(|state| State { epoch: state.epoch.saturating_add(1), held: true, keys: keys.clone() });
        observe::keys_replaced(self.epoch(), keys.len());
    }

    /// Takes all keys away: until the next [`LiveWriter::replace`] nothing can be verified.
    pub fn clear(&self) {
        self.0.rcu(|state| State { epoch: state.epoch.saturating_add(1), held: false, keys: KeySet::none() });
        // Whoever listens to events may be what panicked, and a second panic would end the process.
        if !std::thread::panicking() {
            observe::keys_taken_away(self.epoch());
        }
    }

    /// The cell that this writes to.
    #[must_use]
    pub fn live(&self) -> Live {
        Live(Arc::clone(&self.0))
    }

    /// Whether anybody but this writer holds the cell. Where a source of keys ends while somebody does, it should
    /// [`clear`](Self::clear) it: keys that nobody keeps fresh must not verify for ever.
    #[must_use]
    pub fn is_read(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    fn epoch(&self) -> u64 {
        self.0.load().epoch
    }
}

impl Snapshot {
    /// The number of changes up to these keys.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.0.epoch
    }
}

impl Deref for Snapshot {
    type Target = KeySet;

    fn deref(&self) -> &KeySet {
        &self.0.keys
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.load();
        f.debug_struct("Live").field("epoch", &state.epoch).field("keys", &state.keys).finish()
    }
}

impl fmt::Debug for LiveWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveWriter").field("epoch", &self.0.load().epoch).finish_non_exhaustive()
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("epoch", &self.epoch()).field("keys", &**self).finish()
    }
}

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Fetches keys when verification finds none that fits.
///
/// ```
/// use jwt_core::keys::{Grant, Refresh, RefreshHint};
///
/// /// Never asks anybody.
/// struct Offline;
/// impl Refresh for Offline {
///     fn request(&self, _: RefreshHint<'_>) -> Grant {
///         Grant::Denied
///     }
/// }
/// ```
pub trait Refresh: Send + Sync + 'static {
    /// Asks for keys that answer this need.
    fn request(&self, hint: RefreshHint<'_>) -> Grant;
}

/// What a source of keys says to a request for newer ones.
#[non_exhaustive]
pub enum Grant {
    /// The source was asked lately, or knows that asking is in vain: the token is refused at once.
    Denied,
    /// Too many wait already: the request is answered that it cannot be decided now.
    Overloaded,
    /// A fetch is under way, shared by all who wait. When it resolves, the verification is tried once
    /// more with whatever the cell then holds. The future may be dropped at any time.
    Fetch(BoxFuture<'static, ()>),
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Grant::Denied => "Denied",
            Grant::Overloaded => "Overloaded",
            Grant::Fetch(_) => "Fetch",
        })
    }
}

/// Why keys are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshHint<'a> {
    /// The cell holds no keys at all.
    NoKeys,
    /// No key fits a token.
    #[non_exhaustive]
    UnknownKey {
        /// The token's `kid`: unverified text from a stranger, to be compared only and never sent on.
        key_id: Option<&'a str>,
        /// The token's `alg`, which the authority allows.
        algorithm: Algorithm,
    },
}

impl<'a> RefreshHint<'a> {
    /// No key fits a token.
    #[must_use]
    pub const fn unknown_key(key_id: Option<&'a str>, algorithm: Algorithm) -> Self {
        Self::UnknownKey { key_id, algorithm }
    }
}

/// Shows what is wanted, never the `kid`, which a stranger wrote.
impl fmt::Debug for RefreshHint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RefreshHint::NoKeys => f.write_str("NoKeys"),
            RefreshHint::UnknownKey { algorithm, .. } => {
                f.debug_struct("UnknownKey").field("algorithm", algorithm).finish_non_exhaustive()
            }
        }
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests {
    use super::*;
    use crate::keys::fixtures::signing;

    fn keys(algorithm: Algorithm) -> KeySet {
        KeySet::new([signing(algorithm).verifying_key()]).unwrap()
    }

    #[test]
    fn a_hint_does_not_show_what_a_stranger_wrote() {
        let hint = RefreshHint::unknown_key(Some("from-a-stranger"), Algorithm::ES256);
        assert_eq!(format!("{hint:?}"), "UnknownKey { algorithm: ES256, .. }");
        assert_eq!(format!("{:?}", RefreshHint::NoKeys), "NoKeys");
    }

    #[test]
    fn a_new_cell_holds_nothing_at_epoch_0() {
        let (live, _writer) = Live::new();
        assert!(live.load().is_none());
        assert_eq!(live.epoch(), 0);
    }

    #[test]
    fn every_change_raises_the_epoch() {
        let (live, writer) = Live::new();
        writer.replace(keys(Algorithm::ES256));
        assert_eq!(live.load().unwrap().epoch(), 1);
        writer.replace(keys(Algorithm::ES256));
        assert_eq!(live.load().unwrap().epoch(), 2);
        writer.clear();
        assert!(live.load().is_none());
        assert_eq!(live.epoch(), 3);
        writer.replace(keys(Algorithm::ES384));
        let now = live.load().unwrap();
        assert_eq!((now.epoch(), now.algorithms()), (4, &[Algorithm::ES384][..]));
    }

    #[test]
    fn a_snapshot_keeps_its_keys_while_the_cell_changes() {
        let (live, writer) = Live::new();
        writer.replace(keys(Algorithm::ES256));
        let before = live.load().unwrap();
        writer.clear();
        assert_eq!((before.epoch(), before.algorithms()), (1, &[Algorithm::ES256][..]));
    }

    #[test]
    fn clones_see_one_cell() {
        let (live, writer) = Live::new();
        let other = live.clone();
        writer.clone().replace(keys(Algorithm::ES256));
        assert_eq!(other.epoch(), live.epoch());
        assert!(other.load().is_some());
    }

    #[test]
    fn fixed_keys_need_no_writer() {
        let live = Live::holding(keys(Algorithm::ES256));
        assert_eq!(live.load().map(|keys| keys.epoch()), Some(1));
    }

    #[test]
    fn writers_at_once_never_share_an_epoch() {
        let (live, writer) = Live::new();
        let set = keys(Algorithm::ES256);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..50).for_each(|_| writer.replace(set.clone())));
            }
        });
        assert_eq!(live.epoch(), 200);
    }

    #[test]
    fn cells_and_keys_move_between_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Live>();
        check::<LiveWriter>();
        check::<Snapshot>();
        check::<KeySet>();
        check::<crate::SigningKey>();
        check::<Box<dyn Refresh>>();
    }
}
