//! Keys in files that are watched for change.

mod error;
mod files;
mod watcher;

use core::fmt;
use core::time::Duration;
use std::path::PathBuf;
use std::sync::Arc;

use jwt_core::keys::{Live, Refresh};
use jwt_core::{Algorithm, Authority, AuthorityBuilder, NeedsAudience};

pub use self::error::WatchError;
use self::files::Files;
pub use self::files::PemFile;
use self::watcher::{Asker, Watcher};

/// How often the files are read where nothing is configured.
const INTERVAL: Duration = Duration::from_secs(5);
/// Below it a watcher would do nothing but read.
const LEAST_INTERVAL: Duration = Duration::from_millis(100);
const LONGEST_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// Keys in a file that somebody else replaces: a JWK set, or PEM files.
///
/// The files are read at start, and a service whose keys cannot be read does not start. From then on they are read again
/// every 5 s, by one task that ends with the last handle. Reading is all that watching takes, so that it works
/// wherever a file can be read: on network file systems, for secrets that Kubernetes mounts (a link to a folder that is
/// exchanged), for files that certbot or an editor replaces by renaming another one.
///
/// | what | figure |
/// |---|---|
/// | a changed file is seen | within 5 s, or [`with_interval`](WatchedKeysBuilder::with_interval); where a token names a `kid` that is not held, at once, though once a second at most |
/// | the new keys | replace all of the old ones at once |
/// | a file that is gone, cannot be read or holds something bad | the old keys serve on; an event and [`status`](Self::status) say why, and it is read again at the next turn |
/// | the same content again | changes nothing: what was verified stays verified |
/// | one file | a plain one, 512 KiB and 100 keys in a JWK set, 64 KiB in PEM |
/// | requests that wait | 2 s at most, 64 at a time |
///
/// A half-written file is one that holds something bad, so it is best replaced by renaming a whole one. Several PEM files
/// are one set: where one of them is bad, all the old keys serve on.
///
/// The rules are those of the operator's own keys ([`Source::Static`](jwt_core::keys::Source::Static)): a weak or broken
/// key is an error, in a JWK set a key for another use is skipped, and of a private JWK the public half is taken; PEM must
/// be public. Shared secrets are refused: an authority has HMAC keys for good, or public ones that change.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use jwt_remote::WatchedKeys;
/// let keys = WatchedKeys::jwks("/etc/keys/jwks.json").start().await?;
/// let verifier = keys
///     .authority()
///     .with_audience("https://api.example.com")
///     .with_issuer("https://id.example.com/")
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct WatchedKeys(Arc<Handle>);

pub(crate) struct Handle {
    watcher: Arc<Watcher>,
    /// Held as long as there is a handle.
    alive: Option<Arc<()>>,
}

impl Handle {
    /// Where the runtime of the task has ended before this, it goes on in the present one.
    fn watch(&self) {
        if let Some(alive) = &self.alive {
            self.watcher.watch(&Arc::downgrade(alive));
        }
    }
}

/// So that the task sees at once that nobody is left.
impl Drop for Handle {
    fn drop(&mut self) {
        self.alive = None;
        self.watcher.close();
        self.watcher.wake();
    }
}

impl WatchedKeys {
    /// The JWK set (RFC 7517 §5) in this file.
    pub fn jwks(path: impl Into<PathBuf>) -> WatchedKeysBuilder {
        WatchedKeysBuilder::new(Files::Jwks(path.into()))
    }

    /// One public key or certificate in PEM, for this algorithm, without a `kid`.
    ///
    /// While a token names no key, or the key has no name, a new key is seen at the next turn only; with names
    /// ([`pem_files`](Self::pem_files)) it is looked for at once.
    pub fn pem(algorithm: Algorithm, path: impl Into<PathBuf>) -> WatchedKeysBuilder {
        Self::pem_files([PemFile::new(algorithm, path)])
    }

    /// Several keys in PEM, a file each, such as the present key and the one before it.
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), jwt_remote::WatchError> {
    /// use jwt_core::Algorithm::ES256;
    /// use jwt_remote::{PemFile, WatchedKeys};
    /// let keys = WatchedKeys::pem_files([
    ///     PemFile::new(ES256, "/etc/keys/now.pem").with_key_id("now"),
    ///     PemFile::new(ES256, "/etc/keys/before.pem").with_key_id("before"),
    /// ]);
    /// let keys = keys.start().await?;
    /// # Ok(()) }
    /// ```
    pub fn pem_files(files: impl IntoIterator<Item = PemFile>) -> WatchedKeysBuilder {
        WatchedKeysBuilder::new(Files::Pem(files.into_iter().collect()))
    }

    /// Begins an authority of these keys: its audience and issuer follow. It keeps the watching alive, as a handle does.
    pub fn authority(&self) -> AuthorityBuilder<NeedsAudience> {
        Authority::builder().with_live_keys(self.live()).with_refresh(self.refresh())
    }

    /// The cell that [`authority`](Self::authority) reads. It does not keep the watching alive, and is empty from when the
    /// last handle is gone: keys that nobody keeps fresh verify nothing.
    #[must_use]
    pub fn live(&self) -> Live {
        self.0.watcher.live()
    }

    /// Whom [`authority`](Self::authority) asks for newer keys. Keeps the watching alive, as a handle does.
    #[must_use]
    pub fn refresh(&self) -> impl Refresh + use<> {
        Asker(Arc::clone(&self.0))
    }

    /// What the files are worth at the moment: for a health route.
    #[must_use]
    pub fn status(&self) -> WatchedStatus {
        self.0.watcher.status()
    }
}

impl fmt::Debug for WatchedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedKeys")
            .field("files", &self.0.watcher.name())
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// What watched files are worth at the moment. There always are keys, those of the last good reading, but where the
/// runtime that read them has ended: then they are read again with the first token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WatchedStatus {
    /// Whether tokens can be verified at all.
    pub has_keys: bool,
    /// How long ago the files were read and found good, by a clock that never jumps.
    pub age: Duration,
    /// Readings that failed since then, in a row.
    pub failures: u32,
    /// Why the last of them did.
    pub error: Option<WatchError>,
}

/// Sets up [`WatchedKeys`].
#[must_use = "a builder does nothing until `start`"]
#[derive(Debug)]
pub struct WatchedKeysBuilder {
    files: Files,
    interval: Duration,
}

impl WatchedKeysBuilder {
    fn new(files: Files) -> Self {
        Self { files, interval: INTERVAL }
    }

    /// How often the files are read. Default: 5 s. At least 100 ms and at most 24 h, which take the place of what is
    /// beyond them.
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval.clamp(LEAST_INTERVAL, LONGEST_INTERVAL);
        self
    }

    /// Reads the files, and begins to watch them. Where the future is dropped, nothing is watched.
    ///
    /// # Errors
    /// [`WatchError`], which names the file and what is wrong with it; after 10 s, that it cannot be read in time.
    ///
    /// # Panics
    /// Outside of a Tokio runtime with its timers on.
    pub async fn start(self) -> Result<WatchedKeys, WatchError> {
        let alive = Arc::new(());
        let watcher = Watcher::start(self.files, self.interval, Arc::downgrade(&alive)).await?;
        Ok(WatchedKeys(Arc::new(Handle { watcher, alive: Some(alive) })))
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod tests;
