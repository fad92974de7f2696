//! What is to be done every second and every minute.

use std::time::Duration;

use jwt_session::{KeyRing, Sessions};

/// Learns every second what another process revoked (`new-password` is one); once a minute turns the keys and forgets
/// what expired. What fails is told in the log, and done the next time.
pub(crate) async fn keep_up(sessions: Sessions, ring: KeyRing) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    for count in 0_u64.. {
        second.tick().await;
        if let Err(error) = sessions.catch_up().await {
            tracing::warn!(%error, "what other processes revoked is not known");
        }
        if count % 60 != 0 {
            continue;
        }
        if let Err(error) = ring.tick().await {
            tracing::warn!(%error, "the keys are not turned");
        }
        if let Err(error) = sessions.remove_expired().await {
            tracing::warn!(%error, "what expired is not forgotten");
        }
    }
}
