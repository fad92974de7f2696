//! Work that does not end with whoever waits for it.

use tokio::runtime::Handle;
use tokio::task::JoinError;
use tracing::Instrument as _;

/// Does it to its end, on a task of its own, also where this is dropped. Without a runtime it is done as far as this
/// future is polled.
///
/// # Errors
/// Where the runtime ends, or the work panicked.
pub(crate) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, JoinError> {
    // Apart, so that the futures of all who wait for it are small.
    let work = Box::pin(work);
    match Handle::try_current() {
        Ok(runtime) => runtime.spawn(work.in_current_span()).await,
        Err(_) => Ok(work.await),
    }
}
